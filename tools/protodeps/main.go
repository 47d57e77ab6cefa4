// Command protodeps writes the .proto files that Plumbline's own .proto files
// import, printed from the descriptors that are linked into the Go packages of
// the same name.
//
// The files are therefore exactly of the versions that go.mod names, and no
// third-party file is kept in the repository.
//
//	go run ./tools/protodeps DIR
//
// DIR is wiped first.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/jhump/protoreflect/v2/protoprint"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	// Each import registers the descriptors of one folder of .proto files.
	_ "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	_ "cloud.google.com/go/longrunning/autogen/longrunningpb"
	_ "google.golang.org/genproto/googleapis/api/annotations"
	_ "google.golang.org/genproto/googleapis/api/httpbody"
	_ "google.golang.org/genproto/googleapis/rpc/code"
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
	_ "google.golang.org/genproto/googleapis/rpc/status"
)

// wanted are the folders that are written. The compiler brings
// google/protobuf itself.
var wanted = []string{"buf/validate/", "google/api/", "google/longrunning/", "google/rpc/"}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: protodeps DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "protodeps:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	var files []protoreflect.FileDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for _, prefix := range wanted {
			if strings.HasPrefix(file.Path(), prefix) {
				files = append(files, file)
			}
		}
		return true
	})
	sort.Slice(files, func(i, j int) bool { return files[i].Path() < files[j].Path() })

	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	printer := protoprint.Printer{Compact: true}
	for _, file := range files {
		var text bytes.Buffer
		if err := printer.PrintProtoFile(file, &text); err != nil {
			return fmt.Errorf("%s: %w", file.Path(), err)
		}
		target := filepath.Join(dir, filepath.FromSlash(file.Path()))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, text.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
