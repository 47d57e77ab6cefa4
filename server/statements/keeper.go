package statements

import (
	"context"
	"fmt"
	"strings"
	"time"

	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/fault"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/store/ledger"
)

// Kind is what kind of statement something is.
type Kind uint8

// The kinds of statements.
const (
	None Kind = iota
	ClaimKind
	WaiverKind
	AttestationKind
)

// kindStatement is the kind of statements' objects in the ledger, which have
// their resource names without "systems/". It is part of the format.
const kindStatement byte = 'c'

// Folders of the three kinds in names.
const (
	claims       = "claims"
	waivers      = "waivers"
	attestations = "attestations"
)

// Config is what a Keeper needs. All fields but Ahead are required.
type Config struct {
	Ledger *ledger.Ledger
	Guides *guides.Keeper
	Now    func() int64 // microseconds since 1970 UTC
	// OnSystem writes something that a system's states depend on, in one commit
	// with what makes the system due, and has it evaluated. f returns the instant
	// from which the states may differ. NOT_FOUND where there is no such system.
	OnSystem func(ctx context.Context, system string, kind Kind, audits []*storev1.AuditRecord, f func(b *ledger.Batch, at int64) (int64, error)) error
	// Ahead is how long before its end a statement's end is told; DefaultAhead
	// where zero.
	Ahead time.Duration
	// Inventory is the system's inventory now, as all sources say.
	Inventory func(ctx context.Context, system string) (*pb.Inventory, error)
}

// Keeper keeps statements. It is safe for concurrent use.
type Keeper struct{ cfg Config }

// New is a Keeper.
func New(cfg Config) *Keeper { return &Keeper{cfg: cfg} }

func objectName(system, folder, id string) string { return system + "/" + folder + "/" + id }

func resourceName(system, folder, id string) string {
	return "systems/" + objectName(system, folder, id)
}

// object reads a stored statement; nil where it is not there.
func object[T any, M envelope.Message[T]](b *ledger.Batch, system, folder, id string) (M, error) {
	return envelope.Object[T, M](b.Tx, kindStatement, objectName(system, folder, id))
}

func put(b *ledger.Batch, system, folder, id string, m envelope.Stored) {
	b.PutObject(kindStatement, objectName(system, folder, id), envelope.Encode(m))
}

func notFound(system, folder, id, list string) error {
	return fault.NotFound(resourceName(system, folder, id), "list what is there with "+list)
}

// read calls f with a system's statements; NOT_FOUND where there is no such system.
func (k *Keeper) read(ctx context.Context, system string, f func(s *Set) error) error {
	return k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		if _, ok := tx.Number(nameSystem, system); !ok {
			return fault.NotFound("systems/"+system, "submit it first, or list what is there with ListSystems")
		}
		s, err := Load(tx, system)
		if err != nil {
			return err
		}
		return f(s)
	})
}

// nameSystem is the kind of systems' names in the ledger, as in package assessor.
const nameSystem byte = 's'

// span checks from when to when a statement holds against the longest time
// that it may. start is 0 where it is the instant of filing; below is the path
// of the message in which the end stands.
func (k *Keeper) span(below string, start, end int64, longest time.Duration) error {
	field := strings.TrimPrefix(below+".expire_time", ".")
	if start == 0 {
		start = k.cfg.Now()
	}
	switch length := time.Duration(end-start) * time.Microsecond; {
	case end <= start:
		return fault.InvalidField(field, "is not after the start")
	case end <= k.cfg.Now():
		return fault.InvalidField(field, "has passed already")
	case length > longest:
		return fault.InvalidField(field, "is %v after the start; the longest that is allowed is %v", length.Round(time.Second), longest)
	}
	return nil
}

// phase is the state of what was approved: by start, end and revocation.
func phase(start, end, revoked, now int64, active string) string {
	switch {
	case revoked != 0 && revoked <= now:
		return "revoked"
	case end <= now:
		return "expired"
	case start > now:
		return "scheduled"
	}
	return active
}

// All are the objects of all systems' waivers, by system and id, after a
// "{system}/waivers/{id}", until f returns false.
func (k *Keeper) All(ctx context.Context, after string, f func(system string, w *pb.Waiver) (more bool)) error {
	return k.cfg.Ledger.View(ctx, func(tx *ledger.Tx) error {
		for name, raw := range tx.Objects(kindStatement, after) {
			system, rest, _ := strings.Cut(name, "/")
			if !strings.HasPrefix(rest, waivers+"/") || name == after {
				continue
			}
			rec, err := envelope.Decode[storev1.WaiverRecord](raw)
			if err != nil {
				return err
			}
			if !f(system, k.waiverNow(rec)) {
				return nil
			}
		}
		return nil
	})
}

// unchanged is the outcome of a change that had been made before.
const unchanged = "unchanged"

func audit(actor, method, resource, outcome string) []*storev1.AuditRecord {
	return []*storev1.AuditRecord{{Actor: actor, Method: method, Resource: resource, Outcome: outcome}}
}

func exists(system, folder, id string) error {
	return fault.AlreadyExists(resourceName(system, folder, id), fmt.Sprintf("choose another id; %s are kept for history", folder))
}
