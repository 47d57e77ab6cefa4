package assess

import (
	"strings"
	"sync"
	"unsafe"

	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// scope says what one result is about.
type scope uint8

const (
	noScope scope = iota
	systemScope
	unitScope
	hostScope
	componentScope
	endpointScope
	zoneScope
	boundaryScope
	channelScope
	populationScope
	domainScope
	accountScope
	facilityScope
	pairScope
	numScopes
)

// scopeNames are the scopes as a checklist writes them.
var scopeNames = [numScopes]string{
	"", "system", "unit", "host", "component", "endpoint", "zone", "boundary",
	"channel", "population", "domain", "account", "facility", "pair",
}

func scopeOf(name string) scope {
	for s := systemScope; s < numScopes; s++ {
		if scopeNames[s] == name {
			return s
		}
	}
	return noScope
}

var (
	inventoryShape = shape.Of((*pb.Inventory)(nil))
	systemShape    = shape.Of((*pb.System)(nil))
	hostShape      = shape.Of((*pb.Host)(nil))

	hostsField      = inventoryShape.Field("hosts")
	facilitiesField = inventoryShape.Field("facilities")
	accountsField   = systemShape.Field("accounts")

	// systemLists are the scopes whose subjects are a list of the system.
	systemLists = map[scope]*shape.Field{
		unitScope: systemShape.Field("units"), zoneScope: systemShape.Field("zones"),
		boundaryScope: systemShape.Field("boundaries"), channelScope: systemShape.Field("channels"),
		populationScope: systemShape.Field("populations"), domainScope: systemShape.Field("domains"),
	}
	// hostLists are the scopes whose subjects are a list of each host.
	hostLists = map[scope]*shape.Field{
		componentScope: hostShape.Field("components"), endpointScope: hostShape.Field("endpoints"),
		accountScope: hostShape.Field("accounts"),
	}

	// listScopes are the scopes of what stands in lists, by the list's name.
	listScopes = func() map[string]scope {
		out := map[string]scope{hostsField.Name: hostScope, facilitiesField.Name: facilityScope}
		for _, lists := range []map[scope]*shape.Field{systemLists, hostLists} {
			for s, f := range lists {
				out[f.Name] = s
			}
		}
		return out
	}()
)

// Subject is what one result is about.
type Subject struct {
	list *shape.Field   // the list that it stands in; nil for the system and for pairs
	elem unsafe.Pointer // the message; nil for the subject that an open list may still have
	host unsafe.Pointer // the host around it, or the host itself; nil where there is none
	text string         // the id, where it is not made of the above

	left, right unsafe.Pointer // of a pair
}

// ID is the subject's id, such as "hosts/web1/endpoints/443": its path in the
// inventory.
func (s *Subject) ID() string {
	if s.text != "" {
		return s.text
	}
	at := s.list.Name + "/" + pathKey(s.list.Elem, s.elem)
	if s.host == nil || s.host == s.elem {
		return at
	}
	return hostPath(s.host) + "/" + at
}

// pathKey is a message's key as a step of a path.
func pathKey(m *shape.Message, elem unsafe.Pointer) string {
	key, _ := m.Key.Text(elem)
	return shape.PathKey(key)
}

// Host is the id of the host that the subject stands on; empty where it
// stands on none.
func (s *Subject) Host() string {
	if s.host == nil {
		return ""
	}
	id, _ := hostShape.Key.Text(s.host)
	return id
}

// open tells whether the subject stands for what a list may still have, and
// not for something whose id is a question mark.
func (s *Subject) open() bool {
	return s.elem == nil && s.left == nil && strings.HasSuffix(s.text, openSuffix)
}

func hostPath(host unsafe.Pointer) string { return "hosts/" + pathKey(hostShape, host) }

// openSuffix ends the id of the one more, unknown subject of a list that is
// unreported or partial; what comes before is the path of the list.
const openSuffix = "/?"

// subjects are one scope's subjects in one inventory, hosts' parts host by
// host, so that one host's subjects are a range.
type subjects struct {
	list    []Subject
	byHost  map[unsafe.Pointer][2]int // range of each host's subjects
	indexed sync.Once                 // makes byHost, where reuse asks for it
}

// appendList appends the elements of one list, and its open subject.
func (t *subjects) appendList(owner unsafe.Pointer, f *shape.Field, path string, host unsafe.Pointer) {
	if owner == nil {
		t.list = append(t.list, Subject{text: path + openSuffix, host: host})
		return
	}
	for _, e := range f.Elems(owner) {
		h := host
		if f == hostsField {
			h = e
		}
		t.list = append(t.list, Subject{list: f, elem: e, host: h})
	}
	if p := f.Presence(owner); p == shape.Absent || p == shape.Partial {
		t.list = append(t.list, Subject{text: path + openSuffix, host: host})
	}
}

// subjectsOf finds a scope's subjects. Pairs are found rule by rule.
func subjectsOf(inv *pb.Inventory, s scope, t *subjects) {
	root := shape.Ptr(inv)
	var sys unsafe.Pointer
	if inv.System != nil {
		sys = shape.Ptr(inv.System)
	}
	switch {
	case s == systemScope:
		t.list = append(t.list, Subject{elem: sys, text: "system"})
	case s == hostScope:
		t.appendList(root, hostsField, "hosts", nil)
	case s == facilityScope:
		t.appendList(root, facilitiesField, "facilities", nil)
	case systemLists[s] != nil:
		t.appendList(sys, systemLists[s], systemLists[s].Name, nil)
	default:
		if s == accountScope {
			t.appendList(sys, accountsField, "accounts", nil)
		}
		t.appendHostLists(inv, hostLists[s])
	}
}

func (t *subjects) appendHostLists(inv *pb.Inventory, f *shape.Field) {
	for _, h := range inv.Hosts {
		p := shape.Ptr(h)
		if f.Presence(p) == shape.Empty {
			continue
		}
		path := ""
		if f.Presence(p) != shape.Whole {
			path = hostPath(p) + "/" + f.Name
		}
		t.appendList(p, f, path, p)
	}
	// A host that is not known may have such parts too.
	if p := hostsField.Presence(shape.Ptr(inv)); p == shape.Absent || p == shape.Partial {
		t.list = append(t.list, Subject{text: "hosts" + openSuffix})
	}
}
