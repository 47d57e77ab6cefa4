package score_test

import (
	"strings"
	"testing"

	"github.com/plumbline/plumbline/assess/score"
)

// The tables of the standard, row by row, in its order of states and letters:
// pass, fail, unknown, error, notapplicable, notchecked, notselected,
// informational.
const letters = "PFUENKSI"

var states = []score.State{
	score.Pass, score.Fail, score.Unknown, score.Error, score.NotApplicable,
	score.NotChecked, score.NotSelected, score.Informational,
}

var tables = map[string]struct {
	combine func(a, b score.State) score.State
	order   string // what decides first
	rows    string
}{
	"AND": {score.And, "FUEPNKSI", `
		P F U E P P P P
		F F F F F F F F
		U F U U U U U U
		E F U E E E E E
		P F U E N N N N
		P F U E N K K K
		P F U E N K S S
		P F U E N K S I`},
	"OR": {score.Or, "PUEFNKSI", `
		P P P P P P P P
		P F U E F F F F
		P U U U U U U U
		P E U E E E E E
		P F U E N N N N
		P F U E N K K K
		P F U E N K S S
		P F U E N K S I`},
}

func letter(s score.State) string {
	for i, t := range states {
		if s == t {
			return letters[i : i+1]
		}
	}
	return "?"
}

func TestTables(t *testing.T) {
	for name, table := range tables {
		rows := strings.Split(strings.TrimSpace(table.rows), "\n")
		for i, a := range states {
			want := strings.Fields(rows[i])
			for j, b := range states {
				got := letter(table.combine(a, b))
				if got != want[j] {
					t.Errorf("%v %s %v = %s, want %s", a, name, b, got, want[j])
				}
				la, lb := letter(a), letter(b)
				first := la
				if strings.Index(table.order, lb) < strings.Index(table.order, la) {
					first = lb
				}
				if got != first {
					t.Errorf("%v %s %v = %s, which does not follow the order", a, name, b, got)
				}
			}
		}
	}
}

// everyState is every state, the zero value and Fixed too.
func everyState() []score.State {
	var all []score.State
	for s := range score.NumStates {
		all = append(all, score.State(s))
	}
	return all
}

func TestLaws(t *testing.T) {
	for name, table := range tables {
		f := table.combine
		for _, a := range everyState() {
			if got := f(a, a); got != a && a != score.Fixed {
				t.Errorf("%v %s %v = %v", a, name, a, got)
			}
			if f(a, score.Unset) != a || f(score.Unset, a) != a {
				t.Errorf("%s with the zero value changes %v", name, a)
			}
			for _, b := range everyState() {
				if f(a, b) != f(b, a) {
					t.Errorf("%v %s %v is not the same the other way round", a, name, b)
				}
				for _, c := range everyState() {
					if f(f(a, b), c) != f(a, f(b, c)) {
						t.Errorf("%v %s %v %s %v depends on where one begins", a, name, b, name, c)
					}
				}
			}
		}
	}
	for _, a := range states {
		if score.Not(score.Not(a)) != a {
			t.Errorf("NOT NOT %v = %v", a, score.Not(score.Not(a)))
		}
		if (score.Not(a) != a) != (a == score.Pass || a == score.Fail) {
			t.Errorf("NOT %v = %v", a, score.Not(a))
		}
		// What is not counted never decides over what is.
		for _, b := range states {
			if a.Counted() && !b.Counted() && (score.And(a, b) != a || score.Or(a, b) != a) {
				t.Errorf("%v gives way to %v", a, b)
			}
		}
	}
}

func TestFixed(t *testing.T) {
	for _, a := range everyState() {
		if a == score.Unset {
			continue
		}
		p := a
		if a == score.Fixed {
			p = score.Pass
		}
		if got := score.And(score.Fixed, a); got != score.And(score.Pass, p) {
			t.Errorf("fixed AND %v = %v", a, got)
		}
		if got := score.Or(score.Fixed, a); got != score.Or(score.Pass, p) {
			t.Errorf("fixed OR %v = %v", a, got)
		}
	}
	if got := score.Not(score.Fixed); got != score.Fail {
		t.Errorf("NOT fixed = %v", got)
	}
}

func TestStates(t *testing.T) {
	for _, c := range []struct {
		state             score.State
		word              string
		counted, positive bool
	}{
		{score.Pass, "pass", true, true},
		{score.Fail, "fail", true, false},
		{score.Error, "error", true, false},
		{score.Unknown, "unknown", true, false},
		{score.Fixed, "fixed", true, true},
		{score.NotApplicable, "notapplicable", false, false},
		{score.NotChecked, "notchecked", false, false},
		{score.NotSelected, "notselected", false, false},
		{score.Informational, "informational", false, false},
	} {
		if c.state.String() != c.word || c.state.Counted() != c.counted || c.state.Positive() != c.positive {
			t.Errorf("%d: %v, counted %v, positive %v", c.state, c.state, c.state.Counted(), c.state.Positive())
		}
		if got, err := score.ParseState(c.word); got != c.state || err != nil {
			t.Errorf("ParseState(%q) = %v, %v", c.word, got, err)
		}
	}
	for _, word := range []string{"", "unset", "Pass", "pass ", "passed", "0"} {
		if got, err := score.ParseState(word); err == nil || got != score.Unset {
			t.Errorf("ParseState(%q) = %v, %v", word, got, err)
		}
	}
	var zero score.State
	if zero != score.Unset || zero.String() != "unset" || zero.Counted() || zero.Positive() {
		t.Errorf("the zero value is %v, counted %v", zero, zero.Counted())
	}
	if got := score.State(score.NumStates).String(); got != "state(10)" {
		t.Errorf("the first that is no state is %s", got)
	}
}
