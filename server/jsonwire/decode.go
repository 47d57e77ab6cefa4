package jsonwire

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/plumbline/plumbline/server/fault"
)

// maxNesting bounds how deep messages nest in a document.
const maxNesting = 64

// Unmarshal reads JSON into m, whose content goes. Field names may be in
// lowerCamelCase or as in the .proto. The error is INVALID_ARGUMENT and names
// the field by its path, as the document has it.
func Unmarshal(doc []byte, m proto.Message) error {
	err := protojson.UnmarshalOptions{RecursionLimit: maxNesting}.Unmarshal(doc, m)
	if err == nil {
		return nil
	}
	return explain(doc, err)
}

// position is how protojson tells where an error is. Between "proto:" and the
// rest it puts one of two kinds of space, so that nobody relies on its texts;
// where this one is no longer found, the message is merely less precise.
var position = regexp.MustCompile(`^(?:proto:)?[\s\x{a0}]*(?:syntax error )?\(line (\d+):(\d+)\): (.*)$`)

func explain(doc []byte, err error) error {
	text := strings.TrimSpace(strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\u00a0", " "), "proto:"))
	v := fault.Violation{Description: text, Reason: "json"}
	if found := position.FindStringSubmatch(err.Error()); found != nil {
		line, _ := strconv.Atoi(found[1]) // digits, and bounded by the document
		column, _ := strconv.Atoi(found[2])
		v.Field = pathAt(doc, offset(doc, line, column))
		v.Description = fmt.Sprintf("%s (line %d, column %d of the body)", found[3], line, column)
	}
	e := fault.Invalid(v)
	e.Reason = fault.ReasonMalformed
	return e
}
