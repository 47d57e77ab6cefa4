package merge_test

import (
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/plumbline/plumbline/assess/merge"
	"github.com/plumbline/plumbline/assess/merge/intake"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

func TestCompile(t *testing.T) {
	raw, err := os.ReadFile("testdata/policies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name       string
		Policy     any
		Violations []struct{ Path, Reason, Message string }
	}
	if err := yaml.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			var policy pb.Policy
			fromYAML(t, c.Policy, &policy)
			_, err := merge.Compile(&policy)
			var got merge.Invalid
			if err != nil && (!errors.As(err, &got) || !strings.Contains(err.Error(), got[0].Message)) {
				t.Fatal(err)
			}
			if len(got) != len(c.Violations) {
				t.Fatalf("%+v, want %+v", got, c.Violations)
			}
			for i, want := range c.Violations {
				if want.Message == "" {
					want.Message = got[i].Message
				}
				if got[i] != intake.Violation(want) {
					t.Errorf("%+v, want %+v", got[i], want)
				}
			}
		})
	}
}

func TestOrderOfSources(t *testing.T) {
	p := compile(t, &pb.Policy{Precedence: []string{"scanner", "agent"}})
	sources := []string{"cmdb", merge.Attestation, "agent", "zabbix", "scanner", "ansible"}
	slices.SortFunc(sources, p.Compare)
	if want := []string{"scanner", "agent", "ansible", "cmdb", "zabbix", merge.Attestation}; !slices.Equal(sources, want) {
		t.Errorf("%v, want %v", sources, want)
	}
	var none *merge.Policy
	if none.Compare("b", "a") <= 0 || none.Compare(merge.Attestation, "z") <= 0 {
		t.Error("without a policy sources stand by name, attestations last")
	}
}

func TestStaleInstants(t *testing.T) {
	p := compile(t, &pb.Policy{
		DefaultFreshness: &durationpb.Duration{Seconds: 10},
		Freshness: []*pb.Freshness{
			{Source: "agent", Path: "host", Duration: &durationpb.Duration{Seconds: 3}},
			{Path: "system.product", Duration: &durationpb.Duration{Seconds: 1}},
		},
	})
	for _, c := range []struct {
		what      string
		got, want int64
	}{
		{"an agent's host", p.HostStale("agent", 5), 3000005},
		{"another's host", p.HostStale("cmdb", 5), 10000005},
		{"an agent's system", p.SystemStale("agent", 5), 10000005},
		{"the end of time", p.HostStale("agent", math.MaxInt64-1), merge.Never},
		{"no policy", (*merge.Policy)(nil).SystemStale("cmdb", 0), merge.DefaultFreshness.Microseconds()},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.what, c.got, c.want)
		}
	}
}
