package sslscan

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// errNotSSLScan is returned for XML of another program.
var errNotSSLScan = errors.New("not sslscan's XML: the outermost element is not <document> with <ssltest> in it")

// element is one open element while the file is walked.
type element struct {
	name string
	text strings.Builder
}

// reader walks one file. It keeps no tree: what an element says goes into the
// scan that is open, and nothing else is held.
type reader struct {
	limits   Limits
	dec      *xml.Decoder
	open     []*element
	elements int
	version  string
	current  *scan
	scans    []*scan
	errors   []string
}

// read reads one file. The scans that it returns are those that were closed: a
// file that breaks off is an error, since what is missing cannot be told.
func read(r io.Reader, l Limits) (*reader, error) {
	rd := &reader{limits: l, dec: xml.NewDecoder(newGuard(r, l))}
	for {
		tok, err := rd.dec.Token()
		if errors.Is(err, io.EOF) {
			return rd, rd.end()
		}
		if err == nil {
			err = rd.token(tok)
		}
		if err != nil {
			line, column := rd.dec.InputPos()
			return nil, fmt.Errorf("line %d, column %d: %w", line, column, err)
		}
	}
}

func (rd *reader) end() error {
	if rd.elements == 0 || (len(rd.scans) == 0 && len(rd.errors) == 0) {
		return errNotSSLScan
	}
	return nil
}

func (rd *reader) token(tok xml.Token) error {
	switch t := tok.(type) {
	case xml.Directive:
		return errors.New("a document type or other directive is not read")
	case xml.StartElement:
		return rd.start(t)
	case xml.CharData:
		return rd.text(t)
	case xml.EndElement:
		rd.close()
	}
	return nil
}

func (rd *reader) start(t xml.StartElement) error {
	rd.elements++
	switch {
	case rd.elements > rd.limits.Elements:
		return fmt.Errorf("more than %d elements", rd.limits.Elements)
	case len(rd.open) >= rd.limits.Depth:
		return fmt.Errorf("elements nested deeper than %d", rd.limits.Depth)
	case len(t.Attr) > rd.limits.Attributes:
		return fmt.Errorf("more than %d attributes in one element", rd.limits.Attributes)
	case len(rd.open) == 0 && t.Name.Local != "document":
		return errNotSSLScan
	}
	rd.open = append(rd.open, &element{name: t.Name.Local})
	return rd.begin(t.Name.Local, attributes(t.Attr))
}

func (rd *reader) text(t xml.CharData) error {
	if len(rd.open) == 0 {
		return nil
	}
	e := rd.open[len(rd.open)-1]
	if e.text.Len()+len(t) > rd.limits.Text {
		return fmt.Errorf("more than %d bytes of text in one element", rd.limits.Text)
	}
	e.text.Write(t)
	return nil
}

// begin handles an element's attributes. Elements that are not named here are
// read over: later versions of the scanner add some.
func (rd *reader) begin(name string, a attrs) error {
	if name == "document" && len(rd.open) == 1 {
		rd.version = a["version"]
		return nil
	}
	if name == "ssltest" {
		if rd.current != nil {
			return errors.New("<ssltest> inside <ssltest>")
		}
		if len(rd.scans) >= rd.limits.Scans {
			return fmt.Errorf("more than %d scans in one file", rd.limits.Scans)
		}
		var err error
		rd.current, err = newScan(a, rd.version)
		return err
	}
	if rd.current == nil {
		return nil
	}
	return rd.current.begin(name, a, rd.limits.Ciphers)
}

// close handles an element's text, and ends a scan.
func (rd *reader) close() {
	e := rd.open[len(rd.open)-1]
	rd.open = rd.open[:len(rd.open)-1]
	text := strings.TrimSpace(e.text.String())
	switch {
	case e.name == "error" && rd.current == nil:
		rd.errors = append(rd.errors, text)
	case e.name == "ssltest" && rd.current != nil:
		rd.scans = append(rd.scans, rd.current)
		rd.current = nil
	case rd.current != nil:
		rd.current.end(e.name, text)
	}
}

// attrs are one element's attributes by name.
type attrs map[string]string

func attributes(list []xml.Attr) attrs {
	if len(list) == 0 {
		return nil
	}
	a := make(attrs, len(list))
	for _, x := range list {
		a[x.Name.Local] = strings.TrimSpace(x.Value)
	}
	return a
}
