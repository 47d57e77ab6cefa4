package page

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/store"
)

// Page sizes in rows, as the API documents them.
const (
	DefaultSize = 50
	MaxSize     = 1000
)

const (
	version   = 1
	queryLen  = 16
	macLen    = 16
	headerLen = 1 + queryLen + 8
	minLen    = headerLen + 1 + macLen
	maxLen    = headerLen + store.MaxKey + macLen
)

// Request is a List method's request.
type Request interface {
	proto.Message
	GetPageSize() int32
	GetPageToken() string
}

// Cursor is what a request asks for.
type Cursor struct {
	// Size is the number of rows, 1 to MaxSize.
	Size int
	// After is the key of the last row of the page before; nil on the first page.
	After []byte
	// At is the instant of the first page, in UTC to the microsecond. It is
	// what as_of and known_at are where the request leaves them out.
	At time.Time

	query [queryLen]byte
}

// Codec reads and makes page tokens. It is immutable and safe for concurrent use.
type Codec struct{ key []byte }

// New returns a Codec whose tokens are authenticated by key. An empty key is
// allowed and makes tokens that survive restarts without any stored secret,
// but that a caller can make too.
func New(key []byte) *Codec { return &Codec{key: append([]byte{}, key...)} }

// Parse reads the page fields of req. now is the instant of the call. The
// error is INVALID_ARGUMENT and names the field.
func (c *Codec) Parse(req Request, now time.Time) (Cursor, error) {
	cur := Cursor{Size: int(req.GetPageSize()), At: micros(now), query: queryHash(req)}
	switch {
	case cur.Size < 0:
		return Cursor{}, fault.InvalidField("page_size", "must not be negative; zero means %d", DefaultSize)
	case cur.Size == 0:
		cur.Size = DefaultSize
	case cur.Size > MaxSize:
		cur.Size = MaxSize
	}
	if req.GetPageToken() == "" {
		return cur, nil
	}
	after, at, err := c.decode(req.GetPageToken(), cur.query)
	if err != nil {
		return Cursor{}, err
	}
	cur.After = after
	// Nobody can have seen a first page in the future: such an instant is a
	// caller's invention or a clock that was set back.
	if at.Before(cur.At) {
		cur.At = at
	}
	return cur, nil
}

// Next makes the token of the page after the row whose key is last. It returns
// "" for an empty key, so that callers may pass on what they have.
func (c *Codec) Next(cur Cursor, last []byte) string {
	if len(last) == 0 {
		return ""
	}
	b := make([]byte, 0, headerLen+len(last)+macLen)
	b = append(b, version)
	b = append(b, cur.query[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(cur.At.UnixMicro()))
	b = append(b, last...)
	b = append(b, c.mac(b)...)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (c *Codec) decode(token string, query [queryLen]byte) (after []byte, at time.Time, err error) {
	if len(token) > base64.RawURLEncoding.EncodedLen(maxLen) {
		return nil, at, damaged()
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < minLen || b[0] != version {
		return nil, at, damaged()
	}
	body, mac := b[:len(b)-macLen], b[len(b)-macLen:]
	if !hmac.Equal(mac, c.mac(body)) {
		return nil, at, damaged()
	}
	if [queryLen]byte(body[1:1+queryLen]) != query {
		return nil, at, refused("belongs to another query; send it with the same fields as the request that returned it (page_size may differ), or leave it out to start again")
	}
	at = time.UnixMicro(int64(binary.BigEndian.Uint64(body[1+queryLen:]))).UTC()
	return body[headerLen:], at, nil
}

func (c *Codec) mac(b []byte) []byte {
	h := hmac.New(sha256.New, c.key)
	h.Write(b)
	return h.Sum(nil)[:macLen]
}

func damaged() error {
	return refused("is not a page token of this service; send the next_page_token of the page before unchanged, or leave it out to start again")
}

func refused(text string) error {
	e := fault.InvalidField("page_token", "%s", text)
	e.Reason = fault.ReasonPageToken
	return e
}

// queryHash hashes the request without its page fields. Marshaling is
// deterministic within one build, which is enough: after an upgrade a token
// may be refused, never misread.
func queryHash(req Request) (out [queryLen]byte) {
	clone := proto.Clone(req).ProtoReflect()
	for _, name := range []protoreflect.Name{"page_size", "page_token"} {
		if fd := clone.Descriptor().Fields().ByName(name); fd != nil {
			clone.Clear(fd)
		}
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(clone.Interface())
	if err != nil {
		// Only invalid UTF-8 gets here, and validation has refused that before.
		// An empty hash input still binds the token to the method.
		b = nil
	}
	h := sha256.New()
	h.Write([]byte(clone.Descriptor().FullName()))
	h.Write([]byte{0})
	h.Write(b)
	copy(out[:], h.Sum(nil))
	return out
}

func micros(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }

// Cut takes the row that was read beyond the page's size off again, and makes
// the token of the next page of the last row that stays; "" on the last page.
// Readers ask for Size+1 rows, so that a page that is just full is known to be
// the last one.
func Cut[T any](c *Codec, cur Cursor, rows []T, key func(T) []byte) ([]T, string) {
	if len(rows) <= cur.Size {
		return rows, ""
	}
	rows = rows[:cur.Size]
	return rows, c.Next(cur, key(rows[len(rows)-1]))
}
