// Package proto is the root of the API's definition: the .proto files beside
// it, and in gen what is generated of them. Its Go code only embeds the
// OpenAPI document, which go:embed can reach from no other package.
package proto

import _ "embed"

// OpenAPI is the OpenAPI 3 document of the REST face of the API, in YAML, as
// it is generated.
//
//go:embed gen/openapi/openapi.yaml
var OpenAPI []byte
