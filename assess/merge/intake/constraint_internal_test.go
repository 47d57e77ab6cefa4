package intake

import "testing"

// TestEveryRuleIsRead: a kind of rule that the protos begin to use and that
// constraintOf does not know is found here.
func TestEveryRuleIsRead(t *testing.T) {
	n := 0
	for f, c := range constraints() {
		if len(c.in) == 0 && c.pattern == nil && !c.id && c.max == 0 && !c.ip && !c.ranged && c.min == 0 {
			t.Errorf("%s.%s: its rule is of a kind that is not checked", f.Parent.Name, f.Name)
		}
		n++
	}
	if n < 40 {
		t.Errorf("only %d rules found", n)
	}
}
