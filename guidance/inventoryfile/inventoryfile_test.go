package inventoryfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

var update = flag.Bool("update", false, "rewrite the wanted results in testdata")

// show writes items as compact JSON and problems, one a line.
func show(name string, r io.Reader) string {
	var b bytes.Buffer
	for s := range Submissions(name, r) {
		fmt.Fprintf(&b, "item at line %d", s.Line)
		if s.Item != nil {
			b.WriteString(": ")
			compact(&b, s.Item)
		}
		b.WriteByte('\n')
		for _, p := range s.Problems {
			fmt.Fprintln(&b, "  "+p.String())
		}
	}
	return b.String()
}

func compact(b *bytes.Buffer, m proto.Message) {
	out, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err == nil {
		err = json.Compact(b, out)
	}
	if err != nil {
		b.WriteString(err.Error())
	}
}

func TestSubmissions(t *testing.T) {
	const file = "testdata/submissions.txtar"
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(ar.Files); i += 2 {
		in, want := ar.Files[i], &ar.Files[i+1]
		if want.Name != in.Name+".want" {
			t.Fatalf("%s: %s follows %s", file, want.Name, in.Name)
		}
		got := show(in.Name, bytes.NewReader(in.Data))
		if *update {
			want.Data = []byte(got)
			continue
		}
		t.Run(in.Name, func(t *testing.T) {
			if d := cmp.Diff(string(want.Data), got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadFailure: a reader that fails is an item with a problem, after those
// that were read.
func TestReadFailure(t *testing.T) {
	broken := errors.New("the disk is gone")
	r := io.MultiReader(strings.NewReader("{\"system\":{\"id\":\"a\"}}\n"), iotest.ErrReader(broken))
	if got := show("x.jsonl", r); strings.Count(got, "item at") != 2 || !strings.Contains(got, broken.Error()) {
		t.Errorf("got\n%s", got)
	}
	if got := show("x.yaml", iotest.ErrReader(broken)); !strings.Contains(got, broken.Error()) {
		t.Errorf("got\n%s", got)
	}
}

// TestLongLine: a line without end is refused and not kept.
func TestLongLine(t *testing.T) {
	endless := io.LimitReader(zeros{}, MaxBytes+1<<20)
	if got := show("x.jsonl", endless); !strings.Contains(got, "send the hosts in parts") {
		t.Errorf("got %.200s", got)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// TestStop: a caller that has enough is not sent more.
func TestStop(t *testing.T) {
	n := 0
	for range Submissions("x.jsonl", strings.NewReader(strings.Repeat("{\"system\":{\"id\":\"a\"}}\n", 10))) {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d items", n)
	}
}

func TestInventory(t *testing.T) {
	inv, problems := Inventory("a.yaml", []byte("hosts: [{id: web1, endpoints: []}]"))
	if len(problems) > 0 || len(inv.Hosts) != 1 || len(inv.Hosts[0].ReportedEmpty) != 1 {
		t.Errorf("%v, %v", inv, problems)
	}
	for text, want := range map[string]string{
		"hosts: [{id: web1, addresses: [{ip: nowhere}]}]": "1:37: hosts[0].addresses[0].ip: must be a valid IP address",
		"hosts: [{id: a, endpoints: [{id: x, port: 0}]}]": "1:43: hosts[0].endpoints[0].port:",
		"":                     "no document or more than one",
		"hosts: []\n---\na: b": "no document or more than one",
	} {
		inv, problems := Inventory("a.yaml", []byte(text))
		if inv != nil || len(problems) != 1 || !strings.Contains(problems[0].String(), want) {
			t.Errorf("%q: %v, %v; want %s", text, inv, problems, want)
		}
	}
}

func TestIsJSON(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"a.JSON": {"", true}, "b.yaml": {`{"a": 1}`, false}, "-": {` {"a": 1}`, true}, "c": {"{id: a}", false}, "d": {"{\n  \"id\": 1}", true}, "e": {"id: a", false},
	} {
		if got := isJSON(name, []byte(c.text)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
