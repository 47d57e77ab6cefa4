package state

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/plumbline/plumbline/assess/attest"
	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/sheet"
	"github.com/plumbline/plumbline/guidance/protoyaml"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// mostAnswers is how many answers the server files in one commit.
const mostAnswers = 1000

// attestCommand is the family for facts that people state. By itself it files the
// answers to a questionnaire.
func (a *app) attestCommand() *cobra.Command {
	var file, attestor string
	var dryRun bool
	expires := a.End()
	c := cli.Family("attest", "State facts of a system, one by one or by the answers to a questionnaire",
		"  plumbline attest --from answers.yaml\n  plumbline attest create intranet alarmed --subject facilities/dc1 --fact intrusion_alarm --value true --attestor 'R. Roe' --expires 365d\n  plumbline attest list intranet",
		a.attestCreate(), a.attestRenew(), a.attestRevoke(), a.attestList(), a.attestShow(), a.attestApply())
	c.Use = "attest --from FILE [SYSTEM]"
	c.Long = `State facts of a system. With --from the answers that somebody filled into the
file of plumbline questionnaire are filed, all or none: facts become
attestations, confirmed questions claims. An answer to a fact that an earlier
questionnaire asked takes the place of the earlier answer.`
	c.Args = func(cmd *cobra.Command, args []string) error {
		if file == "" {
			return cli.Usage(cmd.CommandPath(), cobra.NoArgs(cmd, args))
		}
		return cli.Usage(cmd.CommandPath(), cobra.MaximumNArgs(1)(cmd, args))
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if file == "" {
			return cmd.Help()
		}
		f, err := a.readAnswers(file, args, attestor, expires)
		if err != nil {
			return err
		}
		return a.Online(func(ctx context.Context, c *clients.Client, _ []string) error { return a.file(ctx, c, f, dryRun) })(cmd.Context(), args)
	}
	f := c.Flags()
	f.StringVar(&file, "from", "", "the file with the answers; - is standard input")
	f.StringVar(&attestor, "attestor", "", "who answers, instead of who the file's head says")
	f.Var(expires, "expires", "until when the answers count, instead of what the file's head says (2027-03-01, 90d)")
	f.BoolVar(&dryRun, "dry-run", false, "check, but file nothing")
	return c
}

// answerFile is a file of answers that was read.
type answerFile struct {
	name    string
	request *pb.FileAnswersRequest
	// places says where each answer stands.
	places []*sheet.Entry
	// empty counts the questions that were left open.
	empty int
}

// readAnswers reads a file that was filled in.
func (a *app) readAnswers(name string, args []string, attestor string, expires *cli.Instant) (*answerFile, error) {
	data, err := a.Read(name, sheet.MaxBytes)
	if err != nil {
		return nil, err
	}
	f := sheet.Read(name, data, "answers")
	out := &answerFile{name: name, request: &pb.FileAnswersRequest{Attestor: cli.Or(attestor, f.Head.Text("attestor"))}}
	system := f.Head.Text("system")
	if len(args) == 1 {
		system = cli.ID(args[0])
	}
	if system == "" && len(f.Problems) == 0 {
		return nil, cli.Misuse("plumbline attest", "of which system? Write system: in %s, or name it: plumbline attest --from %s SYSTEM", name, name)
	}
	out.request.Parent, out.request.ChecklistVersion = cli.Resource("systems", system), versionName(f.Head.Text("for"))
	if out.request.ExpireTime, err = expires.Timestamp(); err != nil {
		return nil, err
	}
	if head := f.Head.End("expire", nil, a.Now()); !expires.Given() {
		out.request.ExpireTime = head
	}
	for _, e := range f.Entries {
		out.add(a, e)
	}
	f.Head.Done("system", "series", "for", "attestor", "expire")
	switch {
	case len(f.Problems) > 0:
		return nil, a.Unreadable(name, f.Sorted())
	case len(out.request.Answers) == 0:
		return nil, fmt.Errorf("%s has no answers: %s left empty; write values", name, cli.Count(out.empty, "question"))
	case len(out.request.Answers) > mostAnswers:
		return nil, fmt.Errorf("%s has %d answers; at most %d are filed at once, all or none: put the rest into another file", name, len(out.request.Answers), mostAnswers)
	}
	return out, nil
}

// add takes one entry; what is left empty is no answer.
func (f *answerFile) add(a *app, e *sheet.Entry) {
	x := &pb.Answer{
		Subject: e.Needed("subject", "say what it is about, such as hosts/web1"), Fact: e.Text("fact"), Claim: e.Text("claim"),
		Attestor: own(e, "attestor"),
	}
	kind := factType(e, x.Subject, x.Fact)
	if x.Claim != "" {
		kind = "bool"
	}
	value := e.Value("value", kind)
	if e.Own("expire") {
		x.ExpireTime = e.End("expire", nil, a.Now())
	}
	x.Evidence = readEvidence(e)
	e.Done("attestor", "expire")
	switch {
	case (x.Fact == "") == (x.Claim == ""):
		e.Wrong("fact", "write either a fact or a claim")
	case value == nil:
		f.empty++
		return
	case x.Claim == "":
		x.Value = value
	case !value.GetBoolValue():
		a.Note("%s: %s is answered with no, so there is nothing to claim", e.Place(), x.Claim)
		return
	}
	f.request.Answers = append(f.request.Answers, x)
	f.places = append(f.places, e)
}

// own is a field of the entry itself: the head's goes with the request.
func own(e *sheet.Entry, name string) string {
	if !e.Own(name) {
		return ""
	}
	return e.Text(name)
}

// factType is the type that an entry says its fact has, or the model: only of a
// declared fact it may be left to the form of the value.
func factType(e *sheet.Entry, subject, fact string) string {
	kind := e.Text("type")
	if err := sheet.CheckType(kind); err != nil {
		e.Wrong("type", "%v", err)
		return ""
	}
	if kind != "" || fact == "" {
		return kind
	}
	known, err := attest.Type(subject, fact)
	if err != nil {
		return "" // the server says what is wrong, for all answers at once
	}
	return known
}

// file checks all answers and then files them. Scores are asked before and
// after, so that who answered sees what it was good for.
func (a *app) file(ctx context.Context, c *clients.Client, f *answerFile, dryRun bool) error {
	f.request.ValidateOnly = true
	made, err := c.Statement().FileAnswers(ctx, f.request)
	if err != nil {
		return a.wrongAnswers(f, err)
	}
	var before, after []*pb.Assessment
	if !dryRun {
		if before, err = a.standings(ctx, c, f.request.GetParent()); err != nil {
			return err
		}
		f.request.ValidateOnly = false
		if made, err = c.Statement().FileAnswers(ctx, f.request); err != nil {
			return a.wrongAnswers(f, err)
		}
		if after, err = a.standings(ctx, c, f.request.GetParent()); err != nil {
			return err
		}
	}
	return a.Printer().Emit(made, func(v *render.View) {
		if len(made.GetAttestations()) > 0 {
			v.Title("Attestations")
			attestTable(v, made.GetAttestations())
		}
		if len(made.GetClaims()) > 0 {
			v.Title("Claims")
			claimTable(v, made.GetClaims())
		}
		if dryRun {
			v.Title("A dry run: %s good, nothing was filed; %s left empty", cli.Count(len(f.request.GetAnswers()), "answer"), cli.Count(f.empty, "question"))
			return
		}
		v.Title("%s filed, %s left empty", cli.Count(len(f.request.GetAnswers()), "answer"), cli.Count(f.empty, "question"))
		compareStandings(v, before, after)
	})
}

// standings are the states of a system's series; table output alone shows them.
func (a *app) standings(ctx context.Context, c *clients.Client, system string) ([]*pb.Assessment, error) {
	if a.Output != "table" {
		return nil, nil
	}
	list, err := c.Assessment().ListSeries(ctx, &pb.ListSeriesRequest{Parent: system})
	if err != nil {
		return nil, err
	}
	var out []*pb.Assessment
	for _, s := range list.GetSeries() {
		if s.GetAssignment() == "" {
			continue // it has ended
		}
		x, err := c.Assessment().GetAssessment(ctx, &pb.GetAssessmentRequest{Name: s.GetName()})
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// compareStandings shows what the answers were good for.
func compareStandings(v *render.View, before, after []*pb.Assessment) {
	was := map[string]*pb.Assessment{}
	for _, x := range before {
		was[seriesOf(x)] = x
	}
	var rows [][]string
	for _, x := range after {
		o := was[seriesOf(x)]
		rows = append(rows, []string{seriesOf(x), arrow(render.Score(cli.DefaultScore(o.GetRaw())), render.Score(cli.DefaultScore(x.GetRaw()))),
			arrow(render.Percent(share(o)), render.Percent(x.Coverage)), arrow(cli.Number(o.GetRaw().GetCounts().GetUnknown()), cli.Number(x.GetRaw().GetCounts().GetUnknown())),
			arrow(cli.Number(o.GetRaw().GetCounts().GetFail()), cli.Number(x.GetRaw().GetCounts().GetFail()))})
	}
	v.Table([]string{"SERIES", "SCORE", "COVERAGE", "UNKNOWN", "FAIL"}, rows, "the system has no series; plumbline assign create makes one")
}

func seriesOf(x *pb.Assessment) string {
	_, series, _ := strings.Cut(x.GetName(), "/series/")
	return series
}

func share(x *pb.Assessment) *float64 {
	if x == nil {
		return nil
	}
	return x.Coverage
}

func arrow(before, after string) string {
	if before == after {
		return after
	}
	return before + " → " + after
}

var answerField = regexp.MustCompile(`^answers\[(\d+)\]\.?(.*)$`)

// wrongAnswers says where in the file the answers stand that the server refused.
func (a *app) wrongAnswers(f *answerFile, err error) error {
	p := clients.AsProblem(err)
	if p == nil {
		return err
	}
	var problems []protoyaml.Problem
	for _, v := range p.Violations {
		m := answerField.FindStringSubmatch(v.Field)
		if m == nil {
			return err
		}
		i, bad := strconv.Atoi(m[1])
		if bad != nil || i >= len(f.places) {
			return err
		}
		problems = append(problems, f.places[i].Problem(inFile(m[2]), v.Message))
	}
	if problems == nil {
		return err
	}
	return fmt.Errorf("%w; nothing was filed", a.Unreadable(f.name, problems))
}

// inFile is the name that a field of an answer has in the file.
func inFile(field string) string {
	switch field {
	case "expire_time":
		return "expire"
	case "evidence.uri", "evidence.sha256":
		return strings.Replace(field, ".", "_", 1)
	}
	return field
}
