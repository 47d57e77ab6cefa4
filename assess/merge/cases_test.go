package merge_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/assess/inventorytest"
	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/shape"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// mergeCase is one entry of testdata/cases.yaml.
type mergeCase struct {
	Name       string
	Policy     any
	At         *int
	Views      []viewCase
	Inventory  any
	ValidUntil string `yaml:"valid_until"`

	Sources       map[string]string
	Disagreements []disagreementCase
	Provenance    []string
	Stale         []string
	NotReported   []string `yaml:"not_reported"`
}

type viewCase struct {
	Source    string
	Inventory any
	Upsert    bool
	Confirmed int
	Until     *int
	LeftOut   []string `yaml:"left_out"`
}

type disagreementCase struct {
	Path   string
	Values []string
}

func onDay(n int) int64 { return inventorytest.Base.Add(time.Duration(n) * 24 * time.Hour).UnixMicro() }

func dayOf(micros int64) string {
	if micros == merge.Never {
		return "never"
	}
	return fmt.Sprint(int(time.UnixMicro(micros).Sub(inventorytest.Base) / (24 * time.Hour)))
}

// fromYAML reads a message out of the YAML form of its JSON.
func fromYAML(t *testing.T, from any, into proto.Message) {
	t.Helper()
	if from == nil {
		return
	}
	raw, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := protojson.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

func (c mergeCase) input(t *testing.T) merge.Input {
	var policy pb.Policy
	fromYAML(t, c.Policy, &policy)
	in := merge.Input{Policy: compile(t, &policy), At: onDay(1)}
	if c.At != nil {
		in.At = onDay(*c.At)
	}
	for _, v := range c.Views {
		inv := &pb.Inventory{}
		fromYAML(t, v.Inventory, inv)
		var until int64
		if v.Until != nil {
			until = onDay(*v.Until)
		}
		for _, h := range inv.Hosts {
			in.Hosts = append(in.Hosts, merge.HostView{Source: v.Source, Host: h, Confirmed: onDay(v.Confirmed), Until: until,
				Reported: !slices.Contains(v.LeftOut, h.Id)})
		}
		if v.Upsert {
			continue
		}
		in.System = append(in.System, merge.SystemView{Source: v.Source, Inventory: inv, Confirmed: onDay(v.Confirmed), Until: until,
			Hosts: shape.Of(inv).Field("hosts").Presence(shape.Ptr(inv))})
	}
	return in
}

func TestCases(t *testing.T) {
	raw, err := os.ReadFile("testdata/cases.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []mergeCase
	if err := yaml.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { c.run(t) })
	}
}

func (c mergeCase) run(t *testing.T) {
	m := merge.Merge(c.input(t))
	want := &pb.Inventory{}
	fromYAML(t, c.Inventory, want)
	if !proto.Equal(m.Inventory, want) {
		t.Errorf("inventory\n%v, want\n%v", m.Inventory, want)
	}
	if got := dayOf(m.ValidUntil); got != c.ValidUntil {
		t.Errorf("valid until %s, want %s", got, c.ValidUntil)
	}
	for path, source := range c.Sources {
		if o, ok := m.Source(path); o.Source != source || ok != (source != "") {
			t.Errorf("source of %s: %q (%v), want %q", path, o.Source, ok, source)
		}
	}
	if c.Disagreements != nil {
		c.checkDisagreements(t, m.Disagreements())
	}
	compareLines(t, "provenance", pathLines(m.Provenance()), c.Provenance)
	compareLines(t, "stale", pathLines(m.Stale()), c.Stale)
	var absent []string
	for _, n := range m.NotReported() {
		absent = append(absent, fmt.Sprintf("%s %s %s", n.Host, n.Source, dayOf(n.Stale)))
	}
	compareLines(t, "not reported", absent, c.NotReported)
}

func (c mergeCase) checkDisagreements(t *testing.T, got []merge.Disagreement) {
	show := func(path string, values []string) string { return path + ": " + strings.Join(values, " | ") }
	var have, want []string
	for _, d := range got {
		var values []string
		for _, v := range d.Values {
			values = append(values, v.Source+" "+v.Value)
		}
		have = append(have, show(d.Path, values))
	}
	for _, d := range c.Disagreements {
		want = append(want, show(d.Path, d.Values))
	}
	compareLines(t, "disagreements", have, append([]string{}, want...))
}

func pathLines(list []merge.PathOrigin) (lines []string) {
	for _, p := range list {
		lines = append(lines, p.Path+" "+p.Source)
	}
	return lines
}

// compareLines compares what the case names; nil names nothing.
func compareLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	if want != nil && !slices.Equal(got, want) {
		t.Errorf("%s\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
