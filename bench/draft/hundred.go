package draft

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"
)

//go:embed hundred.yaml
var hundred string

var hundredText = template.Must(template.New("hundred.yaml").Funcs(template.FuncMap{
	"add": func(n ...int) (sum int) {
		for _, x := range n {
			sum += x
		}
		return sum
	},
}).Parse(hundred))

// HundredID is the checklist's id that Hundred writes.
const HundredID = "bench-hundred"

// Hundred writes, as a guidance file's text, a checklist of a hundred rules with
// three examples each. Each build is another version, in which ten rules ask
// something else than in the build before.
func Hundred(build int) (string, error) {
	var b strings.Builder
	err := hundredText.Execute(&b, struct {
		Version string
		Build   int
		Numbers []int
	}{fmt.Sprintf("1.0.%d", build), build, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}})
	return b.String(), err
}
