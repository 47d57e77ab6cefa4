package auth

// Role is what a token may do, in the words of the API.
type Role string

// The roles.
const (
	RoleRead   Role = "read"
	RoleSubmit Role = "submit"
	RoleAdmin  Role = "admin"
)

// Permission is what a method needs. The zero value is granted to nobody.
type Permission uint8

// The permissions. Public needs no token at all: it is for what a load balancer
// asks.
const (
	Denied Permission = iota
	Public
	Read
	Submit
	Admin
)

// String names the permission as errors and logs do.
func (p Permission) String() string {
	return [...]string{"denied", "public", "read", "submit", "admin"}[min(p, Admin)]
}

// Valid says whether r is a role.
func (r Role) Valid() bool { return r == RoleRead || r == RoleSubmit || r == RoleAdmin }

// Grants says whether a token with this role has the permission.
func (r Role) Grants(p Permission) bool {
	switch p {
	case Public:
		return true
	case Read:
		return r.Valid()
	case Submit:
		return r == RoleSubmit || r == RoleAdmin
	case Admin:
		return r == RoleAdmin
	}
	return false
}
