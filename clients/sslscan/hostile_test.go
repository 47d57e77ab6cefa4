package sslscan

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"buf.build/go/protovalidate"
)

const head = `<document version="2.0.7"><ssltest host="h" port="443">`
const tail = `</ssltest></document>`

func TestRefusals(t *testing.T) {
	many := func(n int, s string) string { return strings.Repeat(s, n) }
	for name, c := range map[string]struct{ xml, words string }{
		"document type":     {`<!DOCTYPE document [<!ENTITY a "b">]>` + head + tail, "directive"},
		"unknown entity":    {head + `<error>&a;</error>` + tail, "entity"},
		"depth":             {head + many(40, "<b>") + many(40, "</b>") + tail, "nested deeper"},
		"elements":          {head + many(30_000, "<b/>") + tail, "more than 20000 elements"},
		"attributes":        {head + "<b" + attrList(40) + "/>" + tail, "more than 32 attributes"},
		"one huge tag":      {head + "<b" + attrList(20_000) + "/>" + tail, "longer than"},
		"text":              {head + "<error>" + many(70_000, "x") + "</error>" + tail, "longer than"},
		"text with breaks":  {head + "<error><![CDATA[" + many(10_000, "12345678>") + "]]></error>" + tail, "bytes of text"},
		"file":              {head + many(1<<15, "<!-- 0123456789012345678901234567 -->"), "larger than"},
		"ciphers":           {head + many(5000, `<cipher status="accepted" sslversion="TLSv1.2" cipher="A"/>`) + tail, "more than 4096 ciphers"},
		"cipher's name":     {head + `<cipher status="accepted" sslversion="TLSv1.2" cipher="` + many(200, "A") + `"/>` + tail, "name of 200 bytes"},
		"breaks off":        {head + `<protocol type="tls" version="1.2" enabled="1"/>`, "unexpected EOF"},
		"port":              {`<document><ssltest host="h" port="70000"></ssltest></document>`, "port from 1 to 65535"},
		"no host":           {`<document><ssltest port="443"></ssltest></document>`, "names no host"},
		"scan in scan":      {head + head + tail + tail, "inside"},
		"other program":     {`<nmaprun></nmaprun>`, "not sslscan's XML"},
		"nothing":           {``, "not sslscan's XML"},
		"no scan":           {`<document></document>`, "not sslscan's XML"},
		"other charset":     {`<?xml version="1.0" encoding="UTF-16"?>` + head + tail, "encoding"},
		"bytes not UTF-8":   {head + "<error>\xff</error>" + tail, "UTF-8"},
		"crossed elements":  {head + "<a><b></a></b>" + tail, "element"},
		"too many nestings": {many(20, "<document>"), "nested deeper"},
	} {
		c2 := NewCollector(Config{Limits: Limits{Bytes: 1 << 20, Elements: 20_000}})
		err := c2.Read(strings.NewReader(c.xml))
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.words)
		}
		if len(c2.Hosts()) != 0 {
			t.Errorf("%s: hosts were taken", name)
		}
	}
}

func attrList(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d="1"`, i)
	}
	return b.String()
}

// TestBombCostsLittle reads four megabytes of empty elements.
func TestBombCostsLittle(t *testing.T) {
	bomb := head + strings.Repeat("<b/>", 1<<20) + tail
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := NewCollector(Config{}).Read(strings.NewReader(bomb))
	runtime.ReadMemStats(&after)
	if err == nil {
		t.Fatal("taken")
	}
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 400 {
		t.Errorf("%d MB allocated on the way to the refusal", mb)
	}
}

// FuzzRead says that no input makes the reader panic, and that what it takes is
// valid by the API's own rules.
func FuzzRead(f *testing.F) {
	for _, dir := range []string{"testdata", samples} {
		files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(data))
		}
	}
	validator, err := protovalidate.New()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, xml string) {
		c := NewCollector(Config{Limits: Limits{Bytes: 1 << 20}})
		if err := c.Read(strings.NewReader(xml)); err != nil {
			return
		}
		for _, h := range c.Hosts() {
			if err := validator.Validate(h); err != nil {
				t.Errorf("%v\nin %v", err, h)
			}
			for _, e := range h.Endpoints {
				if e.Tls == nil || len(e.ReportedEmpty) > 0 || len(e.Tls.ReportedEmpty) > 0 {
					t.Errorf("an endpoint without TLS, or a list reported empty: %v", e)
				}
			}
		}
	})
}
