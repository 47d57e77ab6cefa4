// Package bolt keeps a store in one file, a B+tree by go.etcd.io/bbolt.
//
// One keyspace is one bbolt bucket, named by the keyspace's byte; the keys in
// it are whole, so that a Scan can hand them out without copying. One more
// bucket, whose name is longer than a byte, holds the identity record.
//
// What bbolt leaves open is closed here:
//   - bbolt turns an empty file into a new database, crashes on a truncated
//     one and opens any other program's. So Create and Open are two functions,
//     and Open looks at the file first (file.go, pages.go, open.go).
//   - bbolt panics on a page that is not what it should be, partly in
//     goroutines of its own, where nobody can recover. So the pages are walked
//     before it does (pages.go), and what panics later, a page that cannot be
//     read included, becomes ErrCorrupt (fault.go).
//   - After a failed commit bbolt goes on, though the transaction may stand on
//     the disk. Here the handle ends with ErrOutcomeUnknown, unless it is
//     certain that nothing was written and only space was lacking (commit.go).
//   - Pages carry no checksum: a flipped bit in a value is read as it is.
//     Records above the store carry their own.
//
// What stays open: a page that is damaged while a store is open, or that the
// quick Open after a clean Close did not read, and then a commit that finds no
// space: bbolt looks for the free pages anew, in a goroutine of its own, and a
// damaged page ends the process.
//
// Large values cost more than their length: bbolt puts at least two on a leaf
// and writes a leaf anew when anything on it changes, in one run of pages. Split
// what is much larger than a page and has neighbours that change.
//
// While a store is open, its list of free pages is in memory only, which makes
// commits cheap (bbolt's NoFreelistSync). Close writes the list out, so that the
// next Open need not read every page to find it. After a crash it does.
package bolt
