package jsonwire_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/jsonwire"
)

func TestGolden(t *testing.T) {
	day := timestamppb.New(time.Date(2026, 3, 1, 0, 0, 0, 5000, time.UTC))
	for _, c := range []struct {
		name string
		m    proto.Message
		want string
	}{
		{"counts of zero are written", &pb.Counts{Pass: 3},
			`{"pass":3,"fail":0,"error":0,"unknown":0,"notapplicable":0,"notchecked":0,"notselected":0,"informational":0}`},
		{"an empty page is []", &pb.ListSystemsResponse{}, `{"systems":[],"nextPageToken":""}`},
		{"no score is no field", &pb.Score{Model: "m"}, `{"model":"m"}`},
		{"a score of zero is one", &pb.Score{Model: "m", Value: proto.Float64(0)}, `{"model":"m","value":0}`},
		{"an inventory without lists", &pb.Inventory{System: &pb.System{Id: "a"}}, `{"system":{"id":"a"}}`},
		{"a list reported empty", &pb.Inventory{ReportedEmpty: []string{"hosts"}}, `{"reportedEmpty":["hosts"]}`},
		{"false is reported", &pb.Host{Id: "h", Virtual: proto.Bool(false)}, `{"id":"h","virtual":false}`},
		{"a declared fact that is an empty list", &pb.FactValue{Value: &pb.FactValue_StringList{StringList: &pb.StringList{}}}, `{"stringList":{}}`},
		{"both kinds in one document", &pb.EffectiveInventory{Name: "systems/a/inventory", Inventory: &pb.Inventory{Hosts: []*pb.Host{{Id: "h"}}}},
			`{"name":"systems/a/inventory","inventory":{"hosts":[{"id":"h"}]},"provenance":[],"digest":"","disagreementCount":0,"stale":[],"notReported":[]}`},
		{"maps sorted", &pb.System{Id: "a", Labels: map[string]string{"b": "2", "a": "1", "ä": "3"}}, `{"id":"a","labels":{"a":"1","b":"2","ä":"3"}}`},
		{"64 bits as a text", &pb.AuditEntry{Sequence: math.MaxInt64, RecordedTime: day},
			`{"sequence":"9223372036854775807","recordedTime":"2026-03-01T00:00:00.000005Z","actor":"","method":"","resource":"","source":"","outcome":"","requestId":""}`},
		{"durations", &pb.Policy{DefaultFreshness: durationpb.New(-1500 * time.Millisecond)},
			`{"name":"","precedence":[],"defaultFreshness":"-1.500s","freshness":[],"matchRules":[],"digest":"","etag":""}`},
		{"texts", &pb.ValueSource{Path: "a\"\\\n\x01\u2028é\xff<"}, `{"path":"a\"\\\n\u0001` + "\u2028é\ufffd<" + `","source":""}`},
		{"an operation", &longrunningpb.Operation{Name: "operations/o", Metadata: packed(&pb.Counts{Pass: 3}), Result: &longrunningpb.Operation_Error{Error: &status.Status{Code: 1, Details: []*anypb.Any{packed(&errdetails.ErrorInfo{Reason: "A"})}}}},
			`{"name":"operations/o","metadata":{"@type":"type.googleapis.com/plumbline.v1.Counts","pass":3,"fail":0,"error":0,"unknown":0,"notapplicable":0,"notchecked":0,"notselected":0,"informational":0},` +
				`"done":false,"error":{"code":1,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"A"}]}}`},
		{"a page of operations", &longrunningpb.ListOperationsResponse{}, `{"operations":[],"nextPageToken":"","unreachable":[]}`},
		{"empty", &emptypb.Empty{}, `{}`},
		{"another API's message", &errdetails.ErrorInfo{Reason: "A", Metadata: map[string]string{"k": "v w"}}, `{"reason":"A","metadata":{"k":"v w"}}`},
	} {
		got, err := jsonwire.Marshal(c.m)
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\n got %s (%v)\nwant %s", c.name, got, err, c.want)
		}
	}
}

func packed(m proto.Message) *anypb.Any {
	a, err := anypb.New(m)
	if err != nil {
		panic(err)
	}
	return a
}

// TestOperationsAreReadBack: what is written of an operation is one for protojson.
func TestOperationsAreReadBack(t *testing.T) {
	for _, m := range []proto.Message{
		&longrunningpb.Operation{Name: "operations/o", Metadata: packed(&pb.ReassessSystemsMetadata{})},
		&longrunningpb.Operation{Done: true, Result: &longrunningpb.Operation_Response{Response: packed(&pb.ReassessSystemsResponse{})}},
		packed(durationpb.New(time.Second)), packed(&pb.System{Id: "s"}),
	} {
		text, err := jsonwire.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		back := m.ProtoReflect().New().Interface()
		if err := protojson.Unmarshal(text, back); err != nil || !proto.Equal(back, m) {
			t.Errorf("%s is read as %v, %v", text, back, err)
		}
	}
	if got, err := jsonwire.Marshal(&anypb.Any{TypeUrl: "type.googleapis.com/plumbline.v1.NoSuch"}); err == nil {
		t.Errorf("an unknown message became %s", got)
	}
}

func TestNotJSON(t *testing.T) {
	for _, m := range []proto.Message{
		&pb.Claim{StartTime: &timestamppb.Timestamp{Seconds: 1 << 50}},
		&pb.Claim{StartTime: &timestamppb.Timestamp{Nanos: -1}},
		&pb.Policy{DefaultFreshness: &durationpb.Duration{Seconds: 1, Nanos: -1}},
		&pb.Policy{DefaultFreshness: &durationpb.Duration{Seconds: 1 << 50}},
	} {
		if got, err := jsonwire.Marshal(m); err == nil {
			t.Errorf("%v became %s", m, got)
		}
	}
}

// What is written says the same as protojson's output under the option that
// fits the type, and reads back as the same message.
func TestAgreesWithProtojson(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMessage(t, rapid.SampledFrom(samples).Draw(t, "type").ProtoReflect().Type(), 4).Interface()
		got, err := jsonwire.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		back := m.ProtoReflect().New().Interface()
		if err := jsonwire.Unmarshal(got, back); err != nil {
			t.Fatalf("cannot be read again: %v\n%s", err, got)
		}
		if !proto.Equal(m, back) {
			t.Fatalf("read as something else:\n%v\n%v", m, back)
		}
		if onlyOneKind(m) {
			_, inventory := m.(*pb.Inventory)
			want, err := protojson.MarshalOptions{EmitDefaultValues: !inventory}.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(parse(t, got), parse(t, want)) {
				t.Fatalf("\n got %s\nwant %s", got, want)
			}
		}
		again, _ := jsonwire.Marshal(back)
		if string(again) != string(got) {
			t.Fatalf("not deterministic:\n%s\n%s", got, again)
		}
	})
}

func TestUnmarshalErrors(t *testing.T) {
	for _, c := range []struct{ name, doc, field, text string }{
		{"unknown field", `{"system":"systems/a","bogus":1}`, "bogus", "unknown field"},
		{"nested unknown field", `{"inventory":{"hosts":[{"id":"a"},{"id":"b","os":{"colour":"red"}}]}}`, "inventory.hosts[1].os.colour", "unknown field"},
		{"wrong type", `{"inventory": {"hosts": [{"id": 5}]}}`, "inventory.hosts[0].id", "invalid value for string"},
		{"wrong type on another line", "{\n \"inventory\": {\n  \"system\": {\"é\": 1}}}", "inventory.system.é", "line 3, column 14"},
		{"text for a number", `{"inventory":{"hosts":[{"os":{"openAlerts":"many"}}]}}`, "inventory.hosts[0].os.openAlerts", "invalid value for int32"},
		{"object for a list", `{"inventory":{"hosts":{}}}`, "inventory.hosts", "unexpected token"},
		{"value after an array", `{"inventory":{"partial":["hosts"],"reported_empty":[true]}}`, "inventory.reported_empty[0]", "invalid value for string"},
		{"not an instant", `{"observedTime":"yesterday"}`, "observedTime", "yesterday"},
		{"twice", `{"source":"a","source":"b"}`, "source", "duplicate field"},
		{"both spellings", `{"request_id":"a","requestId":"b"}`, "requestId", "duplicate field"},
		{"cut off", `{"source":"a"`, "", "unexpected EOF"},
		{"more after it", `{"source":"a"} {}`, "", "unexpected token"},
		{"not JSON", `source: a`, "", "invalid value source"},
		{"not UTF-8", "{\"source\":\"\xff\"}", "source", "invalid UTF-8"},
		{"list", `[]`, "", "unexpected token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := jsonwire.Unmarshal([]byte(c.doc), &pb.SubmitInventoryRequest{})
			st := fault.Status(err, "r")
			if st.Code() != codes.InvalidArgument || fault.Reason(st) != fault.ReasonMalformed {
				t.Fatalf("%v", err)
			}
			for _, d := range st.Details() {
				if br, ok := d.(*errdetails.BadRequest); ok {
					v := br.FieldViolations[0]
					if v.Field != c.field || !strings.Contains(v.Description, c.text) {
						t.Errorf("violation = %q: %q", v.Field, v.Description)
					}
				}
			}
		})
	}
}

func TestBothSpellingsAreRead(t *testing.T) {
	for _, doc := range []string{`{"requestId":"x"}`, `{"request_id":"x"}`} {
		m := &pb.SubmitInventoryRequest{}
		if err := jsonwire.Unmarshal([]byte(doc), m); err != nil || m.RequestId != "x" {
			t.Errorf("%s: %v, %v", doc, m, err)
		}
	}
}

func TestDeepDocument(t *testing.T) {
	doc := strings.Repeat(`{"checklist":`, 100000)
	if err := jsonwire.Unmarshal([]byte(doc), &pb.LintChecklistRequest{}); fault.Code(err) != codes.InvalidArgument {
		t.Errorf("%v", err)
	}
}

// FuzzUnmarshal: no document makes reading or explaining panic, and what is
// read can be written and read again.
func FuzzUnmarshal(f *testing.F) {
	for _, seed := range []string{`{"inventory":{"hosts":[{"id":"a"}]}}`, `{"a":[1,{"b":"é"}]}`, "{\n", `{"source":"\ud800"}`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		m := &pb.SubmitInventoryRequest{}
		if err := jsonwire.Unmarshal(doc, m); err != nil {
			if fault.Code(err) != codes.InvalidArgument {
				t.Fatal(err)
			}
			return
		}
		b, err := jsonwire.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		back := &pb.SubmitInventoryRequest{}
		if err := jsonwire.Unmarshal(b, back); err != nil || !proto.Equal(m, back) {
			t.Fatalf("%v: %s", err, b)
		}
	})
}

func BenchmarkMarshal(b *testing.B) {
	m := &pb.ListFindingsResponse{}
	for range 50 {
		m.Findings = append(m.Findings, &pb.Finding{
			System: "a", Rule: "sps-01", Title: "A title", State: "fail", Subject: "hosts/web1",
			SinceTime: timestamppb.New(time.Unix(1e9, 0)), Message: "what it means", FailsUnless: []string{"x"},
		})
	}
	b.Run("jsonwire", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := jsonwire.Marshal(m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("protojson", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := (protojson.MarshalOptions{EmitDefaultValues: true}).Marshal(m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func parse(t *rapid.T, b []byte) any {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return v
}
