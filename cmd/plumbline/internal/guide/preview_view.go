package guide

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// previewPrinter prints the messages of a preview as they come. Rows cannot wait
// for each other's widths, so the columns have fixed ones.
type previewPrinter struct {
	printer *render.Printer
	headed  bool
}

// The widths of a row's columns; what is longer moves the rest to the right.
var previewWidths = []int{24, 40, 13, 17, 9, 9, 0}

func (p *previewPrinter) print(m *pb.PreviewChecklistResponse) error {
	return p.printer.Stream(m, func(v *render.View) {
		if s := m.GetSummary(); s != nil {
			summaryView(v, s, p.headed)
			return
		}
		if !p.headed {
			v.Raw(row("SYSTEM", "SERIES", "SCORE", "COVERAGE", "FAIL", "UNKNOWN", "FLIPS"))
			p.headed = true
		}
		seriesRow(v, m.GetSeries())
	})
}

// row pads the cells of one row.
func row(cells ...string) string {
	var b strings.Builder
	for i, c := range cells {
		b.WriteString(c)
		b.WriteString(strings.Repeat(" ", max(0, previewWidths[i]-utf8.RuneCountInString(c))+2))
	}
	return strings.TrimRight(b.String(), " ")
}

// seriesRow writes one series with its flips below it.
func seriesRow(v *render.View, s *pb.PreviewSeries) {
	if s.GetError() != "" {
		v.Raw(row(s.GetSystem(), s.GetSeries(), "could not be evaluated: "+s.GetError()))
		return
	}
	b, x := s.GetBefore(), s.GetAfter()
	v.Raw(row(s.GetSystem(), s.GetSeries(), arrow(scoreOf(b), scoreOf(x)), arrow(coverageOf(b), coverageOf(x)),
		arrow(countOf(b, b.GetCounts().GetFail()), cli.Number(x.GetCounts().GetFail())), arrow(countOf(b, b.GetCounts().GetUnknown()), cli.Number(x.GetCounts().GetUnknown())),
		cli.Number(s.GetFlipped())))
	for _, f := range s.GetFlips() {
		v.Raw(fmt.Sprintf("    %s → %s  %s  %s", v.Word(cli.Or(f.GetBefore(), "none")), v.Word(cli.Or(f.GetAfter(), "none")), f.GetRule(), f.GetSubject()))
	}
	if n := int(s.GetFlipped()) - len(s.GetFlips()); n > 0 && len(s.GetFlips()) > 0 {
		v.Raw(fmt.Sprintf("    and %d more", n))
	}
}

func arrow(before, after string) string {
	if before == after {
		return after
	}
	return before + " → " + after
}

// What is not assessed now has no figures, which is not the same as none.
func scoreOf(s *pb.Standing) string {
	if s == nil {
		return "-"
	}
	return render.Score(s.Score)
}

func coverageOf(s *pb.Standing) string {
	if s == nil {
		return "-"
	}
	return render.Percent(s.Coverage)
}

func countOf(s *pb.Standing, n int32) string {
	if s == nil {
		return "-"
	}
	return cli.Number(n)
}

// mostRenewals is how many statements to renew are shown to people.
const mostRenewals = 50

// summaryView lays out all series together.
func summaryView(v *render.View, s *pb.PreviewSummary, after bool) {
	if after {
		v.Raw("")
	}
	b, x := s.GetBefore(), s.GetAfter()
	effective := ""
	if b != nil && x != nil {
		effective = arrow(render.Score(b.EffectiveScore), render.Score(x.EffectiveScore))
	}
	v.Fields([2]string{"systems", cli.Number(s.GetSystems())},
		[2]string{"series", fmt.Sprintf("%d, %d with flips, %d could not be evaluated", s.GetSeries(), s.GetSeriesChanged(), s.GetSeriesFailed())},
		[2]string{"mean score", arrow(scoreOf(b), scoreOf(x))}, [2]string{"mean effective score", effective}, [2]string{"mean coverage", arrow(coverageOf(b), coverageOf(x))},
		[2]string{"statements", fmt.Sprintf("%d carry over, %d must be renewed", s.GetStatementsCarried(), s.GetRenewalCount())})
	if s.GetSeries() == 0 {
		v.Line("no series: no assignment of this checklist selects a system; --profile previews it all the same")
	}
	var rows [][]string
	for _, c := range s.GetChanges() {
		rows = append(rows, []string{v.Word(cli.Or(c.GetBefore(), "none")) + " → " + v.Word(cli.Or(c.GetAfter(), "none")), cli.Number(c.GetCount())})
	}
	v.Title("Results that flip")
	v.Table([]string{"FROM, TO", "RESULTS"}, rows, "none")
	rows = nil
	for _, r := range s.GetRules() {
		rows = append(rows, []string{r.GetRule(), v.Word(r.GetSeverity()), cli.Number(r.GetNewlyFailing()), cli.Number(r.GetRecovered()), cli.Number(r.GetNewlyUnknown()), cli.Number(r.GetFlipped()), r.GetTitle()})
	}
	if len(rows) > 0 {
		v.Title("By rule")
		v.Table([]string{"RULE", "SEVERITY", "NEWLY FAIL", "RECOVER", "NEWLY UNKNOWN", "FLIP", "TITLE"}, rows, "")
	}
	if d := s.GetDiff(); d != nil {
		v.Title("What differs")
		v.Line("%s: %s → %s: %s added, %d removed, %d changed; plumbline guidance diff shows them", d.GetChecklist(), d.GetBaseVersion(), d.GetVersion(),
			cli.Count(int(d.GetAdded()), "rule"), d.GetRemoved(), d.GetChanged())
		factTable(v, "Facts newly needed", d.GetFactsAdded())
	}
	renewalTable(v, s)
}

// renewalTable lists the statements that would not carry over.
func renewalTable(v *render.View, s *pb.PreviewSummary) {
	if len(s.GetRenewals()) == 0 {
		return
	}
	v.Title("Statements to renew")
	var rows [][]string
	for _, r := range s.GetRenewals()[:min(len(s.GetRenewals()), mostRenewals)] {
		rows = append(rows, []string{strings.TrimPrefix(r.GetName(), "systems/"), r.GetAbout(), r.GetReason()})
	}
	v.Table([]string{"STATEMENT", "ABOUT", "WHY"}, rows, "")
	if n := int(s.GetRenewalCount()) - len(rows); n > 0 {
		v.Line("and %d more; --output json has the first 1,000", n)
	}
}
