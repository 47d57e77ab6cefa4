package statements

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/events"
	"github.com/plumbline/plumbline/store/ledger"
)

// Whoever puts a statement into force leaves two notices with it: one some days
// before its end, and one at its end. A notice that falls due looks at the
// statement as it is then. Where it was revoked, or renewed until later, there
// is nothing to tell; a renewal has left notices of its own.

// DefaultAhead is how long before its end a statement's end is told.
const DefaultAhead = 7 * 24 * time.Hour

// kindNotice is the kind of notices' objects in the ledger: "{instant} {which}
// {statement}" → the end that it is about, 8 bytes. It is part of the format.
const kindNotice byte = 'n'

const (
	expiring = "expiring"
	expired  = "expired"
)

// noticeMost bounds the notices that one commit tells.
const noticeMost = 256

// instantDigits is the length of an instant in a notice's name.
const instantDigits = 20

// notify leaves the notices of a statement that is put into force at an
// instant. There is no warning of one that ends sooner than the warning would be.
func (k *Keeper) notify(b *ledger.Batch, system, folder, id string, end, at int64) {
	value := binary.BigEndian.AppendUint64(nil, uint64(end))
	leave := func(when int64, which string) {
		b.PutObject(kindNotice, fmt.Sprintf("%0*d %s %s", instantDigits, when, which, objectName(system, folder, id)), value)
	}
	if ahead := end - k.ahead(); ahead > at {
		leave(ahead, expiring)
	}
	leave(end, expired)
}

func (k *Keeper) ahead() int64 {
	if k.cfg.Ahead == 0 {
		return DefaultAhead.Microseconds()
	}
	return k.cfg.Ahead.Microseconds()
}

// Notices tells, as events, which statements expire soon and which have expired,
// each once, and returns when there is something to tell next.
func (k *Keeper) Notices(ctx context.Context, now int64) (next int64, err error) {
	for {
		due := false
		if next, due, err = k.nextNotice(ctx, now); err != nil || !due {
			return next, err
		}
		if _, err = k.cfg.Ledger.Commit(ctx, now, func(b *ledger.Batch) error { return tellDue(b, now) }); err != nil {
			return 0, err
		}
	}
}

func (k *Keeper) nextNotice(ctx context.Context, now int64) (at int64, due bool, err error) {
	err = k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		at, due = ledger.MaxInstant, false
		for name := range tx.Objects(kindNotice, "") {
			n, err := parseNotice(name)
			at, due = n.at, n.at <= now
			return err
		}
		return nil
	})
	return at, due, err
}

// notice is a notice's name, taken apart.
type notice struct {
	at                             int64
	which, statement, system, kind string
}

func parseNotice(name string) (n notice, err error) {
	parts := strings.SplitN(name, " ", 3)
	if len(parts) == 3 {
		n.which, n.statement = parts[1], parts[2]
		path := strings.Split(n.statement, "/")
		if _, err = fmt.Sscanf(parts[0], "%d", &n.at); err == nil && len(path) == 3 {
			n.system, n.kind = path[0], path[1]
			return n, nil
		}
	}
	return n, fmt.Errorf("%w: a notice's name", ledger.ErrCorrupt)
}

// tellDue tells what is due, and takes the notices away.
func tellDue(b *ledger.Batch, now int64) error {
	var names []string
	var ends []int64
	for name, value := range b.Objects(kindNotice, "") {
		n, err := parseNotice(name)
		if err != nil || len(value) != 8 {
			return fmt.Errorf("%w: a notice: %v", ledger.ErrCorrupt, err)
		}
		if n.at > now || len(names) == noticeMost {
			break
		}
		names, ends = append(names, name), append(ends, int64(binary.BigEndian.Uint64(value)))
	}
	for i, name := range names {
		n, _ := parseNotice(name) // it was parsed above
		b.DeleteObject(kindNotice, name)
		end, what, err := standing(b, n)
		if err != nil {
			return err
		}
		if end != ends[i] {
			continue
		}
		e := events.Notice{
			Type: noticeTypes[n.kind+" "+n.which], System: n.system, Cause: "time", Resource: "systems/" + n.statement, Effective: n.at,
			Message: fmt.Sprintf("%s expires at %s", what, time.UnixMicro(end).UTC().Format(time.RFC3339)),
		}
		if n.which == expired {
			e.Message = fmt.Sprintf("%s has expired", what)
		}
		e.Put(b)
	}
	return b.Err()
}

var noticeTypes = map[string]events.Type{
	claims + " " + expiring: events.ClaimExpiring, claims + " " + expired: events.ClaimExpired,
	waivers + " " + expiring: events.WaiverExpiring, waivers + " " + expired: events.WaiverExpired,
	attestations + " " + expiring: events.AttestationExpiring, attestations + " " + expired: events.AttestationExpired,
}

// standing is when a statement ends as it stands, and what it is in words; zero
// where it was revoked.
func standing(b *ledger.Batch, n notice) (end int64, what string, err error) {
	name := n.statement
	switch n.kind {
	case claims:
		rec, err := envelope.Object[storev1.ClaimRecord](b.Tx, kindStatement, name)
		if rec == nil || err != nil || rec.Claim.RevokeTime != nil {
			return 0, "", err
		}
		return envelope.Instant(rec.Claim.ExpireTime), fmt.Sprintf("the claim that %s of %s", rec.Claim.Claim, n.system), nil
	case waivers:
		rec, err := envelope.Object[storev1.WaiverRecord](b.Tx, kindStatement, name)
		if rec == nil || err != nil || rec.RevokeRecorded != 0 || rec.ApproveRecorded == 0 {
			return 0, "", err
		}
		of := rec.Waiver.Rule
		if of == "" {
			of = "area " + rec.Waiver.Area
		}
		return envelope.Instant(rec.Waiver.ExpireTime), fmt.Sprintf("the waiver of %s for %s", of, n.system), nil
	case attestations:
		rec, err := envelope.Object[storev1.AttestationRecord](b.Tx, kindStatement, name)
		if rec == nil || err != nil || rec.Revoked != 0 {
			return 0, "", err
		}
		last := rec.Versions[len(rec.Versions)-1].Attestation
		return envelope.Instant(last.ExpireTime), fmt.Sprintf("the attestation of %s of %s for %s", last.Fact, last.Subject, n.system), nil
	}
	return 0, "", nil
}
