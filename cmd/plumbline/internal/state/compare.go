package state

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/sheet"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// span gives start and end of two flags; a span counts from the start.
func span(start, end *cli.Instant) (from, until *timestamppb.Timestamp, err error) {
	if from, err = start.Timestamp(); err != nil {
		return nil, nil, err
	}
	until, err = end.After(from)
	return from, until, err
}

// differences says in which of some fields two messages of one type differ, of
// which one stands in a file and the other is stored.
func differences(file, stored proto.Message, fields ...protoreflect.Name) []string {
	var out []string
	f, s := file.ProtoReflect(), stored.ProtoReflect()
	for _, name := range fields {
		fd := f.Descriptor().Fields().ByName(name)
		if in, is := words(fd, f.Get(fd)), words(fd, s.Get(fd)); in != is {
			out = append(out, fmt.Sprintf("%s is %s in the file, %s stored", name, quoted(in), quoted(is)))
		}
	}
	return out
}

func quoted(s string) string {
	if s == "" {
		return "not given"
	}
	return strconv.Quote(s)
}

// words writes a field's value so that equal values are equal texts: lists are
// sets here.
func words(fd protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch {
	case fd.IsMap():
		m := map[string]string{}
		v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool { m[k.String()] = v.String(); return true })
		return pairs(m)
	case fd.IsList():
		var list []string
		for i := range v.List().Len() {
			list = append(list, v.List().Get(i).String())
		}
		slices.Sort(list)
		return strings.Join(slices.Compact(list), ", ")
	case fd.Message() == nil:
		return v.String()
	case !v.Message().IsValid():
		return ""
	}
	switch m := v.Message().Interface().(type) {
	case *timestamppb.Timestamp:
		return render.Exact(m)
	case *pb.FactValue:
		return sheet.Words(m)
	case *pb.Evidence:
		return strings.TrimSpace(m.GetUri() + " " + m.GetSha256())
	}
	return fmt.Sprint(v.Message().Interface())
}

// pairs writes labels in the order of their keys.
func pairs(m map[string]string) string {
	var out []string
	for k, v := range m {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// evidence is what the flags say that a statement rests on.
type evidence struct{ uri, sha256, file string }

func (e *evidence) flags(f *pflag.FlagSet) {
	f.StringVar(&e.uri, "evidence-uri", "", "where the evidence can be found")
	f.StringVar(&e.sha256, "evidence-sha256", "", "the evidence's SHA-256")
	f.StringVar(&e.file, "evidence-file", "", "the evidence itself, of which the SHA-256 is computed; it is not sent")
}

// message gives the evidence; nil where there is none.
func (e *evidence) message() (*pb.Evidence, error) {
	if e.file != "" {
		if e.sha256 != "" {
			return nil, fmt.Errorf("both --evidence-file and --evidence-sha256 are given; leave one out")
		}
		var err error
		if e.sha256, err = sumFile(e.file); err != nil {
			return nil, fmt.Errorf("--evidence-file: %w", err)
		}
	}
	return evidenceOf(e.uri, e.sha256), nil
}

func evidenceOf(uri, sum string) *pb.Evidence {
	if uri == "" && sum == "" {
		return nil
	}
	return &pb.Evidence{Uri: uri, Sha256: sum}
}

// sumFile computes a file's SHA-256, however large it is.
func sumFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
