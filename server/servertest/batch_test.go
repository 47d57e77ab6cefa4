package servertest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/servertest"
)

// TestBatchOverREST: each item has a receipt in its place, and a bad one does
// not stop the others.
func TestBatchOverREST(t *testing.T) {
	c := start(t, servertest.Options{})
	item := func(system, hosts string) string {
		return fmt.Sprintf(`{"submit":{"system":"systems/%s","source":"cmdb","inventory":{"system":{"id":"%s"},"hosts":[%s]}}}`, system, system, hosts)
	}
	body := fmt.Sprintf(`{"items":[%s,%s,{"upsert":{"system":"systems/a","source":"agent","hosts":[{"id":"h1","zone":"dmz"}]}}]}`,
		item("a", `{"id":"h1"}`), item("b", `{"id":"x"},{"id":"x"}`))
	code, answer := c.rest("POST", "/v1/submissions:batch", body)
	if code != 200 {
		t.Fatal(code, answer)
	}
	var out struct {
		Receipts []struct {
			Outcome string
			Index   int
			Error   map[string]any
		}
	}
	raw, err := json.Marshal(answer)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil || len(out.Receipts) != 3 {
		t.Fatal(err, answer)
	}
	for i, want := range []string{"inserted", "rejected", "updated"} {
		if r := out.Receipts[i]; r.Outcome != want && !(i == 2 && r.Outcome == "unchanged") || r.Index != i || (want == "rejected") != (r.Error != nil) {
			t.Errorf("receipt %d: %+v, want %s", i, r, want)
		}
	}
	jsonHas(t, answer, "inventory.hosts[1]")
	if code, answer := c.rest("POST", "/v1/submissions:batch", `{"items":[`+strings.TrimSuffix(strings.Repeat(`{"submit":{}},`, 1001), ",")+`]}`); code != 400 {
		t.Errorf("1,001 items: %d %v", code, answer)
	}
}

// TestAudit: who wrote what and when stands in the audit, newest first.
func TestAudit(t *testing.T) {
	c := start(t, servertest.Options{})
	req := view("s", host("a", true))
	req.RequestId = "r-1"
	c.submit(req)
	list, err := c.admin.ListAuditEntries(t.Context(), &pb.ListAuditEntriesRequest{})
	if err != nil || len(list.AuditEntries) != 3 {
		t.Fatal(list, err)
	}
	e := list.AuditEntries[0]
	if e.Actor != "local" || e.Method != "SubmitInventory" || e.Resource != "systems/s" || e.Source != "cmdb" ||
		e.Outcome != "inserted" || e.RequestId != "r-1" || e.RecordedTime == nil {
		t.Errorf("newest entry: %v", e)
	}
	if list.AuditEntries[2].Method != "PublishChecklist" {
		t.Errorf("oldest entry: %v", list.AuditEntries[2])
	}
}

// TestValidateOnly answers as a submission would, and changes nothing.
func TestValidateOnly(t *testing.T) {
	c := start(t, servertest.Options{})
	req := view("s", host("a", false))
	req.ValidateOnly = true
	if r := c.submit(req); r.Outcome != "inserted" || len(r.Assessments) != 1 || r.Assessments[0].Fail != 1 {
		t.Errorf("dry run: %v", r)
	}
	if list, err := c.inventory.ListSystems(t.Context(), &pb.ListSystemsRequest{}); err != nil || len(list.Systems) != 0 {
		t.Errorf("a dry run stored %v, %v", list, err)
	}
}
