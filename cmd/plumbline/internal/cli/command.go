package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// Action is what a command does, with its arguments.
type Action func(ctx context.Context, args []string) error

// Spec describes a command.
type Spec struct {
	Use, Short, Long, Example string
	// Args checks the arguments; none are taken where it is nil.
	Args cobra.PositionalArgs
	Do   Action
}

// Command makes a command. Mistakes in its arguments name the command to ask
// for help.
func Command(s Spec) *cobra.Command {
	c := &cobra.Command{Use: s.Use, Short: s.Short, Long: s.Long, Example: s.Example}
	if s.Long == "" {
		c.Long = s.Short + "."
	}
	check := s.Args
	if check == nil {
		check = cobra.NoArgs
	}
	c.Args = func(cmd *cobra.Command, args []string) error { return Usage(cmd.CommandPath(), check(cmd, args)) }
	c.RunE = func(cmd *cobra.Command, args []string) error { return s.Do(cmd.Context(), args) }
	return c
}

// Family makes a command that only holds others.
func Family(use, short, example string, members ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Long: short + ".", Example: example}
	c.Args = func(cmd *cobra.Command, args []string) error {
		return Usage(cmd.CommandPath(), cobra.NoArgs(cmd, args))
	}
	c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	c.AddCommand(members...)
	return c
}

// Require marks a flag of a command as needed.
func Require(c *cobra.Command, flag string) {
	if err := c.MarkFlagRequired(flag); err != nil {
		panic(err) // the flag is not there: a mistake in this program
	}
}
