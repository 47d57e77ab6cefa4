package verify

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/server/past"
)

// parts are the parts of a state in which a recorded one differs from the
// computed one.
func parts(stored, computed *past.Step) (out []string) {
	a, b := stored.State(), computed.State()
	add := func(differs bool, name string) {
		if differs {
			out = append(out, name)
		}
	}
	if a.Ended != b.Ended {
		return []string{"ended"}
	}
	add(a.Version != b.Version, "version")
	add(a.Engine != b.Engine, "engine")
	add(!bytes.Equal(a.Digest, b.Digest), "digest")
	add(!bytes.Equal(a.Results, b.Results) || !slices.Equal(a.Subjects, b.Subjects) || !slices.Equal(a.Waivers, b.Waivers), "results")
	add(!proto.Equal(a.Summary, b.Summary), "score")
	add(!bytes.Equal(a.Severities, b.Severities), "severities")
	add(a.HoldsUntil != b.HoldsUntil, "holds_until")
	return out
}

// result is where one result stands.
type result struct{ rule, subject string }

func results(s *past.Step) (order []result, rows map[result]past.Row, err error) {
	rows = map[result]past.Row{}
	if s.State().Ended {
		return nil, rows, nil
	}
	err = s.Rows(func(r past.Row) {
		k := result{s.Rules()[r.Rule], r.Subject}
		order = append(order, k)
		rows[k] = r
	})
	return order, rows, err
}

func word(r past.Row, ok bool) string {
	switch {
	case !ok:
		return "none"
	case r.Waiver != "":
		return r.State + ", waived by " + r.Waiver
	case r.Waived:
		return r.State + ", waived"
	}
	return r.State
}

// firstResult finds the first result that differs, in the order of rules; the
// states alone count, or also since when they stand.
func (d *Difference) firstResult(stored, computed *past.Step, since bool) error {
	was, found, err := results(stored)
	if err != nil {
		return err
	}
	is, expected, err := results(computed)
	if err != nil {
		return err
	}
	for _, k := range append(is, was...) {
		f, there := found[k]
		e, due := expected[k]
		switch {
		case word(f, there) != word(e, due):
			d.Rule, d.Subject, d.Expected, d.Found = k.rule, k.subject, word(e, due), word(f, there)
			return nil
		case since && there && f.Since != e.Since:
			d.Rule, d.Subject = k.rule, k.subject
			d.Expected, d.Found = fmt.Sprintf("%s since %s", word(e, due), instant(e.Since)), fmt.Sprintf("%s since %s", word(f, there), instant(f.Since))
			return nil
		}
	}
	return nil
}

// describe compares a recorded state with the computed one.
func (d *Difference) describe(stored, computed *past.Step) error {
	d.What = parts(stored, computed)
	if err := d.firstResult(stored, computed, true); err != nil {
		return err
	}
	d.Detail = strings.Join(d.What, ", ") + " differ"
	if d.Rule != "" {
		d.Detail += fmt.Sprintf(": rule %s", d.Rule)
		if d.Subject != "" {
			d.Detail += " of " + d.Subject
		}
		d.Detail += fmt.Sprintf(" should be %s and is %s", d.Expected, d.Found)
	} else if slices.Contains(d.What, "holds_until") {
		d.Detail += fmt.Sprintf(": it should hold until %s and holds until %s",
			instant(computed.State().HoldsUntil), instant(stored.State().HoldsUntil))
	}
	return nil
}
