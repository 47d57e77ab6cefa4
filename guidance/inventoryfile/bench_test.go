package inventoryfile

import (
	"bytes"
	"fmt"
	"testing"
)

// BenchmarkLines reads submissions of one host each, as a sync job sends them.
func BenchmarkLines(b *testing.B) {
	var text bytes.Buffer
	for i := range 1000 {
		fmt.Fprintf(&text, `{"system":"systems/s%d","source":"cmdb","hosts":[{"id":"h%d","zone":"lan","addresses":[{"ip":"192.0.2.1","static":true}],`+
			`"os":{"family":"windows","version":"5.2"},"components":[{"id":"wfe","role":"web-front-end"}],"endpoints":[]}]}`+"\n", i, i)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for s := range Submissions("x.jsonl", bytes.NewReader(text.Bytes())) {
			if s.Item == nil {
				b.Fatal(s.Problems)
			}
			n++
		}
		if n != 1000 {
			b.Fatal(n)
		}
	}
}
