package feed

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	"github.com/plumbline/plumbline/guidance/protoyaml"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// partBytes is about how large a message may become before an inventory is sent
// in parts. Servers take 4 MiB by gRPC's default.
const partBytes = 2 << 20

// itemReader turns files into items, and remembers where each came from.
type itemReader struct {
	in       io.Reader
	console  *cli.Console
	flags    *submitFlags
	observed *timestamppb.Timestamp

	mu      sync.Mutex
	origins map[int]string
	next    int
	bad     int
}

// newItemReader reads the flags once, so that all items have the same instant.
func newItemReader(a *app, s *submitFlags) (*itemReader, error) {
	observed, err := s.observed.Timestamp()
	if err != nil {
		return nil, err
	}
	return &itemReader{in: a.In, console: a.NewConsole(), flags: s, observed: observed, origins: map[int]string{}}, nil
}

// origin says where an item came from, once.
func (r *itemReader) origin(index int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	where := r.origins[index]
	delete(r.origins, index)
	return where
}

// unread is how many submissions could not be read.
func (r *itemReader) unread() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bad
}

// files yields the items of all files.
func (r *itemReader) files(ctx context.Context, names []string, yield func(*pb.SubmitItem, error) bool) {
	for _, name := range names {
		if !r.file(ctx, name, yield) {
			return
		}
	}
}

// file yields the items of one file. A submission that cannot be read is said and
// counted; the others go on.
func (r *itemReader) file(ctx context.Context, name string, yield func(*pb.SubmitItem, error) bool) bool {
	var in io.Reader
	shape := name
	if name == "-" {
		var stop func() bool
		in, stop = stoppable(ctx, r.in)
		defer stop()
		shape = "-.jsonl"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return yield(nil, err)
		}
		defer f.Close()
		in = f
	}
	for s := range inventoryfile.Submissions(shape, in) {
		if ctx.Err() != nil {
			return yield(nil, ctx.Err())
		}
		where := fmt.Sprintf("%s:%d", name, s.Line)
		if s.Item == nil {
			r.problems(name, s.Problems)
			continue
		}
		items, err := r.complete(s.Item)
		if err != nil {
			r.problems(name, []protoyaml.Problem{{Line: s.Line, Column: 1, Message: err.Error()}})
			continue
		}
		for _, item := range items {
			if !r.yield(where, item, yield) {
				return false
			}
		}
	}
	return true
}

// yield notes where an item comes from before it is handed on.
func (r *itemReader) yield(where string, item *pb.SubmitItem, yield func(*pb.SubmitItem, error) bool) bool {
	r.mu.Lock()
	r.origins[r.next] = where
	r.next++
	r.mu.Unlock()
	return yield(item, nil)
}

// problems says what is wrong with a submission; the others go on.
func (r *itemReader) problems(file string, list []protoyaml.Problem) {
	r.mu.Lock()
	r.bad++
	r.mu.Unlock()
	for _, p := range list {
		r.console.Line("%s:%s", file, p)
	}
}

// complete adds what the flags say, and divides what is too large.
func (r *itemReader) complete(item *pb.SubmitItem) ([]*pb.SubmitItem, error) {
	s := item.GetSubmit()
	if s == nil {
		u := item.GetUpsert()
		u.Source, u.System = cli.Or(u.Source, r.flags.source), cli.Or(u.System, r.systemName())
		if u.ObservedTime == nil {
			u.ObservedTime = r.observed
		}
		u.ValidateOnly = u.ValidateOnly || r.flags.dryRun
		return divideUpsert(u), named(u.Source, u.System)
	}
	if s.Source == "" {
		s.Source = r.flags.source
	}
	s.System = cli.Or(s.System, r.systemName())
	if s.ObservedTime == nil {
		s.ObservedTime = r.observed
	}
	s.ValidateOnly = s.ValidateOnly || r.flags.dryRun
	if err := named(s.Source, s.System); err != nil {
		return nil, err
	}
	if r.flags.upsert {
		return upsertOf(s)
	}
	return divideSubmit(s), nil
}

// systemName is the system that --system names.
func (r *itemReader) systemName() string {
	if r.flags.system == "" {
		return ""
	}
	return cli.Resource("systems", r.flags.system)
}

// named refuses an item that lacks what only the caller can say.
func named(source, system string) error {
	switch {
	case source == "":
		return fmt.Errorf("it does not say whose word it is: give --source")
	case system == "":
		return fmt.Errorf("it does not say which system it is about: give --system")
	}
	return nil
}

// upsertOf makes upserts of an inventory's hosts. What stands beside the hosts
// would be lost, so that is refused.
func upsertOf(s *pb.SubmitInventoryRequest) ([]*pb.SubmitItem, error) {
	inv := s.GetInventory()
	rest := proto.CloneOf(inv.GetSystem())
	if rest != nil {
		rest.Id = ""
	}
	if proto.Size(rest) > 0 || len(inv.GetFacilities()) > 0 || len(inv.GetHosts()) == 0 {
		return nil, fmt.Errorf("an upsert is about hosts only: leave out facilities and the system's attributes, and name at least one host")
	}
	return divideUpsert(&pb.UpsertHostsRequest{
		System: s.System, Source: s.Source, Hosts: inv.GetHosts(), ObservedTime: s.ObservedTime, RequestId: s.RequestId, ValidateOnly: s.ValidateOnly,
	}), nil
}

// divideUpsert sends many hosts in several upserts; each stands for itself, so
// nothing has to join them.
func divideUpsert(u *pb.UpsertHostsRequest) []*pb.SubmitItem {
	if size(u) <= partBytes {
		return []*pb.SubmitItem{{Item: &pb.SubmitItem_Upsert{Upsert: u}}}
	}
	var out []*pb.SubmitItem
	for _, hosts := range divideHosts(u.Hosts) {
		part := &pb.UpsertHostsRequest{System: u.System, Source: u.Source, Hosts: hosts, ObservedTime: u.ObservedTime, ValidateOnly: u.ValidateOnly}
		out = append(out, &pb.SubmitItem{Item: &pb.SubmitItem_Upsert{Upsert: part}})
	}
	return out
}

// divideSubmit sends a large inventory in parts of one snapshot, which takes
// effect as a whole on the last one. An inventory that is a part already is
// left as it is.
func divideSubmit(s *pb.SubmitInventoryRequest) []*pb.SubmitItem {
	item := func(r *pb.SubmitInventoryRequest) *pb.SubmitItem {
		return &pb.SubmitItem{Item: &pb.SubmitItem_Submit{Submit: r}}
	}
	if size(s) <= partBytes || s.SnapshotId != "" || len(s.GetInventory().GetHosts()) < 2 {
		return []*pb.SubmitItem{item(s)}
	}
	snapshot := rand.Text()
	part := func(inv *pb.Inventory) *pb.SubmitInventoryRequest {
		return &pb.SubmitInventoryRequest{
			System: s.System, Source: s.Source, ObservedTime: s.ObservedTime, ValidateOnly: s.ValidateOnly,
			SnapshotId: snapshot, Inventory: inv,
		}
	}
	var out []*pb.SubmitItem
	groups := divideHosts(s.Inventory.Hosts)
	for _, hosts := range groups[:len(groups)-1] {
		out = append(out, item(part(&pb.Inventory{Hosts: hosts})))
	}
	last := part(&pb.Inventory{
		System: s.Inventory.System, Hosts: groups[len(groups)-1], Facilities: s.Inventory.Facilities,
		ReportedEmpty: s.Inventory.ReportedEmpty, Partial: s.Inventory.Partial,
	})
	last.SnapshotComplete = true
	return append(out, item(last))
}

// divideHosts divides hosts into groups of about half a part, so that there is
// room for what stands beside them.
func divideHosts(hosts []*pb.Host) [][]*pb.Host {
	var out [][]*pb.Host
	start, bytes := 0, 0
	for i, h := range hosts {
		n := size(h)
		if i > start && (bytes+n > partBytes/2 || i-start >= 10_000) {
			out = append(out, hosts[start:i])
			start, bytes = i, 0
		}
		bytes += n
	}
	return append(out, hosts[start:])
}

// stoppable reads from r until ctx ends, also while r waits for somebody to
// type. What waits in r then is left behind; the program ends soon after.
func stoppable(ctx context.Context, r io.Reader) (in io.Reader, stop func() bool) {
	pr, pw := io.Pipe()
	go func() {
		_, err := io.Copy(pw, r)
		pw.CloseWithError(err)
	}()
	return pr, context.AfterFunc(ctx, func() { pw.CloseWithError(ctx.Err()) })
}
