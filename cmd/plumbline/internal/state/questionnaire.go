package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// questionnaireCommand asks what to ask people.
func (a *app) questionnaireCommand() *cobra.Command {
	var limit int32
	var checklist, version, file, attestor string
	var force bool
	c := cli.Command(cli.Spec{
		Use: "questionnaire SYSTEM [SERIES]", Short: "Say what to ask people about a system, what decides most first", Args: cobra.RangeArgs(1, 2),
		Long: `Say what to ask people about a system: facts that nobody reports, or that became
stale, and claims on which exceptions rest. DECIDES counts the results that an
answer decides by itself, INVOLVES those that it has a part in.

With --output yaml, or --answers FILE, the questions are written as a file to
fill in: a value for each that can be answered, and who says so until when. What
is left empty is not filed. plumbline attest --from FILE files it as it is.

With --version it asks what a version will ask that is activated later, so that
answers are there when it is: they are filed for that version.`,
		Example: "  plumbline questionnaire intranet\n  plumbline questionnaire intranet --checklist sharepoint-2007 --answers answers.yaml\n  plumbline attest --from answers.yaml",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			wanted := checklist
			if len(args) == 2 {
				wanted = args[1]
			}
			name, err := cli.PickSeries(ctx, c, args[0], wanted)
			if err != nil {
				return err
			}
			q, err := c.Statement().GetQuestionnaire(ctx, &pb.GetQuestionnaireRequest{Name: name, Limit: limit, ChecklistVersion: version})
			if err != nil {
				return err
			}
			return a.questions(q, worksheet{attestor: attestor, file: file, ahead: version != ""}, force)
		}),
	})
	f := c.Flags()
	f.StringVar(&checklist, "checklist", "", "the checklist, where the system has several series")
	f.StringVar(&version, "version", "", "ask what this version of the checklist will ask, before it is activated")
	f.Int32Var(&limit, "limit", 0, "at most so many questions; 0 for 1,000")
	f.StringVar(&file, "answers", "", "write a file to fill in; - is standard output")
	f.StringVar(&attestor, "attestor", "", "who answers, to stand in the file")
	f.BoolVar(&force, "force", false, "overwrite the file of --answers")
	return c
}

// questions prints a questionnaire, or writes the file to fill in.
func (a *app) questions(q *pb.Questionnaire, w worksheet, force bool) error {
	if w.file == "-" {
		_, err := a.Out.Write(worksheet{attestor: w.attestor, ahead: w.ahead}.text(q))
		return err
	}
	if w.file != "" {
		if err := a.writeAnswers(w.file, w.text(q), force); err != nil {
			return err
		}
		a.Note("wrote %s to %s; fill in what you know, then: plumbline attest --from %s", cli.Count(len(q.GetQuestions()), "question"), w.file, w.file)
		return nil
	}
	if a.Output == "yaml" {
		_, err := a.Out.Write(w.text(q))
		return err
	}
	return a.Printer().Emit(q, func(v *render.View) { questionTable(v, q) })
}

// writeAnswers writes a file, but not over one that somebody may have filled in.
func (a *app) writeAnswers(name string, text []byte, force bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(name, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and may be filled in; name another file, or give --force", name)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// questionTable lays the questions out, with the question itself last.
func questionTable(v *render.View, q *pb.Questionnaire) {
	var rows [][]string
	for _, x := range q.GetQuestions() {
		rows = append(rows, []string{cli.Number(x.GetDecides()), cli.Number(x.GetInvolves()), x.GetSubject(), asks(x), standing(x), render.List(x.GetSources(), 3), x.GetQuestion()})
	}
	v.Table([]string{"DECIDES", "INVOLVES", "SUBJECT", "FACT OR CLAIM", "STATE", "COULD BE REPORTED BY", "QUESTION"}, rows, "nothing to ask")
	if n := int(q.GetTotalQuestions()) - len(q.GetQuestions()); n > 0 {
		v.Line("and %d more; --limit %d shows all", n, q.GetTotalQuestions())
	}
	v.Line("%s unknown under %s", cli.Count(int(q.GetUnknownResults()), "result"), cli.ID(q.GetName())+" at version "+q.GetChecklistVersion())
}

// asks says what an answer would be to.
func asks(x *pb.Question) string {
	switch x.GetKind() {
	case "claim":
		return "claim " + x.GetClaim()
	case "list":
		return x.GetFact() + " (a list)"
	}
	return x.GetFact()
}

// standing says why it is asked.
func standing(x *pb.Question) string {
	if x.GetState() != "stale" {
		return x.GetState()
	}
	return "stale: " + x.GetStaleSource() + " said it last " + render.Instant(x.GetStaleConfirmedTime())
}
