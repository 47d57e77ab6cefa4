package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLargeInventory submits a file with more hosts than one message holds: it
// is sent in parts, takes effect once, and is unchanged the second time.
func TestLargeInventory(t *testing.T) {
	const hosts = 10_500
	dir := t.TempDir()
	file := filepath.Join(dir, "large.json")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprint(w, `{"system": {"id": "large", "zones": []}, "hosts": [`)
	for i := range hosts {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		fmt.Fprintf(w, `{"id": "h%05d", "fqdn": "h%05d.example", "addresses": [{"ip": "10.%d.%d.%d", "static": true}], "labels": {"note": %q}}`, i, i, i>>16, i>>8&255, i&255, strings.Repeat("x", 300))
	}
	fmt.Fprint(w, `]}`)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(dir, "store.db")
	plumbline := func(env []string, args ...string) string {
		t.Helper()
		var out, notes bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), &out, &notes, env); code != 0 {
			t.Fatalf("%v: exit code %d: %s", args, code, notes.String())
		}
		return out.String()
	}
	plumbline(environment(), "db", "init", store)
	server, err := startServer(program(t), dir, "--store", store, "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.stop(); err != nil {
			t.Error(err)
		}
	}()
	env := environment("PLUMBLINE_SERVER="+server.grpc, "PLUMBLINE_SOURCE=cmdb")
	first := plumbline(env, "submit", file)
	if !strings.Contains(first, "1 inserted") || !strings.Contains(first, "pending") {
		t.Errorf("first:\n%s", first)
	}
	if list := plumbline(env, "systems", "list"); !strings.Contains(list, fmt.Sprintf(" %d ", hosts)) {
		t.Errorf("not all hosts are there:\n%s", list)
	}
	if again := plumbline(env, "submit", file); !strings.Contains(again, "1 unchanged") {
		t.Errorf("again:\n%s", again)
	}
}
