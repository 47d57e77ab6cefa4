package ledger

import (
	"iter"

	"github.com/plumbline/plumbline/store/ledger/block"
	"github.com/plumbline/plumbline/store/ledger/layout"
)

// AuditEntry is who did what: bytes of the caller's, appended with the commit
// that did it, and never changed.
type AuditEntry struct {
	Addr     Addr
	Recorded int64
	About    uint32 // as AuditOf was given it; 0 where it was not
	At       int64  // likewise; the instant of the commit where it was not
	Payload  []byte
}

// Audit adds an audit entry to the commit. They go into the last blocks of
// their commit together, since they resemble each other.
func (b *Batch) Audit(payload []byte) { b.AuditOf(0, b.build.Recorded, payload) }

// AuditOf adds an audit entry about something with a number of the caller's, at
// an instant (clamped). What many entries of a commit differ in is best said so:
// numbers and instants stand in columns, as differences to the entry before.
func (b *Batch) AuditOf(about uint32, at int64, payload []byte) {
	if b.takes(len(payload)) {
		b.audit = append(b.audit, block.Record{Kind: block.KindAudit, Stream: about, Effective: layout.Clamp(at), Payload: b.over.Copy(payload)})
	}
}

// AuditEntries yields the entries with from <= recorded < to and addresses
// before the given one (any, where it is zero), newest first. The Addr of the
// last one of a page is where the next page begins. It costs a seek for each
// commit in the range, read or not. Those of a batch are not seen in it.
func (tx *Tx) AuditEntries(before Addr, from, to int64) iter.Seq[AuditEntry] {
	return func(yield func(AuditEntry) bool) {
		if from >= to {
			return
		}
		seq := tx.SeqAt(to - 1)
		if !before.IsZero() {
			seq = min(seq, before.Seq)
		}
		for ; seq > 0 && tx.err == nil; seq-- {
			entries, recorded, err := tx.auditOf(seq)
			if err != nil {
				tx.fail(err)
				return
			}
			if recorded < from {
				return
			}
			for i := len(entries) - 1; i >= 0; i-- {
				e := entries[i]
				if !before.IsZero() && e.Addr.Compare(before) >= 0 {
					continue
				}
				if !yield(e) {
					return
				}
			}
		}
	}
}

// auditOf returns the audit entries of a commit, oldest first.
func (tx *Tx) auditOf(seq Seq) (entries []AuditEntry, recorded int64, err error) {
	for key, value := range tx.r.Scan(block.Key(nil, seq, 0), block.Key(nil, seq+1, 0)) {
		h, err := block.ParseHeader(key, value)
		if err != nil {
			return nil, 0, err
		}
		recorded = h.Recorded
		if h.Flags&block.FlagAudit == 0 {
			continue
		}
		b, err := block.Parse(key, value)
		if err != nil {
			return nil, 0, err
		}
		for i, r := range b.Records {
			if r.Kind == block.KindAudit && !r.Gone {
				a := Addr{Seq: seq, Slot: uint16(b.First + i)}
				entries = append(entries, AuditEntry{Addr: a, Recorded: recorded, About: r.Stream, At: r.Effective, Payload: r.Payload})
			}
		}
	}
	return entries, recorded, nil
}
