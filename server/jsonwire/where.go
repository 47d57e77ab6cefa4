package jsonwire

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// offset is the byte at a line and column, both from 1; columns count runes.
func offset(doc []byte, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		i := bytes.IndexByte(doc[at:], '\n')
		if i < 0 {
			return len(doc)
		}
		at += i + 1
	}
	for ; column > 1 && at < len(doc); column-- {
		_, n := utf8.DecodeRune(doc[at:])
		at += n
	}
	return at
}

// level is an object or array that is open.
type level struct {
	array bool
	index int    // of the element that is read, in an array
	name  string // of the member that is read, in an object
	value bool   // whether a member's value comes next
}

// pathAt returns the path of what stands at a byte of a document, such as
// "inventory.hosts[3].id": names as the document has them.
func pathAt(doc []byte, at int) string {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var open []level
	for {
		tok, err := d.Token()
		if err != nil {
			break
		}
		end := int(d.InputOffset())
		if delim, ok := tok.(json.Delim); ok && (delim == '}' || delim == ']') {
			if end > at {
				break
			}
			open = open[:len(open)-1]
			done(open)
			continue
		}
		if name, ok := tok.(string); ok && len(open) > 0 && !open[len(open)-1].array && !open[len(open)-1].value {
			open[len(open)-1].name, open[len(open)-1].value = name, true
			if end > at {
				break
			}
			continue
		}
		if end > at {
			break
		}
		if delim, ok := tok.(json.Delim); ok {
			open = append(open, level{array: delim == '['})
			continue
		}
		done(open)
	}
	return path(open)
}

// done notes that a value was read whole.
func done(open []level) {
	if len(open) == 0 {
		return
	}
	top := &open[len(open)-1]
	if top.array {
		top.index++
		return
	}
	top.value = false
}

func path(open []level) string {
	var b strings.Builder
	for _, l := range open {
		switch {
		case l.array:
			b.WriteString("[" + strconv.Itoa(l.index) + "]")
		case l.name != "":
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(l.name)
		}
	}
	return b.String()
}
