package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/sheet"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// statement is what all kinds of statements have.
type statement interface {
	proto.Message
	GetName() string
	GetState() string
	GetExpireTime() *timestamppb.Timestamp
	GetWarnings() []string
}

// warnings shows what the server says looks wrong with statements.
func warnings[M statement](v *render.View, list []M) {
	for _, m := range list {
		for _, w := range m.GetWarnings() {
			v.Line("warning: %s: %s", cli.ID(m.GetName()), w)
		}
	}
}

// kind says how one kind of statement is kept in files and on a server.
type kind[M statement] struct {
	// one is what it is called, and many the key of its list in files.
	one, many string
	// read reads an entry but for its system and id.
	read func(e *sheet.Entry) M
	// request makes of it what is held against the API's constraints.
	request func(system, id string, m M) proto.Message
	// stored lists what a system has.
	stored func(ctx context.Context, c *clients.Client, system string) ([]M, error)
	// create files one.
	create func(ctx context.Context, c *clients.Client, system, id string, m M) (M, error)
	// settle says what there is to do for one that is stored already; nothing
	// where do is nil.
	settle func(file, stored M) (s step, do func(ctx context.Context, c *clients.Client) error)
	// revoke takes one back.
	revoke func(ctx context.Context, c *clients.Client, name string) error
}

// What a step does.
const (
	stepCreate  = "create"
	stepRenew   = "renew"
	stepApprove = "approve"
	stepRevoke  = "revoke"
	stepNothing = "nothing to do"
	stepDiffers = "differs"
	stepFailed  = "failed"
)

// step is what is done for one statement.
type step struct {
	system, id string
	// what is one of the words above, and note says more.
	what, note string
}

// applyFlags are the flags of every apply.
type applyFlags struct {
	files         []string
	dryRun, prune bool
}

// applyCommand makes the command that brings files to a server.
func applyCommand[M statement](a *app, k kind[M], s cli.Spec, more func(c *cobra.Command)) *cobra.Command {
	var f applyFlags
	s.Do = a.Streaming(func(ctx context.Context, c *clients.Client, _ []string) error {
		r := &applying[M]{app: a, kind: k, client: c, flags: f}
		return r.run(ctx)
	})
	c := cli.Command(s)
	c.Flags().StringSliceVarP(&f.files, "file", "f", nil, "the YAML file; - is standard input; may be repeated")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what would be done, but change nothing")
	c.Flags().BoolVar(&f.prune, "prune", false, "revoke what the systems that the files name have and the files lack")
	cli.Require(c, "file")
	if more != nil {
		more(c)
	}
	return c
}

// wanted is one statement of a file.
type wanted[M statement] struct {
	system, id string
	message    M
}

// applying is one run of an apply.
type applying[M statement] struct {
	app    *app
	kind   kind[M]
	client *clients.Client
	flags  applyFlags
	wanted []wanted[M]
	steps  []step
}

// run reads all files before it changes anything. What the server refuses does
// not stop the rest: each statement stands by itself.
func (r *applying[M]) run(ctx context.Context) error {
	for _, name := range r.flags.files {
		if err := r.readFile(name); err != nil {
			return err
		}
	}
	var systems []string
	for _, w := range r.wanted {
		if !slices.Contains(systems, w.system) {
			systems = append(systems, w.system)
		}
	}
	for _, system := range systems {
		if err := r.system(ctx, system); err != nil {
			// What was done before stays done, and must be seen.
			return errors.Join(err, r.print())
		}
	}
	if err := r.print(); err != nil {
		return err
	}
	bad := 0
	for _, s := range r.steps {
		if s.what == stepDiffers || s.what == stepFailed {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%s not as the file says", cli.Count(bad, r.kind.one))
	}
	return nil
}

// readFile reads one file and says all that is wrong with it.
func (r *applying[M]) readFile(name string) error {
	data, err := r.app.Read(name, sheet.MaxBytes)
	if err != nil {
		return err
	}
	f := sheet.Read(name, data, r.kind.many)
	for _, e := range f.Entries {
		w := wanted[M]{system: cli.ID(e.Needed("system", "write the system's id, here or once beside "+r.kind.many+":")), id: e.Needed("id", "give it one, by which it is known for good")}
		before := len(f.Problems)
		w.message = r.kind.read(e)
		e.Done()
		if len(f.Problems) == before && w.system != "" && w.id != "" {
			for _, p := range inventoryfile.Violations(r.kind.request(w.system, w.id, w.message)) {
				e.Wrong("", "%s: %s", p.Field, p.Message)
			}
		}
		if slices.ContainsFunc(r.wanted, func(o wanted[M]) bool { return o.system == w.system && o.id == w.id }) && w.id != "" {
			e.Wrong("id", "%s stands twice for %s; give one another id", w.id, w.system)
		}
		r.wanted = append(r.wanted, w)
	}
	f.Head.Done("system")
	if len(f.Problems) > 0 {
		return r.app.Unreadable(name, f.Sorted())
	}
	return nil
}

// system brings the statements of one system.
func (r *applying[M]) system(ctx context.Context, system string) error {
	reading, cancel := r.app.Within(ctx)
	defer cancel()
	list, err := r.kind.stored(reading, r.client, system)
	if err != nil {
		return err
	}
	stored := map[string]M{}
	for _, m := range list {
		stored[cli.ID(m.GetName())] = m
	}
	named := map[string]bool{}
	for _, w := range r.wanted {
		if w.system != system {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		named[w.id] = true
		old, there := stored[w.id]
		if there {
			s, do := r.kind.settle(w.message, old)
			r.do(ctx, w, s, do)
			continue
		}
		r.create(ctx, w)
	}
	if !r.flags.prune {
		return nil
	}
	for _, m := range list {
		if id := cli.ID(m.GetName()); !named[id] && m.GetState() != "revoked" && m.GetState() != "expired" {
			r.do(ctx, wanted[M]{system: system, id: id}, step{what: stepRevoke, note: "the file lacks it"}, func(ctx context.Context, c *clients.Client) error {
				return r.kind.revoke(ctx, c, m.GetName())
			})
		}
	}
	return nil
}

// create files what is not there. What is over already is left alone, so that a
// file may keep what once was.
func (r *applying[M]) create(ctx context.Context, w wanted[M]) {
	if end := w.message.GetExpireTime(); end != nil && !end.AsTime().After(r.app.Now()) {
		r.do(ctx, w, step{what: stepNothing, note: "it ended " + render.Instant(end) + " and was never filed"}, nil)
		return
	}
	r.do(ctx, w, step{what: stepCreate}, func(ctx context.Context, c *clients.Client) error {
		made, err := r.kind.create(ctx, c, w.system, w.id, w.message)
		if err != nil {
			return err
		}
		s, more := r.kind.settle(w.message, made)
		last := &r.steps[len(r.steps)-1]
		last.note = strings.Join(made.GetWarnings(), "; ")
		if more == nil {
			return nil
		}
		// Should this go wrong, the words say what: the statement is filed.
		last.what = s.what
		if err := more(ctx, c); err != nil {
			return err
		}
		last.what, last.note = stepCreate, strings.TrimPrefix(last.note+"; "+s.note, "; ")
		return nil
	})
}

// do does one step, and keeps what came of it. A dry run only keeps it.
func (r *applying[M]) do(ctx context.Context, w wanted[M], s step, action func(ctx context.Context, c *clients.Client) error) {
	s.system, s.id = w.system, w.id
	r.steps = append(r.steps, s)
	if action == nil || r.flags.dryRun {
		return
	}
	doing, cancel := r.app.Within(ctx)
	defer cancel()
	if err := action(doing, r.client); err != nil {
		last := &r.steps[len(r.steps)-1]
		last.note = "could not " + last.what + " it: " + cli.Words(err)
		last.what = stepFailed
	}
}

// print prints the steps.
func (r *applying[M]) print() error {
	list := &structpb.ListValue{}
	for _, s := range r.steps {
		row := map[string]*structpb.Value{}
		for k, v := range map[string]string{"system": s.system, "id": s.id, "action": s.what, "note": s.note} {
			row[k] = structpb.NewStringValue(v)
		}
		row["done"] = structpb.NewBoolValue(!r.flags.dryRun && s.what != stepFailed && s.what != stepDiffers && s.what != stepNothing)
		list.Values = append(list.Values, structpb.NewStructValue(&structpb.Struct{Fields: row}))
	}
	return r.app.Printer().Emit(list, func(v *render.View) {
		var rows [][]string
		for _, s := range r.steps {
			rows = append(rows, []string{s.system, s.id, v.Word(r.word(s.what)), s.note})
		}
		v.Table([]string{"SYSTEM", "ID", "DONE", "NOTES"}, rows, "nothing to apply")
		if r.flags.dryRun {
			v.Line("a dry run: nothing was changed")
		}
	})
}

// word says that a step was done, or would be.
func (r *applying[M]) word(what string) string {
	done := map[string]string{stepCreate: "created", stepRenew: "renewed", stepApprove: "approved", stepRevoke: "revoked"}[what]
	switch {
	case done == "":
		return what
	case r.flags.dryRun:
		return "would " + what
	}
	return done
}
