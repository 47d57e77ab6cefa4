package draft

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Version is the changed version's.
const Version = "1.1.0"

// changed are the rules that the draft asks otherwise, with what they check.
// Some become stricter and some laxer, so that results flip both ways.
var changed = map[string]string{
	"patched":            `host.os.patched_time > now - duration("720h")`,
	"ports-udp-few":      `host.ports.filter(p, p.transport == "udp").size() <= 1`,
	"firewall-blocks":    `host.firewall.enabled`,
	"logging":            `host.remote_logging && host.time_sync.enabled`,
	"packages-forbidden": `!host.packages.exists(p, p.name in ["telnet", "nmap", "rsync"])`,
	"time-servers":       `host.time_sync.servers.exists(s, s in params.time_servers)`,
}

// removed are the rules that it no longer has.
var removed = []string{"addresses-static", "volume-root", "packages-vendor"}

// added are the rules that it has and the version before has not.
var added = []*pb.Rule{
	rule("segment-named", `host.lan_segment.matches("^lan-[0-9]+$")`),
	rule("static-and-local", `host.addresses.all(a, a.static && a.lan_segment == host.lan_segment)`),
	rule("volumes-small", `host.volumes.all(v, v.size_bytes < 214748364800)`),
}

func rule(id, check string) *pb.Rule {
	return &pb.Rule{
		Id: id, Title: "A rule of the draft: " + id, Area: "network", Severity: "medium", Scope: "host", Multiple: true,
		Check: check, Message: "{host.id} fails.",
	}
}

// Change is a draft of the sixty rules: six changed, three removed, three
// added. It is an error if the rules are not those that it names.
func Change(from *pb.Checklist) (*pb.Checklist, error) {
	c := proto.CloneOf(from)
	c.Version = Version
	done, gone := 0, 0
	for _, g := range c.Groups {
		before := len(g.Rules)
		g.Rules = slices.DeleteFunc(g.Rules, func(r *pb.Rule) bool { return slices.Contains(removed, r.Id) })
		gone += before - len(g.Rules)
		for _, r := range g.Rules {
			if check, ok := changed[r.Id]; ok {
				r.Check = check
				done++
			}
		}
	}
	if done != len(changed) || gone != len(removed) {
		return nil, fmt.Errorf("%d rules were changed and %d removed, not %d and %d", done, gone, len(changed), len(removed))
	}
	c.Groups[0].Rules = append(c.Groups[0].Rules, added...)
	return c, nil
}
