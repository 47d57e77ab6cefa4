package filter

import (
	"fmt"
	"strings"
	"testing"
)

func TestEqualities(t *testing.T) {
	for src, want := range map[string]string{
		"":                                "[]",
		" ":                               "[]",
		`labels.tier = "prod"`:            "[{labels.tier prod}]",
		`labels.tier=prod`:                "[{labels.tier prod}]",
		`labels."cost-center" = "7"`:      "[{labels.cost-center 7}]",
		`labels.app.io/name = "x.y"`:      "[{labels.app.io/name x.y}]",
		`labels.tier = ""`:                "[{labels.tier }]",
		`labels.tier = a.b`:               "[{labels.tier a.b}]",
		`a = b AND c = "d e" AND f = g`:   "[{a b} {c d e} {f g}]",
		`a = b c = d`:                     "[{a b} {c d}]",
		`labels."say \"hi\"" = "a\"b\\c"`: `[{labels.say "hi" a"b\c}]`,
	} {
		got, err := Equalities(src, "")
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v, %v; want %s", src, got, err, want)
		}
	}
	for _, src := range []string{"a", "a != b", "a = b OR c = d", "NOT a = b", "a:b", "a > b", "f(a) = b", "a = 7", "a = f(b)", "(", "a = ", `a = "`} {
		if got, err := Equalities(src, "labels.tier"); err == nil || !strings.Contains(fmt.Sprint(err), "filter") {
			t.Errorf("%s: %v, %v", src, got, err)
		}
	}
}

// FuzzEqualities: no filter, however wrong, does harm.
func FuzzEqualities(f *testing.F) {
	f.Add(`labels.tier = "prod" AND a=b`)
	f.Add(`((((`)
	f.Fuzz(func(t *testing.T, src string) {
		list, err := Equalities(src, "x")
		for _, c := range list {
			if err != nil || c.Field == "" {
				t.Fatalf("%q: %+v, %v", src, list, err)
			}
		}
	})
}
