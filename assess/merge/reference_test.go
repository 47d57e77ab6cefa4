package merge_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess/inventorytest"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// said is one value in one view.
type said struct {
	source           string
	confirmed, until int64
	value            string
}

// TestAgainstReference computes value by value, from the policy's message and
// without the compiled windows, what must stand at each path.
func TestAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy := inventorytest.Policy().Draw(t, "the policy")
		in := small.Input().Draw(t, "input")
		in.Policy = compile(t, policy)
		want := map[string]string{}
		for path, all := range everythingSaid(in) {
			if insideAtomic(path) {
				continue // not value by value
			}
			all = slices.DeleteFunc(all, func(s said) bool { return !holds(policy, path, s, in.At) })
			slices.SortStableFunc(all, func(a, b said) int {
				if c := in.Policy.Compare(a.source, b.source); c != 0 {
					return c
				}
				return int(b.confirmed - a.confirmed)
			})
			if len(all) > 0 {
				want[path] = all[0].value
			}
		}
		got := scalars(merge.Merge(in).Inventory)
		for path, value := range got {
			if w, ok := want[path]; !insideAtomic(path) && (!ok || w != value && !tied(in, path)) {
				t.Fatalf("%s is %q, want %q (%v)", path, value, w, ok)
			}
		}
		for path, value := range want {
			if _, ok := got[path]; !ok {
				t.Fatalf("%s is missing, want %q", path, value)
			}
		}
	})
}

// everythingSaid is what all views say, by path.
func everythingSaid(in merge.Input) map[string][]said {
	out := map[string][]said{}
	add := func(inv *pb.Inventory, source string, confirmed, until int64) {
		for path, value := range scalars(inv) {
			out[path] = append(out[path], said{source, confirmed, until, value})
		}
	}
	for _, v := range in.System {
		add(v.Inventory, v.Source, v.Confirmed, v.Until)
	}
	for _, v := range in.Hosts {
		add(&pb.Inventory{Hosts: []*pb.Host{v.Host}}, v.Source, v.Confirmed, v.Until)
	}
	return out
}

// tied says whether one source has two views confirmed at one instant, which
// are told apart by content alone.
func tied(in merge.Input, path string) bool {
	seen := map[said]bool{}
	for _, s := range everythingSaid(in)[path] {
		s.value, s.until = "", 0
		if seen[s] {
			return true
		}
		seen[s] = true
	}
	return false
}

// holds asks the policy's message how long a value at a path holds.
func holds(p *pb.Policy, path string, s said, at int64) bool {
	if s.until != 0 {
		return at < s.until
	}
	hold := merge.DefaultFreshness.Microseconds()
	if d := p.GetDefaultFreshness(); d != nil {
		hold = d.AsDuration().Microseconds()
	}
	best := -1
	model := modelPath(path)
	for _, f := range p.Freshness {
		prefix := f.Path == "" || f.Path == model || strings.HasPrefix(model, f.Path+".")
		if !prefix || f.Source != "" && f.Source != s.source {
			continue
		}
		score := 0
		if f.Path != "" {
			score = 2 * (1 + strings.Count(f.Path, "."))
		}
		if f.Source != "" {
			score++
		}
		if score > best {
			best, hold = score, f.Duration.AsDuration().Microseconds()
		}
	}
	return at < s.confirmed+hold
}

// modelPath is a fact's path as the policy writes it: field names, without the
// keys of lists.
func modelPath(path string) string {
	steps := strings.Split(path, "/")
	table, out := shape.Of(&pb.Inventory{}), []string{}
	if table.Field(steps[0]) == nil {
		steps = append([]string{"system"}, steps...)
	}
	for len(steps) > 0 {
		f := table.Field(steps[0])
		name := map[string]string{"hosts": "host", "facilities": "facility"}[f.Name]
		if name == "" || f.Parent.Name != "Inventory" {
			name = f.Name
		}
		out, steps = append(out, name), steps[1:]
		switch {
		case f.Card == shape.Map:
			out, steps = append(out, steps[0]), nil
		case f.Card == shape.List && f.Kind == shape.Nested:
			table, steps = f.Elem, steps[1:]
		case f.Card == shape.List:
			steps = nil
		default:
			table = f.Elem
		}
	}
	return strings.Join(out, ".")
}
