package rule_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"cel.dev/expr"
	_ "cel.dev/expr/conformance/proto2" // messages that the cases name
	_ "cel.dev/expr/conformance/proto3"
	"cel.dev/expr/conformance/test"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plumbline/plumbline/assess/rule"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// leastRun is how many of the specification's cases must at least be within
// the subset of CEL that rules have.
const leastRun = 490

// deviations are the cases whose result differs on purpose.
var deviations = map[string]string{
	"macros/exists_one/list_no_shortcircuit": "two certain matches decide, whatever the other elements are",
}

// TestConformance runs the cases of the CEL specification that compile: those
// that use what rules do not have are refused when published, and skipped.
func TestConformance(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "cel.dev/expr").Output()
	if err != nil {
		t.Skipf("the module cel.dev/expr cannot be found: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "tests", "simple", "testdata", "*.textproto"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no cases in %s", dir)
	}
	w := newWorld(t)
	w.bind(&pb.Inventory{}, now)
	ran, refused := map[string]int{}, map[string]int{}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file := &test.SimpleTestFile{}
		if err := prototext.Unmarshal(raw, file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, section := range file.Section {
			for _, c := range section.Test {
				name := file.Name + "/" + section.Name + "/" + c.Name
				if deviations[name] == "" && w.conforms(t, name, c) {
					ran[file.Name]++
				} else {
					refused[file.Name]++
				}
			}
		}
	}
	total := 0
	var lines []string
	for name := range refused {
		lines = append(lines, fmt.Sprintf("%s %d of %d", name, ran[name], ran[name]+refused[name]))
		total += ran[name]
	}
	sort.Strings(lines)
	t.Logf("ran %d cases: %s", total, strings.Join(lines, ", "))
	if total < leastRun {
		t.Errorf("only %d cases are within the subset, want at least %d", total, leastRun)
	}
}

// conforms runs a case; it is false for one that is outside of the subset.
func (w *world) conforms(t *testing.T, name string, c *test.SimpleTest) bool {
	if c.DisableMacros || c.CheckOnly || len(c.Bindings) > 0 || len(c.TypeEnv) > 0 {
		return false
	}
	src, want := "", rule.True
	switch {
	case c.GetEvalError() != nil || c.GetAnyEvalErrors() != nil:
		src, want = fmt.Sprintf("(%s) == (%s)", c.Expr, c.Expr), rule.Error
	case c.GetResultMatcher() == nil:
		src = c.Expr
	default:
		v := c.GetValue()
		if v == nil {
			v = c.GetTypedResult().GetResult()
		}
		literal, ok := literalOf(v)
		if !ok {
			return false
		}
		src = fmt.Sprintf("(%s) == %s", c.Expr, literal)
		if d, ok := v.GetKind().(*expr.Value_DoubleValue); ok && math.IsNaN(d.DoubleValue) {
			src = fmt.Sprintf("(%s) != (%s)", c.Expr, c.Expr)
		}
	}
	p, issues := w.env.Compile(src, "system", rule.WantBool)
	if len(issues) > 0 {
		return false
	}
	w.machine.Subject(nil, nil)
	if got := p.Bool(w.machine); got != want {
		t.Errorf("%s\n%s\nis %v (%v), want %v", name, src, got, w.machine.Err(), want)
	}
	return true
}

// literalOf writes a value as CEL.
func literalOf(v *expr.Value) (string, bool) {
	switch x := v.GetKind().(type) {
	case *expr.Value_BoolValue:
		return strconv.FormatBool(x.BoolValue), true
	case *expr.Value_Int64Value:
		return strconv.FormatInt(x.Int64Value, 10), true
	case *expr.Value_DoubleValue:
		switch {
		case math.IsInf(x.DoubleValue, 1):
			return "(1.0 / 0.0)", true
		case math.IsInf(x.DoubleValue, -1):
			return "(-1.0 / 0.0)", true
		}
		s := strconv.FormatFloat(x.DoubleValue, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s, true
	case *expr.Value_StringValue:
		return strconv.Quote(x.StringValue), true
	case *expr.Value_ListValue:
		var items []string
		for _, e := range x.ListValue.Values {
			s, ok := literalOf(e)
			if !ok {
				return "", false
			}
			items = append(items, s)
		}
		return "[" + strings.Join(items, ", ") + "]", true
	case *expr.Value_ObjectValue:
		if at := new(timestamppb.Timestamp); x.ObjectValue.UnmarshalTo(at) == nil {
			return fmt.Sprintf("timestamp(%q)", at.AsTime().Format("2006-01-02T15:04:05.999999999Z")), true
		}
		if d := new(durationpb.Duration); x.ObjectValue.UnmarshalTo(d) == nil {
			return fmt.Sprintf("duration(%q)", d.AsDuration()), true
		}
	}
	return "", false
}
