package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
)

// TestDemoLines runs the demonstration and then what it prints: curl as it
// stands, and what grpcurl would do.
func TestDemoLines(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, w := io.Pipe()
	var notes bytes.Buffer
	code := make(chan int, 1)
	go func() {
		c := run(ctx, []string{"demo", "--dir", t.TempDir()}, strings.NewReader(""), w, &notes, environment())
		w.Close()
		code <- c
	}()
	var curl, grpcurl []string
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "curl "):
			curl = append(curl, line)
		case strings.HasPrefix(line, "grpcurl "):
			grpcurl = append(grpcurl, line)
		}
		if strings.HasPrefix(lines.Text(), "The store is ") {
			break
		}
	}
	if len(curl) < 5 || len(grpcurl) < 3 {
		t.Fatalf("%d curl and %d grpcurl lines; %s", len(curl), len(grpcurl), notes.String())
	}
	for _, line := range grpcurl {
		if answer := grpcurlLine(t, line); proto.Size(answer) == 0 {
			t.Errorf("%s\nanswers nothing", line)
		}
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("the curl lines were not run: no curl here")
		curl = nil
	}
	for _, line := range curl {
		answer, err := exec.CommandContext(ctx, "sh", "-c", line).Output()
		var fields map[string]any
		if err != nil || json.Unmarshal(answer, &fields) != nil || fields["code"] != nil {
			t.Errorf("%s\nanswers %q, %v", line, answer, err)
		}
	}
	stop()
	if c := <-code; c != 0 {
		t.Errorf("interrupted, it exits with %d: %s", c, notes.String())
	}
	if !strings.Contains(notes.String(), "Serving until interrupted") {
		t.Errorf("it does not say that it serves: %q", notes.String())
	}
}

var grpcurlForm = regexp.MustCompile(`^grpcurl -plaintext -d '(.*)' (\S+) (\S+)/(\S+)$`)

// grpcurlLine does what grpcurl would: it makes the request of its JSON by the
// service's descriptor, and calls the method.
func grpcurlLine(t *testing.T, line string) proto.Message {
	t.Helper()
	m := grpcurlForm.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("not a line for grpcurl: %s", line)
	}
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(m[3]))
	if err != nil {
		t.Fatal(err)
	}
	method := d.(protoreflect.ServiceDescriptor).Methods().ByName(protoreflect.Name(m[4]))
	if method == nil {
		t.Fatalf("%s has no method %s", m[3], m[4])
	}
	in, out := dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output())
	if err := protojson.Unmarshal([]byte(m[1]), in); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	conn, err := grpc.NewClient(m[2], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Invoke(t.Context(), "/"+m[3]+"/"+m[4], in, out); err != nil {
		t.Errorf("%s: %v", line, err)
	}
	// Reflection is what grpcurl itself starts with.
	if !bytes.Contains([]byte(m[3]), []byte("plumbline.v1.")) {
		t.Errorf("%s: another service", line)
	}
	_ = pb.File_plumbline_v1_assessment_service_proto // the descriptors are linked in
	return out
}
