package page_test

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/page"
	"github.com/plumbline/plumbline/store"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		in   int32
		want int
	}{{0, 50}, {1, 1}, {1000, 1000}, {1001, 1000}, {1 << 30, 1000}} {
		cur, err := page.New(nil).Parse(&pb.ListSystemsRequest{PageSize: c.in}, now)
		if err != nil || cur.Size != c.want || cur.After != nil || !cur.At.Equal(now) {
			t.Errorf("page_size %d: %+v, %v", c.in, cur, err)
		}
	}
	if _, err := page.New(nil).Parse(&pb.ListSystemsRequest{PageSize: -1}, now); fault.Code(err) != codes.InvalidArgument {
		t.Errorf("a negative size: %v", err)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := page.New(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "key"))
		last := rapid.SliceOfN(rapid.Byte(), 1, store.MaxKey).Draw(t, "last")
		req := &pb.ListFindingsRequest{Parent: "systems/a", Filter: rapid.String().Draw(t, "filter")}
		first, err := c.Parse(req, now)
		if err != nil {
			t.Fatal(err)
		}
		req.PageToken = c.Next(first, last)
		req.PageSize = rapid.Int32Range(0, 2000).Draw(t, "size") // may change from page to page
		if len(req.PageToken) > 1024 {
			t.Fatalf("the token is longer than the API allows: %d", len(req.PageToken))
		}
		second, err := c.Parse(req, now.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(second.After, last) || !second.At.Equal(now) {
			t.Fatalf("got %x at %s", second.After, second.At)
		}
	})
}

func TestTokenOfAnotherQuery(t *testing.T) {
	c := page.New([]byte("k"))
	base := &pb.ListFindingsRequest{Parent: "systems/a", Filter: `state = "fail"`, AsOf: timestamppb.New(now)}
	cur, _ := c.Parse(base, now)
	token := c.Next(cur, []byte("row"))
	for name, change := range map[string]func(*pb.ListFindingsRequest){
		"parent": func(r *pb.ListFindingsRequest) { r.Parent = "systems/b" },
		"filter": func(r *pb.ListFindingsRequest) { r.Filter = "" },
		"as_of":  func(r *pb.ListFindingsRequest) { r.AsOf = nil },
	} {
		req := proto.CloneOf(base)
		change(req)
		req.PageToken = token
		_, err := c.Parse(req, now)
		refused(t, name, err)
	}
	// Two methods whose requests have the same fields have different tokens.
	hosts, _ := c.Parse(&pb.ListFacilitiesRequest{}, now)
	_, err := c.Parse(&pb.ListHostLinksRequest{PageToken: c.Next(hosts, []byte("row"))}, now)
	refused(t, "another method", err)
}

func TestDamagedTokens(t *testing.T) {
	c := page.New([]byte("k"))
	req := &pb.ListSystemsRequest{}
	cur, _ := c.Parse(req, now)
	good := c.Next(cur, []byte("last"))
	raw, _ := base64.RawURLEncoding.DecodeString(good)
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		req.PageToken = base64.RawURLEncoding.EncodeToString(bad)
		_, err := c.Parse(req, now)
		refused(t, "one flipped bit", err)
	}
	for _, token := range []string{"x", "....", good + "A", good[:len(good)-1], string(make([]byte, 5000))} {
		req.PageToken = token
		_, err := c.Parse(req, now)
		refused(t, "damaged", err)
	}
	req.PageToken = good
	_, err := page.New([]byte("other")).Parse(req, now)
	refused(t, "another key", err)
}

func TestFutureInstantIsNow(t *testing.T) {
	c := page.New(nil)
	cur, _ := c.Parse(&pb.ListSystemsRequest{}, now.Add(time.Hour))
	got, err := c.Parse(&pb.ListSystemsRequest{PageToken: c.Next(cur, []byte("k"))}, now)
	if err != nil || !got.At.Equal(now) {
		t.Errorf("At = %s, %v", got.At, err)
	}
}

func TestNoLastRowIsNoToken(t *testing.T) {
	if got := page.New(nil).Next(page.Cursor{}, nil); got != "" {
		t.Errorf("got %q", got)
	}
}

// FuzzParse: whatever is sent, Parse refuses it or gives a key that Next
// encodes again to a token which reads the same.
func FuzzParse(f *testing.F) {
	c := page.New(nil)
	cur, _ := c.Parse(&pb.ListSystemsRequest{}, now)
	f.Add(c.Next(cur, []byte("a")))
	f.Add(c.Next(cur, bytes.Repeat([]byte{0xff}, store.MaxKey)))
	f.Add("")
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, token string) {
		got, err := c.Parse(&pb.ListSystemsRequest{PageToken: token}, now)
		if err != nil {
			refused(t, "fuzzed", err)
			return
		}
		if token == "" {
			return
		}
		if len(got.After) == 0 || len(got.After) > store.MaxKey || got.At.After(now) {
			t.Fatalf("accepted %q as %+v", token, got)
		}
		again, err := c.Parse(&pb.ListSystemsRequest{PageToken: c.Next(got, got.After)}, now)
		if err != nil || !bytes.Equal(again.After, got.After) {
			t.Fatalf("not stable: %v", err)
		}
	})
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	if fault.Code(err) != codes.InvalidArgument || fault.Reason(fault.Status(err, "")) != fault.ReasonPageToken {
		t.Errorf("%s: %v", what, err)
	}
}

func TestCut(t *testing.T) {
	c := page.New(nil)
	cur, _ := c.Parse(&pb.ListSystemsRequest{PageSize: 2}, now)
	key := func(s string) []byte { return []byte(s) }
	if rows, token := page.Cut(c, cur, []string{"a", "b"}, key); len(rows) != 2 || token != "" {
		t.Errorf("a page that is just full: %v, %q", rows, token)
	}
	rows, token := page.Cut(c, cur, []string{"a", "b", "c"}, key)
	next, err := c.Parse(&pb.ListSystemsRequest{PageSize: 2, PageToken: token}, now)
	if len(rows) != 2 || err != nil || string(next.After) != "b" {
		t.Errorf("one row more: %v, %q, %v", rows, next.After, err)
	}
}
