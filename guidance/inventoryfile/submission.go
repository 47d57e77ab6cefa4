package inventoryfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/guidance/protoyaml"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Submission is one item of a file.
type Submission struct {
	Line int // where it begins, from 1
	// Item is what is to be sent; nil where it is wrong. Its source is empty
	// where the file does not say one.
	Item     *pb.SubmitItem
	Problems []protoyaml.Problem // why Item is nil, with lines of the file
}

// Submissions reads the items of a file in their order: the documents of a
// YAML file, the one document of a .json file, the lines of a .jsonl or
// .ndjson file. A line that is wrong is yielded with its problems, and the
// reading goes on after it; so is a failure to read, which ends it. The
// yielded items belong to the caller.
func Submissions(name string, r io.Reader) iter.Seq[Submission] {
	return func(yield func(Submission) bool) {
		switch strings.ToLower(path.Ext(name)) {
		case ".jsonl", ".ndjson":
			readLines(r, yield)
		default:
			readWhole(name, r, yield)
		}
	}
}

// failed is the item that stands for what could not be read.
func failed(line int, err error) Submission {
	return Submission{Line: line, Problems: []protoyaml.Problem{{Line: line, Column: 1, Message: err.Error()}}}
}

func readWhole(name string, r io.Reader, yield func(Submission) bool) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		yield(failed(1, err))
		return
	}
	docs, problems := parse(name, data)
	for _, doc := range docs {
		if !yield(submission(doc)) {
			return
		}
	}
	if len(problems) > 0 {
		yield(Submission{Line: max(1, problems[0].Line), Problems: problems})
	}
}

func readLines(r io.Reader, yield func(Submission) bool) {
	in := bufio.NewReaderSize(r, 64<<10)
	for line := 1; ; line++ {
		text, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			yield(failed(line, err))
			return
		}
		if len(bytes.TrimSpace(text)) > 0 && !yield(lineSubmission(text, line)) {
			return
		}
		if err != nil {
			return
		}
	}
}

// readLine reads one line of bounded length; io.EOF comes with the last one.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > MaxBytes {
			return nil, fmt.Errorf("the line is longer than %d bytes; send the hosts in parts by {system, source, hosts}", MaxBytes)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func lineSubmission(text []byte, line int) Submission {
	var s Submission
	doc, problems := protoyaml.ParseJSON(bytes.TrimRight(text, " \t\r\n"), MaxBytes)
	if len(problems) > 0 {
		s = Submission{Problems: problems}
	} else {
		s = submission(doc)
	}
	s.Line = line
	for i := range s.Problems {
		s.Problems[i].Line = line // a JSON line is one line
	}
	return s
}

func isScalar(n *yaml.Node) bool { return n != nil && n.Kind == yaml.ScalarNode }

// submission reads one document in whichever form it has.
func submission(doc *protoyaml.Document) Submission {
	s := Submission{}
	s.Line, _ = doc.Place("")
	item := &pb.SubmitItem{}
	var body proto.Message = item
	switch {
	case doc.Lookup("submit") != nil || doc.Lookup("upsert") != nil:
	case doc.Lookup("inventory") != nil:
		body = &pb.SubmitInventoryRequest{}
	case isScalar(doc.Lookup("system")):
		body = &pb.UpsertHostsRequest{}
	default:
		body = &pb.Inventory{}
	}
	if s.Problems = Decode(doc, body); len(s.Problems) > 0 {
		return s
	}
	switch b := body.(type) {
	case *pb.SubmitInventoryRequest:
		item.Item = &pb.SubmitItem_Submit{Submit: b}
	case *pb.UpsertHostsRequest:
		item.Item = &pb.SubmitItem_Upsert{Upsert: b}
	case *pb.Inventory:
		if b.System == nil {
			s.Problems = []protoyaml.Problem{{Line: s.Line, Column: 1, Field: "system", Message: `is missing; write "system:" with its id`}}
			return s
		}
		item.Item = &pb.SubmitItem_Submit{Submit: &pb.SubmitInventoryRequest{System: "systems/" + b.System.Id, Inventory: b}}
	}
	s.Item = item
	return s
}
