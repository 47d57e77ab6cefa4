package score

import "fmt"

// Names of the scoring models, as XCCDF files give them.
const (
	ModelDefault        = "urn:xccdf:scoring:default"
	ModelFlat           = "urn:xccdf:scoring:flat"
	ModelFlatUnweighted = "urn:xccdf:scoring:flat-unweighted"
	ModelAbsolute       = "urn:xccdf:scoring:absolute"
)

// MaxWeight is the largest weight, so that no sum of them overflows.
const MaxWeight = 1e9

// Group is a group of a checklist, or the checklist itself, which is the root.
type Group struct {
	ID     string
	Weight float64 // 0..MaxWeight; that of the root is not used
	Groups []Group
	Rules  []Rule
}

// Rule is a rule of a checklist. Weight is what the file says, where nothing is
// said 1, which is for the caller to fill in: 0 means that the rule has no say.
type Rule struct {
	Index  int     // of its Tally
	Weight float64 // 0..MaxWeight
}

// Tree is a tree of groups and rules, compiled. It does not change.
type Tree struct {
	groups []group // a group before those in it, in the order of the file
	rules  []Rule  // those of the first group, then of the second, and so on
	ids    []string
	need   int // how many tallies there must be
}

// group is a group and, behind it, the groups in it.
type group struct {
	weight     float64
	first, end int // its rules, without those of the groups in it
	next       int // the first group behind it that is not in it
}

// NewTree compiles a tree. It refuses a weight that is not between 0 and
// MaxWeight, a negative index, and an index or an id that occurs twice.
func NewTree(root Group) (*Tree, error) {
	t := &Tree{}
	ids, indexes := map[string]bool{}, map[int]bool{}
	if err := t.add(root, ids, indexes); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *Tree) add(g Group, ids map[string]bool, indexes map[int]bool) error {
	if ids[g.ID] {
		return fmt.Errorf("group %q occurs twice", g.ID)
	}
	ids[g.ID] = true
	if !validWeight(g.Weight) {
		return fmt.Errorf("group %q: the weight %v is not between 0 and %g", g.ID, g.Weight, MaxWeight)
	}
	at := len(t.groups)
	t.groups = append(t.groups, group{weight: g.Weight, first: len(t.rules), end: len(t.rules) + len(g.Rules)})
	t.ids = append(t.ids, g.ID)
	for _, r := range g.Rules {
		switch {
		case r.Index < 0 || indexes[r.Index]:
			return fmt.Errorf("group %q: the rule index %d is negative or occurs twice", g.ID, r.Index)
		case !validWeight(r.Weight):
			return fmt.Errorf("group %q: the weight %v of rule %d is not between 0 and %g", g.ID, r.Weight, r.Index, MaxWeight)
		}
		indexes[r.Index] = true
		t.need = max(t.need, r.Index+1)
		t.rules = append(t.rules, r)
	}
	for _, inner := range g.Groups {
		if err := t.add(inner, ids, indexes); err != nil {
			return err
		}
	}
	t.groups[at].next = len(t.groups)
	return nil
}

func validWeight(w float64) bool { return w >= 0 && w <= MaxWeight }

// Groups returns the ids of the groups in the order in which Score gives their
// scores: the root, then each group before those in it. The caller must not
// change it.
func (t *Tree) Groups() []string { return t.ids }

// Score is a score of one model.
type Score struct {
	Value   float64 // 0..Maximum
	Maximum float64
	OK      bool // false: no score, since nothing counted has weight; the rest is 0 then
}

// Result is a tree's score in the four models.
type Result struct {
	// Default is the mean of the children's scores by weight, group by group;
	// Maximum is 100.
	Default Score
	// Flat is the sum of weight·p/n over the rules; Maximum is what it would be
	// if every counted result were positive.
	Flat Score
	// FlatUnweighted is Flat with every weight 1, but 0 where it is 0.
	FlatUnweighted Score
	// Absolute is 1 where Flat is its Maximum, else 0; Maximum is 1.
	Absolute Score
}

// Score scores a tree. tallies[i] is that of the rule with Index i; a rule
// without counted results has none (the zero Tally), and so has one that is not
// selected. Where groups is not nil it gets the default score of each group, in
// the order of Groups, and must be as long.
//
// Sums are taken in the order of the tree, so that the same arguments give the
// same bits. Score panics where tallies or groups are too short. It allocates
// nothing.
func (t *Tree) Score(tallies []Tally, groups []Score) Result {
	if len(tallies) < t.need || (groups != nil && len(groups) < len(t.groups)) {
		panic("score: fewer tallies or groups than the tree has")
	}
	share, ok := t.share(0, tallies, groups)
	r := t.flat(tallies)
	r.Default = percent(share, ok)
	return r
}

// share returns the default score of a group as a share of 1, whether it has
// one, and puts it and those of the groups in it in groups.
func (t *Tree) share(at int, tallies []Tally, groups []Score) (share float64, ok bool) {
	g := &t.groups[at]
	var sum, weight float64
	for _, r := range t.rules[g.first:g.end] {
		if tally := tallies[r.Index]; tally.Counted > 0 {
			sum += r.Weight * tally.share()
			weight += r.Weight
		}
	}
	for i := at + 1; i < g.next; i = t.groups[i].next {
		if inner, ok := t.share(i, tallies, groups); ok {
			sum += t.groups[i].weight * inner
			weight += t.groups[i].weight
		}
	}
	if weight > 0 {
		// Not above 1: term for term sum is not above weight, and rounding
		// keeps that so.
		share, ok = sum/weight, true
	}
	if groups != nil {
		groups[at] = percent(share, ok)
	}
	return share, ok
}

func (t Tally) share() float64 { return float64(t.Positive) / float64(t.Counted) }

func percent(share float64, ok bool) Score {
	if !ok {
		return Score{}
	}
	return Score{Value: 100 * share, Maximum: 100, OK: true}
}

// flat scores the three models that do not look at groups.
func (t *Tree) flat(tallies []Tally) (r Result) {
	var flat, even Score
	perfect := 1.0
	for _, rule := range t.rules {
		tally := tallies[rule.Index]
		if tally.Counted == 0 || rule.Weight == 0 {
			continue
		}
		share := tally.share()
		flat.Value += rule.Weight * share
		flat.Maximum += rule.Weight
		even.Value += share
		even.Maximum++
		// Counts decide and not the two sums, in which a small weight beside a
		// large one disappears.
		if tally.Positive < tally.Counted {
			perfect = 0
		}
	}
	if flat.Maximum == 0 {
		return Result{}
	}
	flat.OK, even.OK = true, true
	return Result{Flat: flat, FlatUnweighted: even, Absolute: Score{Value: perfect, Maximum: 1, OK: true}}
}
