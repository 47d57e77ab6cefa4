package submission

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/merge/intake"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/fault"
)

// Limits of one submission; they are part of the API.
const (
	MaxHosts         = 20_000          // in one message; more hosts come by further snapshot parts or upserts
	MaxSnapshotHosts = 30_000          // in one snapshot; more hosts come by upserts
	MaxLeftOut       = 30_000          // hosts that one whole view may leave out
	MinYear          = -62135596800    // 0001-01-01T00:00:00Z, in seconds
	KeepIDs          = 24 * 3600 * 1e6 // how long request ids are kept, in microseconds
)

// Item is one submission after it was checked: valid, normalized, digested.
type Item struct {
	System     string
	Source     string
	Observed   int64 // from when the view holds
	Upsert     bool  // replaces views of single hosts alone
	RequestID  string
	Body       [16]byte // what the request says, to recognize the same id with another body
	DryRun     bool
	SnapshotID string
	Closing    bool

	View          *pb.Inventory // the system and its facilities, without hosts
	ViewDigest    digest.Digest
	Hosts         []*Host
	HostsPresence shape.Presence

	Actor  string
	Method string
	Part   *pb.SubmitInventoryRequest // as it was sent, where it is part of a snapshot
	size   int64                      // bytes of the request
}

// Host is one host of a submission, its unit taken out: the same host may
// stand in another unit of another system.
type Host struct {
	Host   *pb.Host
	Unit   string
	Digest digest.Digest // of the host without unit
}

// Parse checks a submission and makes an item of it. It takes the message
// over. The error is a *fault.Error with every violation.
func Parse(si *pb.SubmitItem, actor string, now int64) (*Item, error) {
	switch x := si.GetItem().(type) {
	case *pb.SubmitItem_Submit:
		return parseSubmit(x.Submit, actor, now)
	case *pb.SubmitItem_Upsert:
		return parseUpsert(x.Upsert, actor, now)
	}
	return nil, fault.InvalidField("item", "is not set; set submit or upsert")
}

func parseSubmit(req *pb.SubmitInventoryRequest, actor string, now int64) (*Item, error) {
	it := &Item{
		Source: req.Source, RequestID: req.RequestId, DryRun: req.ValidateOnly, Actor: actor, Method: "SubmitInventory",
		SnapshotID: req.SnapshotId, Closing: req.SnapshotComplete, size: int64(req.SizeVT()),
	}
	v := &violations{}
	it.System = v.system(req.System)
	v.source(req.Source)
	v.ids(req.RequestId, req.SnapshotId)
	it.Observed = v.observed(req.ObservedTime, now)
	if req.SnapshotComplete && req.SnapshotId == "" {
		v.add("snapshot_complete", "stands without a snapshot_id; name the snapshot that this message closes")
	}
	inv := req.Inventory
	if inv == nil {
		v.add("inventory", "is missing")
		return nil, v.err()
	}
	if inv.System != nil && inv.System.Id == "" {
		inv.System.Id = it.System
	}
	if inv.System != nil && inv.System.Id != it.System {
		v.add("inventory.system.id", "%q is not the system that the request names, %q", inv.System.Id, it.System)
	}
	v.hosts("inventory.hosts", len(inv.Hosts))
	it.Body = bodyOf(req)
	for _, x := range intake.Validate(inv) {
		v.list = append(v.list, fault.Violation{Field: "inventory." + x.Path, Description: x.Message, Reason: x.Reason})
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	if it.SnapshotID != "" && !it.Closing {
		it.Part = req
	}
	it.take(inv)
	return it, nil
}

// Bytes is about what the item occupies; 0 for a reassessment.
func (it *Item) Bytes() int64 {
	if it == nil {
		return 0
	}
	return it.size
}

// HostCount is how many hosts the item may change; a snapshot's closing
// message counts as a whole commit.
func (it *Item) HostCount() int {
	switch {
	case it == nil:
		return 0
	case it.Closing:
		return MaxSnapshotHosts
	}
	return len(it.Hosts)
}

// take splits a valid inventory into the system's view and the hosts.
func (it *Item) take(inv *pb.Inventory) {
	intake.Normalize(inv)
	it.HostsPresence = hostsField.Presence(shape.Ptr(inv))
	it.Hosts = hostItems(inv.Hosts)
	view := &pb.Inventory{System: inv.System, Facilities: inv.Facilities}
	view.ReportedEmpty = without(inv.ReportedEmpty, "hosts")
	view.Partial = without(inv.Partial, "hosts")
	if view.System == nil {
		view.System = &pb.System{Id: it.System}
	}
	it.View, it.ViewDigest = view, digest.Of(view)
}

func parseUpsert(req *pb.UpsertHostsRequest, actor string, now int64) (*Item, error) {
	it := &Item{
		Source: req.Source, RequestID: req.RequestId, DryRun: req.ValidateOnly, Upsert: true,
		Actor: actor, Method: "UpsertHosts", size: int64(req.SizeVT()),
	}
	v := &violations{}
	it.System = v.system(req.System)
	v.source(req.Source)
	v.ids(req.RequestId)
	it.Observed = v.observed(req.ObservedTime, now)
	v.hosts("hosts", len(req.Hosts))
	if len(req.Hosts) == 0 {
		v.add("hosts", "is empty; send at least one host")
	}
	it.Body = bodyOf(req)
	inv := &pb.Inventory{Hosts: req.Hosts}
	for _, x := range intake.Validate(inv) {
		v.list = append(v.list, fault.Violation{Field: x.Path, Description: x.Message, Reason: x.Reason})
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	intake.Normalize(inv)
	it.Hosts = hostItems(inv.Hosts)
	return it, nil
}

func hostItems(hosts []*pb.Host) []*Host {
	out := make([]*Host, len(hosts))
	for i, h := range hosts {
		hi := &Host{Host: h, Unit: h.GetUnit()}
		h.Unit = nil
		hi.Digest = digest.Of(h)
		out[i] = hi
	}
	return out
}

var hostsField = shape.Of((*pb.Inventory)(nil)).Field("hosts")

func without(names []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == name })
}

// violations collects what is wrong with a request, so that a caller mends it
// in one go.
type violations struct {
	list []fault.Violation
}

func (v *violations) add(field, format string, args ...any) {
	v.list = append(v.list, fault.Violation{Field: field, Description: fmt.Sprintf(format, args...)})
}

func (v *violations) err() error {
	if len(v.list) == 0 {
		return nil
	}
	const most = 100 // a report longer than that helps nobody
	return fault.Invalid(v.list[:min(len(v.list), most)]...)
}

func (v *violations) system(name string) string {
	id, ok := strings.CutPrefix(name, "systems/")
	if !ok || !validID(id, 128) {
		v.add("system", `%q is not a system's name; write "systems/" and 1 to 128 of A-Z a-z 0-9 . _ -`, name)
	}
	return id
}

func (v *violations) source(s string) {
	if s == merge.Attestation {
		v.add("source", "%q is the source of what people state; file that with CreateAttestation", s)
		return
	}
	if !validID(s, 64) {
		v.add("source", "%q is not a source; write 1 to 64 of A-Z a-z 0-9 . _ -", s)
	}
}

func (v *violations) ids(ids ...string) {
	for _, id := range ids {
		if len(id) > 128 || !utf8.ValidString(id) {
			v.add("request_id", "has %d bytes; at most 128 are kept", len(id))
		}
	}
}

func (v *violations) hosts(field string, n int) {
	if n > MaxHosts {
		v.add(field, "has %d hosts; at most %d stand in one message: split it under one snapshot_id, or upsert", n, MaxHosts)
	}
}

// observed is the instant from which the view holds: now where none is given
// or where it lies a little ahead.
func (v *violations) observed(t *timestamppb.Timestamp, now int64) int64 {
	if t == nil {
		return now
	}
	if err := t.CheckValid(); err != nil || t.Seconds < MinYear {
		v.add("observed_time", "is no valid time: %v", err)
		return now
	}
	at := t.Seconds*1e6 + int64(t.Nanos)/1e3
	if at > now+estate.MaxAhead {
		v.add("observed_time", "%s lies more than five minutes ahead; check the source's clock", t.AsTime().Format("2006-01-02T15:04:05Z07:00"))
	}
	return min(at, now)
}

// validID tells whether a text is an id of at most n bytes: the pattern that
// the protos state, without a regular expression on the hot path.
func validID(s string, n int) bool {
	if s == "" || len(s) > n {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alnum := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'
		if !alnum && (i == 0 || c != '.' && c != '-') {
			return false
		}
	}
	return true
}
