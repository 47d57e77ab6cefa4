// Package auth knows who calls and what they may do.
//
// Who: a caller sends "Authorization: Bearer SECRET". A secret is "plb_" and 32
// random bytes; the store holds its SHA-256 alone, which is enough against
// guessing because a secret is random and long, where a password would need a
// slow hash. [Authenticator] finds the token, keeps it in a small cache, and
// forgets it at once when it is revoked.
//
// What: every method has one [Permission] in a table (table.go), and what is
// not in the table is denied, to everybody. A token's [Role] grants permissions:
// read, submit (which includes read) and admin (which includes all). A token
// may also be bound to sources, so that one CMDB's token cannot speak for
// another: [CheckSource].
//
// Tour: role.go has roles and permissions; table.go has the table; identity.go
// has [Identity] and its way through the context; secret.go makes secrets;
// authenticator.go checks them; tokens.go has the storage interface, and
// ledger.go stores tokens beside everything else, each change in one commit
// with its audit entry.
package auth
