package codec

import (
	"errors"
	"fmt"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxDepth bounds how deep messages nest. The API's own messages reach about ten.
const maxDepth = 64

// errMalformed: the bytes are not protobuf's wire format.
var errMalformed = errors.New("not a protobuf message")

// table says what is in the length-delimited fields of a message type. The
// fields of one type have small numbers, so it is a slice by number.
type table struct {
	name   protoreflect.FullName
	fields []field
}

type field struct {
	name protoreflect.Name
	text bool
	sub  *table // where it is a message
}

var (
	tables   sync.Map // protoreflect.FullName → *table
	building sync.Mutex
)

// tableOf returns the table of a message type, which is built on first use.
func tableOf(d protoreflect.MessageDescriptor) *table {
	if t, ok := tables.Load(d.FullName()); ok {
		return t.(*table)
	}
	building.Lock()
	defer building.Unlock()
	made := map[protoreflect.FullName]*table{}
	t := build(d, made)
	// Only now, since a table that is found must be whole with all it refers to.
	for name, t := range made {
		tables.LoadOrStore(name, t)
	}
	return t
}

func build(d protoreflect.MessageDescriptor, made map[protoreflect.FullName]*table) *table {
	if t, ok := made[d.FullName()]; ok {
		return t
	}
	t := &table{name: d.FullName()}
	made[d.FullName()] = t
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		if fd.Number() > 4096 {
			continue // none of ours; such a field is skipped over unread
		}
		for len(t.fields) <= int(fd.Number()) {
			t.fields = append(t.fields, field{})
		}
		f := field{name: fd.Name(), text: fd.Kind() == protoreflect.StringKind}
		if fd.Kind() == protoreflect.MessageKind {
			f.sub = build(fd.Message(), made)
		}
		t.fields[fd.Number()] = f
	}
	return t
}

// Check says whether b, as a message of type d, has UTF-8 in all its texts and
// nests no deeper than 64 messages. The error names the field.
func Check(d protoreflect.MessageDescriptor, b []byte) error { return tableOf(d).check(b, maxDepth) }

func (t *table) check(b []byte, depth int) error {
	if depth == 0 {
		return fmt.Errorf("messages nest deeper than %d", maxDepth)
	}
	for len(b) > 0 {
		number, wire, n := protowire.ConsumeTag(b)
		if n < 0 || !number.IsValid() || isReserved(number) {
			return errMalformed
		}
		b = b[n:]
		if wire != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, wire, b); n < 0 {
				return errMalformed
			}
			b = b[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(b)
		if n < 0 {
			return errMalformed
		}
		b = b[n:]
		if err := t.checkField(int(number), value, depth); err != nil {
			return err
		}
	}
	return nil
}

// isReserved tells the numbers that no .proto may use.
func isReserved(n protowire.Number) bool {
	return n >= protowire.FirstReservedNumber && n <= protowire.LastReservedNumber
}

func (t *table) checkField(number int, value []byte, depth int) error {
	if number >= len(t.fields) {
		return nil
	}
	f := &t.fields[number]
	switch {
	case f.text && !utf8.Valid(value):
		return fmt.Errorf("%s: a text that is not UTF-8", f.name)
	case f.sub != nil:
		if err := f.sub.check(value, depth-1); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}
