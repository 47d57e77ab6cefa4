package merge

import (
	"bytes"
	"cmp"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/digest"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// SystemView is what one source says of a system, hosts apart.
type SystemView struct {
	Source string
	// Inventory holds the system and its facilities. Its hosts are ignored, and
	// so is what its marks say of them.
	Inventory *pb.Inventory
	// Hosts is how the source's newest view sent its list of hosts.
	Hosts shape.Presence
	// Confirmed is when the source last confirmed the view, in microseconds
	// since 1970 UTC.
	Confirmed int64
	// Until, where it is not zero, is the instant from which the view no longer
	// holds, whatever the policy says: the expiry of an attestation.
	Until int64
}

// HostView is what one source says of a host.
type HostView struct {
	Source string
	Host   *pb.Host
	// Confirmed and Until are as in SystemView.
	Confirmed, Until int64
	// Reported is false where the source's newest whole view left the host out.
	Reported bool
}

// Input is what several sources say at one instant. Views stand in any order.
// One source may have several views of one thing, such as two attestations:
// the one confirmed last is believed first. Messages must be as Normalize
// leaves them and stay unchanged while the result is in use, which shares them.
type Input struct {
	Policy *Policy
	System []SystemView
	Hosts  []HostView
	// At is the instant, in microseconds since 1970 UTC.
	At int64
}

// Origin says whose word a value is.
type Origin struct {
	Source    string
	Confirmed int64 // microseconds since 1970 UTC
}

// speaker is a source with what the policy says of it.
type speaker struct {
	name  string
	rank  int32 // among the speakers of this input, most believed first
	holds *windows
}

// speakers finds the sources of an input. There are few, so a slice serves.
type speakers struct {
	policy *Policy
	list   []speaker
	last   int
}

// index finds or adds a source. Neighbouring views mostly have one source.
func (s *speakers) index(name string) int {
	if s.last < len(s.list) && s.list[s.last].name == name {
		return s.last
	}
	s.last = slices.IndexFunc(s.list, func(sp speaker) bool { return sp.name == name })
	if s.last < 0 {
		s.last = len(s.list)
		s.list = append(s.list, speaker{name: name, holds: s.policy.windows(name)})
	}
	return s.last
}

// setRanks ranks the sources once all are known.
func (s *speakers) setRanks() {
	order := make([]int, len(s.list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return s.policy.Compare(s.list[a].name, s.list[b].name) })
	for rank, i := range order {
		s.list[i].rank = int32(rank)
	}
}

// systemVoice is a system view with what of it holds.
type systemVoice struct {
	view       *SystemView
	source     int32         // in speakers.list
	system     *pb.System    // nil where none of it holds
	facilities *pb.Inventory // its facilities that hold, and their marks; or nil
	hosts      shape.Presence
}

// origin is who speaks.
func (v *systemVoice) origin() Origin { return Origin{v.view.Source, v.view.Confirmed} }

// hostVoice is a host view with what of it holds.
type hostVoice struct {
	id     string
	host   *pb.Host // nil where none of it holds
	view   int32    // in Input.Hosts
	source int32    // in speakers.list
}

// compareVoices orders the views of one thing: by source, then the one
// confirmed last, then by content, so that no order of arrival shows.
func compareVoices(rankA, rankB int32, confirmedA, confirmedB int64, a, b proto.Message) int {
	if c := cmp.Compare(rankA, rankB); c != 0 {
		return c
	}
	if c := cmp.Compare(confirmedB, confirmedA); c != 0 {
		return c
	}
	return bytes.Compare(digest.Append(nil, a), digest.Append(nil, b))
}
