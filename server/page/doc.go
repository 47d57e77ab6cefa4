// Package page makes and reads the page tokens of List methods.
//
// A token says where the next page starts, as the key of the last row, so that
// rows inserted or removed meanwhile neither repeat nor hide others (an offset
// would do both). It is bound to its query: it holds a hash of the request
// without page_size and page_token, so that a token sent with another filter or
// parent is refused instead of answering some third question. And it holds the
// instant of the first page, so that a listing whose as_of and known_at are
// "now" sees one state on all its pages.
//
// The layout, before base64url without padding:
//
//	version   1 byte, 1
//	query     16 bytes, the start of a SHA-256 over method type and request
//	at        8 bytes, the first page's instant in microseconds, big endian
//	after     the last row's key, 1 to 512 bytes
//	mac       16 bytes, the start of an HMAC-SHA256 over all before it
//
// With a secret key the mac makes tokens unforgeable. Without one it is a
// checksum: it tells a damaged token, and a caller may make tokens. So a
// handler must treat After as the caller's word: it may only choose where in
// the caller's own range to start, never which range.
//
// Tour: page.go has [Codec], which reads a request into a [Cursor] and makes
// the next page's token.
package page
