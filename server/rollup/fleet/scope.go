package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/filter"
	"github.com/plumbline/plumbline/server/past"
	"github.com/plumbline/plumbline/server/rollup"
)

// labelField begins the name of a label in filters.
const labelField = "labels."

// scope is what is asked about: all systems, or those with one value of a label.
type scope struct {
	*past.Fleet
	sums   *rollup.Sums
	since  int64             // from when systems are counted by the label; 0 for all systems
	where  []filter.Equality // on the caller's own fields
	labels []rollup.Label    // that are declared
	fields []string
}

// read reads the sums of a series' id that a filter means; NOT_FOUND where there
// are none. Of what the filter names, fields are the caller's to look after.
func read(ctx context.Context, e Estate, series, conditions string, f func(*scope) error, fields ...string) error {
	return e.ReadFleet(ctx, series, func(x *past.Fleet) error {
		if x.Sums == nil {
			return notFound(series)
		}
		s := &scope{Fleet: x, sums: x.Sums, labels: e.History().At(x.Now).Labels, fields: fields}
		list, err := filter.Equalities(conditions, s.served())
		if err != nil {
			return err
		}
		for _, c := range list {
			switch {
			case slices.Contains(fields, c.Field):
				s.where = append(s.where, c)
			case s.since != 0:
				return fault.InvalidField("filter", "names more than one label; systems are counted by one at a time")
			default:
				if err := s.narrow(c); err != nil {
					return err
				}
			}
		}
		return f(s)
	})
}

// narrow makes the scope the systems with a label's value.
func (s *scope) narrow(c filter.Equality) error {
	key, ok := strings.CutPrefix(c.Field, labelField)
	if !ok {
		return fault.InvalidField("filter", "no roll-up serves %s; served are %s", c.Field, s.served())
	}
	g, l, err := s.by("filter", key)
	if err != nil {
		return err
	}
	s.sums, s.since = g.Of(s.Sums, c.Value), l.Since
	if s.sums.None() && g.Full() && c.Value != "" {
		return fault.InvalidField("filter", "%q is not among the %d values of %s that are counted one by one; its systems are in %q", c.Value, rollup.MaxValues, key, rollup.Other)
	}
	return nil
}

// by are the sums by a label's values; an error, of the request's field that named
// the label, where it is not declared, and one where not every system is counted
// by it yet.
func (s *scope) by(field, key string) (*rollup.Grouped, rollup.Label, error) {
	for _, l := range s.labels {
		if l.Key != key {
			continue
		}
		g, err := s.Sums.By(l)
		if err != nil {
			return nil, l, err
		}
		if g == nil {
			break // it was removed just now
		}
		if !g.Complete() {
			return nil, l, fault.FailedPrecondition("", "systems are being counted by %s: %d of %d are; ask again when GetFleetLabels says that it is complete", key, g.Counted, g.Total)
		}
		return g, l, nil
	}
	return nil, rollup.Label{}, fault.InvalidField(field, "no roll-up serves %s; served are %s", labelField+key, s.served())
}

// served says what a filter may name.
func (s *scope) served() string {
	list := slices.Clone(s.fields)
	for _, l := range s.labels {
		if strings.ContainsFunc(l.Key, func(r rune) bool { return !isPlain(r) }) {
			list = append(list, fmt.Sprintf("%s%q", labelField, l.Key))
		} else {
			list = append(list, labelField+l.Key)
		}
	}
	if len(s.labels) == 0 {
		list = append(list, "no labels: UpdateFleetLabels declares some")
	}
	return strings.Join(list, ", ")
}

func isPlain(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
