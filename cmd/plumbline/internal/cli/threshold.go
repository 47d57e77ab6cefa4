package cli

import (
	"fmt"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// Threshold is what --fail-under asks for. The score is the default model's
// effective one, of 0 to 100: a failure that was accepted does not break a build.
type Threshold struct {
	score, coverage float64
	cmd             *cobra.Command
}

// Flags adds the flags to a command.
func (t *Threshold) Flags(c *cobra.Command) {
	t.cmd = c
	c.Flags().Float64Var(&t.score, "fail-under", 0, "exit with 2 if the effective score (0 to 100) is below, or nothing was scored")
	c.Flags().Float64Var(&t.coverage, "fail-under-coverage", 0, "exit with 2 if the coverage in percent is below, or nothing applies")
}

// Check gives a BelowError for each assessment that is below. A threshold that
// was not given asks for nothing, also not that there is a score.
func (t *Threshold) Check(name string, score, coverage *float64) error {
	var reasons []string
	if t.cmd.Flags().Changed("fail-under") && (score == nil || *score < t.score) {
		reasons = append(reasons, fmt.Sprintf("%s: score %s is below %g", name, render.Score(score), t.score))
	}
	if t.cmd.Flags().Changed("fail-under-coverage") && (coverage == nil || *coverage*100 < t.coverage) {
		reasons = append(reasons, fmt.Sprintf("%s: coverage %s is below %g %%", name, render.Percent(coverage), t.coverage))
	}
	if reasons == nil {
		return nil
	}
	return &BelowError{Reasons: reasons}
}

// DefaultScore gives the default model's score; nil where nothing counted.
func DefaultScore(s *pb.Scores) *float64 {
	for _, m := range s.GetScores() {
		if m.GetModel() == "urn:xccdf:scoring:default" {
			return m.Value
		}
	}
	return nil
}
