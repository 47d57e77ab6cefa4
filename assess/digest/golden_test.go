package digest_test

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/plumbline/plumbline/assess/digest"
)

// goldenCase is one entry of testdata/golden.yaml.
type goldenCase struct{ Name, Type, JSON, Body, Digest string }

func goldenCases(t testing.TB) (cases []goldenCase) {
	raw, err := os.ReadFile("testdata/golden.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("no golden case")
	}
	return cases
}

func TestGolden(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			mt, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("plumbline.v1." + c.Type))
			if err != nil {
				t.Fatal(err)
			}
			m := mt.New().Interface()
			if err := protojson.Unmarshal([]byte(c.JSON), m); err != nil {
				t.Fatal(err)
			}
			encoding := string(digest.Append(nil, m))
			body, ok := strings.CutPrefix(encoding, "plumbline.v1."+c.Type+"\x00")
			if want := strings.Join(strings.Fields(c.Body), ""); !ok || hex.EncodeToString([]byte(body)) != want {
				t.Errorf("body\n%x, want\n%s", body, want)
			}
			if got := digest.Of(m).String(); got != c.Digest {
				t.Errorf("digest %s, want %s", got, c.Digest)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range goldenCases(f) {
		f.Add(c.Digest)
	}
	for _, s := range []string{"", "v1:", "v2:00", "v1:" + strings.Repeat("A", 64), "v1:" + strings.Repeat("g", 64), "v1:" + strings.Repeat("0", 65)} {
		f.Add(s)
		if _, err := digest.Parse(s); err == nil {
			f.Errorf("%q is taken for a digest", s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := digest.Parse(s)
		if err != nil {
			if !d.IsZero() {
				t.Errorf("an error and %s", d)
			}
			return
		}
		if d.String() != s { // one digest has one text
			t.Errorf("%q reads as %s", s, d)
		}
	})
}
