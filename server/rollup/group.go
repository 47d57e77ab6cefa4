package rollup

import (
	"cmp"
	"iter"
	"slices"

	"github.com/plumbline/plumbline/store/ledger"
)

// Group is the systems that have one value of a label.
type Group struct {
	Value string // "" where the label is absent; Other where the value is not kept
	Sums  *Sums
}

// Grouped are a series' sums by the values of a label. They are of all systems
// where Counted is Total.
type Grouped struct {
	Values  []string // that were seen, in their order
	Groups  []Group  // in the order of their values; those that have no system are there too
	Counted int64    // systems that are in a group
	Total   int64    // systems
}

// Complete tells whether every system is in a group.
func (g *Grouped) Complete() bool { return g.Counted == g.Total }

// Full tells whether values that are not there yet would be counted under Other.
func (g *Grouped) Full() bool { return len(g.Values) >= MaxValues }

// By are the sums by the values of a label; nil where it is not declared any more.
func (s *Sums) By(l Label) (*Grouped, error) {
	rec, err := readLabel(s.tx, l.ID)
	if rec == nil || err != nil {
		return nil, err
	}
	out := &Grouped{Values: slices.Sorted(slices.Values(rec.Values)), Total: s.Newest().At(Systems)}
	for _, g := range rec.Groups {
		if g.Series != s.number {
			continue
		}
		x := Group{Value: Other, Sums: &Sums{tx: s.tx, number: g.Number, names: s.names}}
		if g.Place == placeAbsent {
			x.Value = ""
		} else if i := g.Place - placeValues; g.Place >= placeValues && int(i) < len(rec.Values) {
			x.Value = rec.Values[i]
		}
		out.Groups = append(out.Groups, x)
		out.Counted += x.Sums.Newest().At(Systems)
	}
	slices.SortFunc(out.Groups, func(a, b Group) int { return cmp.Compare(a.Value, b.Value) })
	return out, nil
}

// Of are the sums of the systems that have a value. Where none ever had it they
// are those of nothing.
func (g *Grouped) Of(whole *Sums, value string) *Sums {
	for _, x := range g.Groups {
		if x.Value == value {
			return x.Sums
		}
	}
	return &Sums{tx: whole.tx, names: whole.names} // no sum stands under number 0
}

// None tells whether nothing was ever counted here.
func (s *Sums) None() bool { return s.number == 0 }

// Each yields the ids that a series ever had, with their sums.
func Each(tx *ledger.Tx) iter.Seq2[string, *Sums] {
	return func(yield func(string, *Sums) bool) {
		for id, n := range tx.Names(nameSeries, "") {
			if !yield(id, &Sums{tx: tx, number: n}) {
				return
			}
		}
	}
}

// Latest yields systems by number by when one of their results began to fail, or
// to be unknown, the latest first by whole seconds, from a place on.
func (s *Sums) Latest(place int, from ledger.Rank) iter.Seq[ledger.Rank] {
	kind := rankFailing
	if place == BegunUnknown {
		kind = rankUnknown
	}
	return s.tx.Ranks(kind, s.number, from)
}

// LatestAt is the instant of a place in Latest, in microseconds: that of the
// result rounded down to a second.
func LatestAt(r ledger.Rank) int64 { return int64(^r.Value) * 1e6 }

// Begun is how many results of each rule that stand so now began to since an
// instant, a whole hour.
type Begun struct{ Failing, Unknown int64 }

// Begun is by the ids of rules.
func (s *Sums) Begun(since int64) map[string]Begun {
	out := map[string]Begun{}
	prefix := string(key(tagBegun, s.number))
	for _, n := range s.tx.SumsFrom(prefix, string(appendBucket(nil, hours.bucket(since)))) {
		for i := 0; i < len(n); i += begunPlaces {
			if rule := i / begunPlaces; rule < len(s.names.Rules) {
				x := out[s.names.Rules[rule]]
				x.Failing, x.Unknown = x.Failing+at(n, i+BegunFailing), x.Unknown+at(n, i+BegunUnknown)
				out[s.names.Rules[rule]] = x
			}
		}
	}
	return out
}
