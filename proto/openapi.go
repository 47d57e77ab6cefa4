// Package proto is the root of the API's definition: the .proto files beside
// it, and in gen what is generated of them. Its Go code embeds the OpenAPI
// document, which go:embed can reach from no other package, and lists the
// services in one place for all who go through them.
package proto

import (
	_ "embed"

	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// OpenAPI is the OpenAPI 3 document of the REST face of the API, in YAML, as
// it is generated.
//
//go:embed gen/openapi/openapi.yaml
var OpenAPI []byte

// Services are the API's services. The list is the caller's to change.
func Services() (out []protoreflect.ServiceDescriptor) {
	for _, file := range []protoreflect.FileDescriptor{
		pb.File_plumbline_v1_inventory_service_proto, pb.File_plumbline_v1_guidance_service_proto,
		pb.File_plumbline_v1_assessment_service_proto, pb.File_plumbline_v1_statement_service_proto,
		pb.File_plumbline_v1_history_service_proto, pb.File_plumbline_v1_reassessment_service_proto,
		pb.File_plumbline_v1_event_service_proto, pb.File_plumbline_v1_admin_service_proto,
	} {
		for i := range file.Services().Len() {
			out = append(out, file.Services().Get(i))
		}
	}
	return out
}
