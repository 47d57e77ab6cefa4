package score

// The orders that the tables of XCCDF come down to, from what decides to what
// gives way (tables 12 and 13).
var (
	andOrder = []State{Fail, Unknown, Error, Pass, NotApplicable, NotChecked, NotSelected, Informational}
	orOrder  = []State{Pass, Unknown, Error, Fail, NotApplicable, NotChecked, NotSelected, Informational}

	andTable = table(andOrder)
	orTable  = table(orOrder)
)

// table writes a total order out as a table. Unset gives way to everything, and
// leaves the other one as it is. Fixed is not defined inside a combination and
// stands for Pass there.
func table(order []State) (t [NumStates][NumStates]State) {
	for i, winner := range order {
		for _, loser := range order[i:] {
			t[winner][loser], t[loser][winner] = winner, winner
		}
	}
	for s := Pass; s < Fixed; s++ {
		t[Fixed][s], t[s][Fixed] = t[Pass][s], t[s][Pass]
	}
	t[Fixed][Fixed] = Pass
	for s := Unset; int(s) < NumStates; s++ {
		t[Unset][s], t[s][Unset] = s, s
	}
	return t
}

// And combines two results of which both must hold (table 12). A fold may begin
// with the zero value, which gives way to everything.
func And(a, b State) State { return andTable[a][b] }

// Or combines two results of which one must hold (table 13).
func Or(a, b State) State { return orTable[a][b] }

// Not returns the result of the negated check (table 14).
func Not(s State) State {
	switch s {
	case Pass, Fixed:
		return Fail
	case Fail:
		return Pass
	}
	return s
}

// Tally is what a score needs of a rule's results: how many count, and how many
// of these are positive; 0 <= Positive <= Counted.
type Tally struct {
	Counted  int32 // n in the formulas
	Positive int32 // p in the formulas
}

// Add counts one result in.
func (t *Tally) Add(s State) {
	if !s.Counted() {
		return
	}
	t.Counted++
	if s.Positive() {
		t.Positive++
	}
}

// TallyOf counts a rule's results, one for each of its subjects: each by itself
// where multiple says so, else all as one, combined by And.
func TallyOf(multiple bool, states ...State) Tally {
	var t Tally
	if multiple {
		for _, s := range states {
			t.Add(s)
		}
		return t
	}
	all := Unset
	for _, s := range states {
		all = And(all, s)
	}
	t.Add(all)
	return t
}
