package change

import (
	"fmt"
	"slices"

	"github.com/plumbline/plumbline/assess/merge/intake"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
)

// kindKey indexes hosts by strong key while the policy has match rules:
// "{key}={value}" → the id of the host that reported it first. Its value is
// part of the format.
const kindKey byte = 'm'

// keysOf are a host's strong keys as the index names them, by kind of key.
func keysOf(h *pb.Host) map[string][]string {
	out := map[string][]string{}
	for kind, values := range intake.StrongKeys(h) {
		for _, v := range values {
			if name := kind + "=" + v; len(name) <= 400 {
				out[kind] = append(out[kind], name)
			}
		}
	}
	return out
}

// match finds the stored host on which all keys of a match rule agree. Two
// hosts that a rule could mean are none: a person must link them.
func (p *Plan) match(source string, h *pb.Host) (id string, keys []string, err error) {
	rules := p.planner.History().At(p.now).PolicySource.MatchRules
	if len(rules) == 0 {
		return "", nil, nil
	}
	have := keysOf(h)
	for _, r := range rules {
		var common []string
		for i, kind := range r.Keys {
			owners, err := p.owners(have[kind])
			if err != nil {
				return "", nil, err
			}
			if i == 0 {
				common = owners
			} else {
				common = slices.DeleteFunc(common, func(o string) bool { return !slices.Contains(owners, o) })
			}
		}
		if len(common) == 1 && common[0] != h.Id {
			return common[0], r.Keys, nil
		}
	}
	return "", nil, nil
}

// owners are the hosts that one of the keys leads to.
func (p *Plan) owners(keys []string) (out []string, err error) {
	for _, k := range keys {
		b, err := p.sys.Tx.Object(kindKey, k)
		if err != nil {
			return nil, err
		}
		if id := string(b); b != nil && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, nil
}

// resolve is the id of the host that a source means by what it sent: the one
// that a link names; for a host that nobody knows, the one that a match rule
// finds, which is linked; else the source's own.
func (p *Plan) resolve(source string, h *pb.Host) (string, error) {
	name := LinkName(source, h.Id)
	rec, err := envelope.Object[storev1.LinkRecord](p.sys.Tx, KindLink, name)
	if err != nil {
		return "", err
	}
	if rec != nil {
		return rec.Link.Host, nil
	}
	if _, known := p.sys.Tx.Number(envelope.NameHost, h.Id); known {
		return h.Id, nil
	}
	id, keys, err := p.match(source, h)
	if err != nil || id == "" {
		return h.Id, err
	}
	p.links = append(p.links, &pb.HostLink{
		Name: "hostLinks/" + name, Source: source, SourceHost: h.Id, Host: id, Origin: "matched", Keys: keys,
	})
	p.audits = append(p.audits, &storev1.AuditRecord{
		Actor: "match-rule", Method: "CreateHostLink", Resource: "hostLinks/" + name, Source: source,
		Outcome: fmt.Sprintf("linked to hosts/%s by %v", id, keys),
	})
	return id, nil
}

// links stores the links that match rules made, and indexes the keys of the
// hosts that were staged.
func (w *writer) links() {
	for _, l := range w.p.links {
		l.CreateTime = envelope.Timestamp(w.b.Commit().Recorded)
		w.b.PutObject(KindLink, LinkName(l.Source, l.SourceHost), envelope.Encode(&storev1.LinkRecord{Schema: envelope.Schema, Link: l}))
	}
	if len(w.p.planner.History().At(w.p.now).PolicySource.MatchRules) == 0 {
		return
	}
	for _, h := range w.p.sys.Hosts {
		for _, t := range h.Tracks {
			for _, v := range t.Versions {
				if v.Staged {
					w.index(h.ID, v.Msg.(*storev1.HostView).Host)
				}
			}
		}
	}
}

func (w *writer) index(id string, h *pb.Host) {
	for _, names := range keysOf(h) {
		for _, name := range names {
			if old, err := w.b.Object(kindKey, name); err == nil && old == nil {
				w.b.PutObject(kindKey, name, []byte(id))
			}
		}
	}
}

// KindLink is the kind of links' objects in the ledger, "{source}~{id}" →
// LinkRecord. It is part of the format.
const KindLink byte = 'l'

// LinkName is the name of a link: of a source and an id of it.
func LinkName(source, id string) string { return source + "~" + id }
