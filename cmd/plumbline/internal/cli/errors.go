package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/plumbline/plumbline/clients"
	"google.golang.org/grpc/codes"
)

// BelowError says that what was asked for does not hold, such as a score that
// is too low. The program did its work; the exit code says the rest.
type BelowError struct{ Reasons []string }

func (e *BelowError) Error() string { return strings.Join(e.Reasons, "; ") }

// usageError is a mistake on the command line.
type usageError struct {
	error
	command string
}

// remedies say what to do about an error of a server, by its code.
var remedies = map[codes.Code]string{
	codes.Unavailable:       "check that the server runs (plumbline serve) and that --server or PLUMBLINE_SERVER names its gRPC address",
	codes.Unauthenticated:   "give a token by PLUMBLINE_TOKEN or --token-file; an administrator makes one by plumbline token create",
	codes.PermissionDenied:  "use a token with a role that allows it; plumbline token list shows the roles",
	codes.DeadlineExceeded:  "allow more time by --timeout",
	codes.Unimplemented:     "this server is older than this program; plumbline version shows both",
	codes.NotFound:          "the list command of the resource shows what is there",
	codes.ResourceExhausted: "send less at once, or ask the administrator for room (plumbline db stat)",
}

// Explain writes an error in words: what is wrong, in which fields, and
// what to do about it.
func (a *App) Explain(err error) {
	var usage *usageError
	p := clients.AsProblem(err)
	switch {
	case errors.As(err, &usage):
		a.Note("plumbline: %v\nSee: %s --help", usage.error, usage.command)
	case errors.Is(err, context.Canceled) && p == nil:
		a.Note("plumbline: interrupted: %v", err)
	case p == nil:
		a.Note("plumbline: %v", err)
	default:
		a.problem("plumbline: ", err, p)
	}
}

// retried and dialling are what gRPC puts around the words that matter.
var (
	retried  = regexp.MustCompile(`max retries exhausted: failed after \d+ attempts: `)
	dialling = regexp.MustCompile(`^connection error: desc = "transport: (?:Error while dialing: )?(.*)"$`)
)

// Words says in one line what a server, or gRPC, answered, without the noise
// around it. An error that is neither is given as it is.
func Words(err error) string {
	p := clients.AsProblem(err)
	if p == nil {
		return err.Error()
	}
	message := dialling.ReplaceAllString(p.Message, "no connection: $1")
	// What stands before the status is ours and worth showing.
	if head, _, ok := strings.Cut(retried.ReplaceAllString(err.Error(), ""), "rpc error: "); ok {
		message = head + message
	}
	return message
}

func (a *App) problem(prefix string, err error, p *clients.Problem) {
	message := Words(err)
	a.Note("%s%s", prefix, message)
	for _, v := range p.Violations {
		if strings.Contains(message, v.Message) {
			continue // the server says a single violation in its message too
		}
		if v.Field == "" {
			a.Note("  %s", v.Message)
			continue
		}
		a.Note("  %s: %s", v.Field, v.Message)
	}
	if r := remedies[p.Code]; r != "" {
		a.Note("  %s", r)
	}
	if p.RequestID != "" {
		a.Note("  request id: %s", p.RequestID)
	}
}

// Usage wraps the check of a command's arguments.
func Usage(command string, err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err, command}
}

// Misuse is an error about how a command was called.
func Misuse(command, format string, a ...any) error {
	return &usageError{fmt.Errorf(format, a...), command}
}
