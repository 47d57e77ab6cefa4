// Package codec is the gRPC codec of the server: protobuf's wire format, by the
// generated vtprotobuf code, which takes about a fifth of reflection's time to
// encode and four fifths to decode.
//
// The generated code leaves out two checks of proto.Unmarshal that matter when
// the sender is not trusted: that a text is UTF-8, and that messages do not nest
// so deep that decoding exhausts the stack. wire.go makes both in one pass over
// the bytes, by tables that are built once a message type.
//
// Messages without generated code (health, reflection) go through grpc's own
// codec.
//
// Tour: codec.go has [Codec]; wire.go has the pass; submission.go decodes submissions
// by package assess/shape/wire, a message beside the other.
package codec
