package statements

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/plumbline/plumbline/assess/subject"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server/fault"
)

// Statement is a claim, a waiver or an attestation.
type Statement interface {
	*pb.Claim | *pb.Waiver | *pb.Attestation
	GetName() string
	GetState() string
}

// Warn has statements say what looks wrong with what they are about, as the
// system's inventory stands. Those that are over say nothing.
func Warn[T Statement](ctx context.Context, k *Keeper, system string, list ...T) error {
	standing := false
	for _, s := range list {
		standing = standing || stands(s.GetState())
	}
	if !standing {
		return nil
	}
	x, err := k.subjects(ctx, system)
	if err != nil {
		return err
	}
	for _, s := range list {
		warn(k, x, s)
	}
	return nil
}

func stands(state string) bool { return state != "revoked" && state != "expired" }

// subjects are what the system's inventory holds; nil of a system of which
// nothing is known.
func (k *Keeper) subjects(ctx context.Context, system string) (*subject.Index, error) {
	inv, err := k.cfg.Inventory(ctx, system)
	if f := (*fault.Error)(nil); errors.As(err, &f) && f.Code == codes.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return subject.NewIndex(inv), nil
}

// warn has one statement say what looks wrong with it, and returns it.
func warn[T Statement](k *Keeper, x *subject.Index, s T) T {
	if x == nil || !stands(s.GetState()) {
		return s
	}
	switch s := any(s).(type) {
	case *pb.Claim:
		s.Warnings = k.claimWarnings(x, s)
	case *pb.Waiver:
		s.Warnings = AbsentSubjects(x, s)
	case *pb.Attestation:
		s.Warnings = absent(x, s.Subject, ": the fact does not count until it is")
	}
	return s
}

// claimWarnings say that nothing has the id of a claim's subject, of what the
// checklists declare that such claims are about.
func (k *Keeper) claimWarnings(x *subject.Index, c *pb.Claim) []string {
	scopes, near := []string{}, []string{}
	for d := range k.declaredClaims(c.ChecklistVersion) {
		if d.Id != c.Claim || slices.Contains(scopes, d.Scope) {
			continue
		}
		names, ok := x.ID(d.Scope, c.Subject)
		if ok {
			return nil
		}
		scopes, near = append(scopes, d.Scope), append(near, names...)
	}
	if len(scopes) == 0 {
		return nil // it was withdrawn, and nothing asks
	}
	return []string{fmt.Sprintf("subject not in the inventory: nothing is or names a %s %q%s", strings.Join(scopes, " or "), c.Subject, nearestOf(near))}
}

// mostWarned is how many of a waiver's subjects are looked for.
const mostWarned = 100

// AbsentSubjects say which of a waiver's subjects are not in an inventory.
func AbsentSubjects(x *subject.Index, w *pb.Waiver) (out []string) {
	for _, s := range w.Subjects[:min(len(w.Subjects), mostWarned)] {
		out = append(out, absent(x, s, "")...)
	}
	return out
}

func absent(x *subject.Index, id, means string) []string {
	near, ok := x.Path(id)
	if ok {
		return nil
	}
	return []string{fmt.Sprintf("subject not in the inventory: %q%s%s", id, nearestOf(near), means)}
}

// nearestOf names what is there instead.
func nearestOf(near []string) string {
	if len(near) == 0 {
		return ""
	}
	return fmt.Sprintf(" (the nearest are %s)", strings.Join(near, ", "))
}
