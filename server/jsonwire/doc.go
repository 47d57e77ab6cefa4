// Package jsonwire writes and reads the API's messages as JSON.
//
// It is the protobuf JSON mapping, with one choice made by message type that
// protojson can only make for a whole document: whether a field with its
// default value is written.
//
//   - In what the service answers (rows, counts, pages) it is. A count of zero
//     is a number that a dashboard plots, and an empty page is [].
//   - In an inventory it is not. A list that no source reported is not there;
//     [] would say that it was reported empty, and somebody who reads an
//     inventory and submits it again would turn "unknown" into "none".
//
// So a message type is either of the inventory model (whatever
// plumbline.v1.Inventory can reach) or not, and both kinds may stand in one
// document. Fields with presence (optional, oneof, messages) are written in
// neither kind when they are absent.
//
// The output is deterministic: fields in the order of their declaration, maps
// sorted by key, no white space. An ETag can be its hash.
//
// Reading is strict: unknown fields, repeated fields and wrong types are errors
// that name the field by its path.
//
// Tour: encode.go has [Marshal]; plan.go decides what is written of each type;
// scalar.go writes values; decode.go has [Unmarshal], and where.go finds the
// path of a position in a document.
package jsonwire
