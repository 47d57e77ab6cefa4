package assess_test

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/inventorytest"
	"github.com/plumbline/plumbline/guidance"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// readChecklist reads a checklist of testdata.
func readChecklist(t testing.TB, file string) *assess.Checklist {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return mustCompile(t, parseChecklist(t, file, text))
}

// parseChecklist reads a checklist as guidance files write it. Titles and the
// like, which people need and the engine does not, may be missing.
func parseChecklist(t testing.TB, name string, text []byte) *pb.Checklist {
	t.Helper()
	f, found := guidance.Parse(name, text)
	for _, d := range found {
		if !strings.HasPrefix(d.Message, "is missing;") {
			t.Error(d)
		}
	}
	if f == nil || t.Failed() {
		t.FailNow()
	}
	return f.Checklist
}

var engineOnce = struct {
	sync.Once
	c *assess.Checklist
}{}

// engine is the checklist with rules of every form.
func engine(t testing.TB) *assess.Checklist {
	t.Helper()
	engineOnce.Do(func() { engineOnce.c = readChecklist(t, "testdata/engine.yaml") })
	return engineOnce.c
}

// engineInventory draws an inventory of the whole model; half of them are
// reported in full, so that rules about several things are decided too.
func engineInventory(t *rapid.T, hosts, elements int) *pb.Inventory {
	return engineConfig(t, hosts, elements).Inventory().Draw(t, "inventory")
}

func engineConfig(t *rapid.T, hosts, elements int) inventorytest.Config {
	return inventorytest.Config{
		Hosts: hosts, Elements: elements, Full: rapid.Bool().Draw(t, "full"), Facts: engineOnce.c.Source().Facts,
	}
}

// engineClaims draws claims about what the inventories name.
func engineClaims(t *rapid.T) (out []*pb.Claim) {
	for i := range rapid.IntRange(0, 4).Draw(t, "claims") {
		c := &pb.Claim{Claim: "secure", Subject: "dc" + strconv.Itoa(rapid.IntRange(1, 2).Draw(t, "facility"))}
		if i%2 == 1 {
			c = &pb.Claim{Claim: "checked", Subject: "h" + strconv.Itoa(rapid.IntRange(1, 3).Draw(t, "host"))}
		}
		from := nearDay(t, "from")
		if rapid.Bool().Draw(t, "starts") {
			c.StartTime = stamp(from)
		}
		c.ExpireTime = stamp(from + day1*int64(rapid.IntRange(1, 300).Draw(t, "days")))
		if rapid.IntRange(0, 3).Draw(t, "revoked") == 0 {
			c.RevokeTime = stamp(nearDay(t, "revoked at"))
		}
		out = append(out, c)
	}
	return out
}

// engineWaivers draws waivers of some rules, areas and subjects.
func engineWaivers(t *rapid.T) (out []*pb.Waiver) {
	for range rapid.IntRange(0, 4).Draw(t, "waivers") {
		w := &pb.Waiver{Rule: rapid.SampledFrom([]string{"host-patched", "channel", "endpoint", "same-zone", ""}).Draw(t, "rule")}
		if w.Rule == "" {
			w.Area = rapid.SampledFrom([]string{"planning", "lifecycle", "os-hardening"}).Draw(t, "area")
		}
		w.Subjects = rapid.SampledFrom([][]string{nil, {"hosts/h1"}, {"channels/c1", "hosts/h2", "hosts/h1|hosts/h2"}}).Draw(t, "subjects")
		from := nearDay(t, "from")
		if rapid.Bool().Draw(t, "starts") {
			w.StartTime = stamp(from)
		}
		w.ExpireTime = stamp(from + day1*int64(rapid.IntRange(1, 300).Draw(t, "days")))
		out = append(out, w)
	}
	return out
}

const day1 = 24 * 3600 * 1_000_000 // a day in microseconds

// nearDay draws an instant among those that inventories hold.
func nearDay(t *rapid.T, label string) int64 {
	return day(rapid.IntRange(-400, 400).Draw(t, label))
}

func stamp(micros int64) *timestamppb.Timestamp { return timestamppb.New(time.UnixMicro(micros)) }
