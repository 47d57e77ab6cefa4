package merge

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/plumbline/plumbline/assess/merge/intake"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Attestation is the name of the source under which facts stand that people
// have stated. It comes last unless a policy ranks it.
const Attestation = "attestation"

// DefaultFreshness is how long a source's word holds where no policy says.
const DefaultFreshness = 30 * 24 * time.Hour

// Never is the instant at which nothing becomes stale.
const Never = math.MaxInt64

// Policy is a compiled policy: who is believed before whom, and how long. It is
// immutable and safe for concurrent use. The nil Policy is that of an empty
// message.
type Policy struct {
	rank   map[string]int // position in the policy's precedence
	others *windows       // of the sources that no freshness entry names
	named  map[string]*windows
}

// Invalid is the error of a policy that cannot be compiled.
type Invalid []intake.Violation

// Error names the first violation; callers that can show more take the list.
func (e Invalid) Error() string {
	return fmt.Sprintf("policy: %s: %s", e[0].Path, e[0].Message)
}

// Compile checks a policy and prepares it. The error is an Invalid with all
// that is wrong.
func Compile(p *pb.Policy) (*Policy, error) {
	var bad Invalid
	c := &Policy{rank: map[string]int{}, named: map[string]*windows{}}
	for i, name := range p.GetPrecedence() {
		if first, ok := c.rank[name]; ok {
			bad = append(bad, intake.Violation{Path: fmt.Sprintf("precedence[%d]", i), Reason: intake.DuplicateKey,
				Message: fmt.Sprintf("the source %q stands at precedence[%d] already", name, first)})
			continue
		}
		c.rank[name] = i
	}
	rules, ruleErrs := freshnessRules(p)
	bad = append(append(bad, ruleErrs...), matchRuleErrors(p)...)
	if len(bad) > 0 {
		return nil, bad
	}
	c.others = newWindows(rules, "")
	for _, r := range rules {
		if r.source != "" && c.named[r.source] == nil {
			c.named[r.source] = newWindows(rules, r.source)
		}
	}
	return c, nil
}

var noPolicy, _ = Compile(nil)

// or is the policy, or that of an empty message.
func (p *Policy) or() *Policy {
	if p == nil {
		return noPolicy
	}
	return p
}

// windows are how long a source's words hold. All sources without entries of
// their own share one, so that a new source needs no new policy.
func (p *Policy) windows(source string) *windows {
	if w, ok := p.named[source]; ok {
		return w
	}
	return p.others
}

// Compare orders two sources by how much they are believed, most first: those
// that the policy names, then the others by name, then attestations.
func (p *Policy) Compare(a, b string) int {
	p = p.or()
	if c := cmp.Compare(p.class(a), p.class(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// class is a source's place before names decide: its position in the policy,
// then one class for all others, then attestations.
func (p *Policy) class(source string) int {
	if i, ok := p.rank[source]; ok {
		return i
	}
	if source == Attestation {
		return math.MaxInt
	}
	return math.MaxInt - 1
}

// HostStale is the instant from which a source's word on a host no longer
// holds, facts with a freshness of their own aside, if it was last confirmed
// then. All instants are microseconds since 1970 UTC.
func (p *Policy) HostStale(source string, confirmed int64) int64 {
	return after(confirmed, p.or().windows(source).host.hold)
}

// SystemStale is HostStale for a source's word on a system.
func (p *Policy) SystemStale(source string, confirmed int64) int64 {
	return after(confirmed, p.or().windows(source).system.hold)
}

// after adds a span to an instant and stops at Never.
func after(instant, span int64) int64 {
	if instant > Never-span {
		return Never
	}
	return instant + span
}

// freshnessRule is one entry of a policy's freshness.
type freshnessRule struct {
	source string
	path   []string // field names, the last one perhaps a map's key
	hold   int64    // microseconds
}

// freshnessRules are the policy's entries with the default as the rule for
// every source and every path, which makes it the least specific one.
func freshnessRules(p *pb.Policy) (rules []freshnessRule, bad []intake.Violation) {
	def := DefaultFreshness.Microseconds()
	if d := p.GetDefaultFreshness(); d != nil {
		var v *intake.Violation
		if def, v = span("default_freshness", d); v != nil {
			bad = append(bad, *v)
		}
	}
	rules = []freshnessRule{{hold: def}}
	seen := map[string]int{}
	for i, f := range p.GetFreshness() {
		at := fmt.Sprintf("freshness[%d]", i)
		hold, v := span(at+".duration", f.GetDuration())
		if v != nil {
			bad = append(bad, *v)
		}
		path, err := splitPath(f.GetPath())
		if err != nil {
			bad = append(bad, intake.Violation{Path: at + ".path", Reason: intake.UnknownPath, Message: err.Error()})
		}
		id := f.GetSource() + "\x00" + f.GetPath()
		if first, ok := seen[id]; ok {
			bad = append(bad, intake.Violation{Path: at, Reason: intake.DuplicateKey,
				Message: fmt.Sprintf("freshness[%d] has the same source and path", first)})
		}
		seen[id] = i
		rules = append(rules, freshnessRule{f.GetSource(), path, hold})
	}
	return rules, bad
}

// span is a freshness in microseconds. One that is not above zero would make a
// value stale before it is known.
func span(at string, d *durationpb.Duration) (int64, *intake.Violation) {
	if d == nil || d.CheckValid() != nil {
		return 0, &intake.Violation{Path: at, Reason: intake.OutOfRange, Message: "a duration is needed"}
	}
	micros := d.Seconds*1e6 + int64(d.Nanos)/1e3
	if micros <= 0 {
		return 0, &intake.Violation{Path: at, Reason: intake.OutOfRange, Message: "the duration must be at least a microsecond"}
	}
	return micros, nil
}

// splitPath checks a freshness path against the model. What follows a map's
// name is one key, whatever signs it holds.
func splitPath(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	steps := strings.Split(path, ".")
	t := map[string]*shape.Message{"system": systemTable, "host": hostTable, "facility": facilityTable}[steps[0]]
	if t == nil {
		return nil, fmt.Errorf("%q starts with %q; a path starts with host, system or facility", path, steps[0])
	}
	for i, name := range steps[1:] {
		if t == nil {
			return nil, fmt.Errorf("%q: %q has no fields", path, steps[i])
		}
		f := t.Field(name)
		if f == nil {
			return nil, fmt.Errorf("%q: %s has no field %q", path, t.Name, name)
		}
		if rest := steps[i+2:]; f.Card == shape.Map && len(rest) > 0 {
			return append(slices.Clone(steps[:i+2]), strings.Join(rest, ".")), nil
		}
		t = f.Elem
	}
	return steps, nil
}

// matchRuleErrors finds rules that would link hosts by one key alone.
func matchRuleErrors(p *pb.Policy) (bad []intake.Violation) {
	for i, r := range p.GetMatchRules() {
		keys := slices.Clone(r.GetKeys())
		slices.Sort(keys)
		if len(slices.Compact(keys)) < 2 {
			bad = append(bad, intake.Violation{Path: fmt.Sprintf("match_rules[%d].keys", i), Reason: intake.OutOfRange,
				Message: "two different strong keys must agree; one alone identifies no host"})
		}
	}
	return bad
}
