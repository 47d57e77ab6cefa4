package bolt_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plumbline/plumbline/store"
	"github.com/plumbline/plumbline/store/bolt"
)

// child plays a role of a second process; its arguments follow in the
// environment. It returns the exit code.
func child(role string) int {
	path := os.Getenv(childEnv + "_PATH")
	var err error
	switch role {
	case "write":
		err = childWrite(path)
	case "hold":
		err = childHold(path)
	case "fail":
		err = childFail(path)
	default:
		err = fmt.Errorf("no role %q", role)
	}
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	return 0
}

// spawn returns this test binary, to be started in a role.
func spawn(t *testing.T, role, path string, wrap ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append(wrap, self)
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), childEnv+"="+role, childEnv+"_PATH="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// childWrite commits pairs of records for ever and says after each commit which
// one it was: what it has said must be there, whatever happens to it.
func childWrite(path string) error {
	db, err := bolt.Open(path, bolt.Options{AppendSpaces: []byte("a")})
	if err != nil {
		return err
	}
	start, err := store.Keys(context.Background(), db, 'a')
	if err != nil {
		return err
	}
	for i := uint64(start); ; i++ {
		if err := db.Update(context.Background(), func(w store.Writer) error { writePair(w, i); return nil }); err != nil {
			return err
		}
		fmt.Println("ack", i)
	}
}

// writePair writes two records that must be there together, one of them in
// random order, and replaces a third.
func writePair(w store.Writer, i uint64) {
	w.Put(binary.BigEndian.AppendUint64([]byte("a"), i), binary.BigEndian.AppendUint64(nil, i*7))
	w.Put(binary.BigEndian.AppendUint64([]byte("b"), i*0x9e3779b97f4a7c15), make([]byte, 200))
	w.Put([]byte("last"), binary.BigEndian.AppendUint64(nil, i))
}

// TestKill kills a writing process, again and again on the same file.
func TestKill(t *testing.T) {
	path := newPath(t)
	closeDB(t, createAt(t, path, bolt.Options{}))
	for loop := range 6 {
		cmd := spawn(t, "write", path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var acks []uint64
		lines := bufio.NewScanner(out)
		stop := 5 + 37*loop // kill after so many, or rather: some time after
		for lines.Scan() {
			var i uint64
			if _, err := fmt.Sscanf(lines.Text(), "ack %d", &i); err != nil {
				t.Fatalf("the child says %q", lines.Text())
			}
			if acks = append(acks, i); len(acks) == stop {
				time.AfterFunc(time.Duration(loop)*300*time.Microsecond, func() { _ = cmd.Process.Kill() })
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}
		wantPairs(t, path, acks)
	}
}

// wantPairs says that every acknowledged pair is in the file, that every pair
// is whole, and that nothing else is wrong.
func wantPairs(t *testing.T, path string, acks []uint64) {
	t.Helper()
	db := open(t, path, bolt.Options{})
	defer closeDB(t, db)
	err := db.View(t.Context(), func(r store.Reader) error {
		n := uint64(0)
		for k, v := range r.Scan([]byte("a"), nil) {
			if binary.BigEndian.Uint64(k[1:]) != n || binary.BigEndian.Uint64(v) != n*7 {
				return fmt.Errorf("record %d is %x = %x", n, k, v)
			}
			if r.Get(binary.BigEndian.AppendUint64([]byte("b"), n*0x9e3779b97f4a7c15)) == nil {
				return fmt.Errorf("record %d stands alone", n)
			}
			n++
		}
		if len(acks) == 0 || acks[len(acks)-1] >= n {
			return fmt.Errorf("acknowledged up to %v, but only %d are there", acks[len(acks)-1:], n)
		}
		if last := binary.BigEndian.Uint64(r.Get([]byte("last"))); last != n-1 {
			return fmt.Errorf("the last one is %d of %d", last, n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// childHold opens the store, says so, and keeps it until it is killed.
func childHold(path string) error {
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	fmt.Println("open")
	_, err = bufio.NewReader(os.Stdin).ReadString('\n')
	return err
}

func TestLockedByAnotherProcess(t *testing.T) {
	path := newPath(t)
	closeDB(t, createAt(t, path, bolt.Options{}))
	cmd := spawn(t, "hold", path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	begun := time.Now()
	_, err = bolt.Open(path, bolt.Options{LockTimeout: 100 * time.Millisecond})
	wantErr(t, "Open", err, store.ErrLocked)
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("Open took %v to find that out", took)
	}
	wantErr(t, "Check", bolt.Check(t.Context(), path), store.ErrLocked)
	_, err = bolt.Create(path, bolt.Options{})
	wantErr(t, "Create", err, store.ErrExists)

	fmt.Fprintln(in)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the child ended with %v", err)
	}
	closeDB(t, open(t, path, bolt.Options{}))
}

// childFail commits one record, then one whose commit fails at the last sync,
// and says what it sees then.
func childFail(path string) error {
	runtime.LockOSThread() // strace counts each thread's calls by themselves
	ctx := context.Background()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	if err := put(ctx, db, 0, 1, 10); err != nil {
		return err
	}
	waits := make(chan error, 1)
	err = db.Update(ctx, func(w store.Writer) error {
		w.Put(recordKey(1), recordValue(1, 10))
		go func() { waits <- put(ctx, db, 2, 1, 10) }()
		time.Sleep(20 * time.Millisecond) // so that it does wait
		return nil
	})
	if !errors.Is(err, store.ErrOutcomeUnknown) {
		return fmt.Errorf("the second Update = %v", err)
	}
	if err := <-waits; !errors.Is(err, store.ErrOutcomeUnknown) {
		return fmt.Errorf("an Update that waited for it = %v", err)
	}
	for name, call := range map[string]func() error{
		"Update": func() error { return put(ctx, db, 2, 1, 10) },
		"View":   func() error { return db.View(ctx, func(store.Reader) error { return nil }) },
		"Stat":   func() error { _, err := db.Stat(ctx); return err },
		"Backup": func() error { return db.Backup(ctx, path+".backup") },
	} {
		if err := call(); !errors.Is(err, store.ErrOutcomeUnknown) {
			return fmt.Errorf("%s = %v after that", name, err)
		}
	}
	if err := db.Close(); err != nil {
		return err
	}
	fmt.Println("failed as it should")
	return nil
}

// TestFailedSync has the kernel refuse the sync of a meta page. The transaction
// is in the file all the same, so that its error must not say it is not.
func TestFailedSync(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace to make a system call fail")
	}
	path := newPath(t)
	closeDB(t, createAt(t, path, bolt.Options{}))
	// Each commit syncs twice, and the first one of a file once more to grow
	// it, by another call. So the fourth is that of the second meta page.
	cmd := spawn(t, "fail", path, strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=4")
	out, err := cmd.Output()
	if strings.Contains(string(out), "ptrace") || (err != nil && len(out) == 0) {
		t.Skipf("strace may not trace here: %v %s", err, out)
	}
	if err != nil || !strings.Contains(string(out), "failed as it should") {
		t.Fatalf("the child says %s, %v", out, err)
	}
	db := open(t, path, bolt.Options{})
	wantRecords(t, db, 2, 10) // the second one was there, though unacknowledged
}
