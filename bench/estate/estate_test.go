package estate

import (
	"testing"

	"google.golang.org/protobuf/proto"
)

// TestSize holds the hosts at the size that the figures are stated for.
func TestSize(t *testing.T) {
	total := 0
	hosts := Hosts(1, 200)
	for _, h := range hosts {
		total += proto.Size(h)
	}
	if mean := total / len(hosts); mean < 3100 || mean > 3500 {
		t.Errorf("a host has %d bytes on the wire, and should have about 3,300", mean)
	}
}

// TestSameSeedSameHosts is what makes runs comparable.
func TestSameSeedSameHosts(t *testing.T) {
	a, b, c := Hosts(1, 20), Hosts(1, 20), Hosts(2, 20)
	differ := false
	for i := range a {
		if !proto.Equal(a[i], b[i]) {
			t.Errorf("host %d is another one with the same seed", i)
		}
		differ = differ || !proto.Equal(a[i], c[i])
	}
	if !differ {
		t.Error("another seed gives the same hosts")
	}
}

// TestEachSubmissionIsNew holds Next to its word: one fact is another each time.
func TestEachSubmissionIsNew(t *testing.T) {
	e := New(Hosts(1, 3))
	seen := map[string]bool{}
	flips := 0
	for n := range 48 {
		h := e.Host(7, Next(n))
		b, err := proto.MarshalOptions{Deterministic: true}.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(b)] {
			t.Fatalf("submission %d has been there", n)
		}
		seen[string(b)] = true
		if n > 0 && Next(n).Flip != Next(n-1).Flip {
			flips++
			if Next(n).Release != Next(n-1).Release {
				t.Errorf("submission %d changes two facts", n)
			}
		}
	}
	if flips != 3 {
		t.Errorf("%d results change in 48 submissions", flips)
	}
}
