package state

import (
	"context"

	"github.com/plumbline/plumbline/assess/attest"
	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/sheet"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
)

// attestCreate files one fact.
func (a *app) attestCreate() *cobra.Command {
	t := &pb.Attestation{}
	var proof evidence
	var of answersTo
	var value, kind string
	start, expires := a.Instant(), a.End()
	c := cli.Command(cli.Spec{
		Use: "create SYSTEM ID", Short: "State a fact of a system", Args: cobra.ExactArgs(2),
		Long: `State a fact. A person is a source like others, by default the least believed,
and what was stated is unknown again once it expires.

The fact is one that a checklist declares, such as intrusion_alarm, or the
path of a field below the subject, such as os/patched_time. The form of the
value says its type where --type does not: true, 3, 1.5, 2026-05-02, [a, b], or
a text.`,
		Example: "  plumbline attest create intranet alarmed --subject facilities/dc1 --fact intrusion_alarm --value true --attestor 'R. Roe' --expires 365d --evidence-uri https://wiki.example/dc1\n" +
			"  plumbline attest create intranet web1-patched --subject hosts/web1 --fact os/patched_time --value 2026-05-02 --attestor 'R. Roe' --expires 30d --evidence-file patches.log",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) (err error) {
			if t.StartTime, t.ExpireTime, err = span(start, expires); err != nil {
				return err
			}
			if t.Evidence, err = proof.message(); err != nil {
				return err
			}
			if t.Value, err = stated(t.Subject, t.Fact, value, kind); err != nil {
				return err
			}
			t.ChecklistVersion = of.version()
			made, err := c.Statement().CreateAttestation(ctx, &pb.CreateAttestationRequest{Parent: cli.Resource("systems", args[0]), AttestationId: args[1], Attestation: t})
			if err != nil {
				return err
			}
			return a.printAttestations(made, []*pb.Attestation{made})
		}),
	})
	f := c.Flags()
	f.StringVar(&t.Subject, "subject", "", "what it is about, such as facilities/dc1, hosts/web1 or system")
	f.StringVar(&t.Fact, "fact", "", "the fact: a declared one's name, or a field's path below the subject")
	f.StringVar(&value, "value", "", "its value")
	f.StringVar(&kind, "type", "", "the value's type: bool, int, double, string, timestamp, duration, list(string)")
	f.StringVar(&t.Attestor, "attestor", "", "who states it")
	f.Var(start, "start", "from when it is so; now where empty, and it may lie in the past "+cli.InstantHelp)
	f.Var(expires, "expires", "from when it is unknown again "+cli.EndHelp)
	of.flag(f)
	proof.flags(f)
	for _, name := range []string{"subject", "fact", "value", "attestor", "expires"} {
		cli.Require(c, name)
	}
	return c
}

// stated reads a value as the command line has it. The type of a field is known
// here; that of a declared fact only to the server.
func stated(subject, fact, value, kind string) (*pb.FactValue, error) {
	if err := sheet.CheckType(kind); err != nil {
		return nil, cli.Misuse("plumbline attest create", "--%v", err)
	}
	if kind == "" {
		if known, err := attest.Type(subject, fact); err == nil {
			kind = known
		}
	}
	v, err := sheet.Flag(value, kind)
	if err != nil {
		return nil, cli.Misuse("plumbline attest create", "--value: %v", err)
	}
	return v, nil
}

// attestRenew states the same again.
func (a *app) attestRenew() *cobra.Command {
	req := &pb.RenewAttestationRequest{}
	var proof evidence
	expires := a.End()
	c := cli.Command(cli.Spec{
		Use: "renew SYSTEM ID", Short: "State the same fact again, until a later instant", Args: cobra.ExactArgs(2),
		Example: "  plumbline attest renew intranet alarmed --expires 365d\n  plumbline attest renew intranet alarmed --expires 2028-01-31 --attestor 'J. Doe' --evidence-uri https://wiki.example/dc1-audit",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) (err error) {
			req.Name = cli.Child(args[0], "attestations", args[1])
			if req.ExpireTime, err = expires.Timestamp(); err != nil {
				return err
			}
			if req.Evidence, err = proof.message(); err != nil {
				return err
			}
			t, err := c.Statement().RenewAttestation(ctx, req)
			if err != nil {
				return err
			}
			return a.printAttestations(t, []*pb.Attestation{t})
		}),
	})
	f := c.Flags()
	f.Var(expires, "expires", "from when it is unknown again (2027-03-01, 90d)")
	f.StringVar(&req.Attestor, "attestor", "", "who states it now; who stated it before where empty")
	proof.flags(f)
	cli.Require(c, "expires")
	return c
}

// attestRevoke takes a fact back.
func (a *app) attestRevoke() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "revoke SYSTEM ID", Short: "Take a fact back from now on", Args: cobra.ExactArgs(2),
		Example: "  plumbline attest revoke intranet alarmed",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			t, err := c.Statement().RevokeAttestation(ctx, &pb.RevokeAttestationRequest{Name: cli.Child(args[0], "attestations", args[1])})
			if err != nil {
				return err
			}
			return a.printAttestations(t, []*pb.Attestation{t})
		}),
	})
}

// attestList lists attestations, also those that are over.
func (a *app) attestList() *cobra.Command {
	var l cli.Limit
	c := cli.Command(cli.Spec{
		Use: "list SYSTEM", Short: "List the facts that people state of a system, revoked and expired ones too", Args: cobra.ExactArgs(1),
		Example: "  plumbline attest list intranet",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			rows, err := statedFacts(ctx, c, args[0], l)
			if err != nil {
				return err
			}
			return a.printAttestations(&pb.ListAttestationsResponse{Attestations: rows}, rows)
		}),
	})
	l.Flag(c, 0)
	return c
}

// statedFacts gets a system's attestations.
func statedFacts(ctx context.Context, c *clients.Client, system string, l cli.Limit) ([]*pb.Attestation, error) {
	return cli.Pages(l, func(size int32, token string) ([]*pb.Attestation, string, error) {
		r, err := c.Statement().ListAttestations(ctx, &pb.ListAttestationsRequest{Parent: cli.Resource("systems", system), PageSize: size, PageToken: token})
		return r.GetAttestations(), r.GetNextPageToken(), err
	})
}

// attestShow shows all of one attestation.
func (a *app) attestShow() *cobra.Command {
	return cli.Command(cli.Spec{
		Use: "show SYSTEM ID", Short: "Show a fact that a person states, with its evidence", Args: cobra.ExactArgs(2),
		Example: "  plumbline attest show intranet alarmed",
		Do: a.Online(func(ctx context.Context, c *clients.Client, args []string) error {
			t, err := c.Statement().GetAttestation(ctx, &pb.GetAttestationRequest{Name: cli.Child(args[0], "attestations", args[1])})
			if err != nil {
				return err
			}
			return a.Printer().Emit(t, func(v *render.View) {
				renewed := ""
				if n := t.GetRenewals(); n > 0 {
					renewed = cli.Count(int(n), "time")
				}
				v.Fields([2]string{"attestation", t.GetName()}, [2]string{"state", t.GetState()}, [2]string{"subject", t.GetSubject()}, [2]string{"fact", t.GetFact()},
					[2]string{"value", sheet.Words(t.GetValue())}, [2]string{"type", attest.TypeOf(t.GetValue())}, [2]string{"stated by", t.GetAttestor()},
					[2]string{"from", v.When(t.GetStartTime())}, [2]string{"until", v.When(t.GetExpireTime())}, [2]string{"filed", v.When(t.GetRecordTime())},
					[2]string{"renewed", renewed}, [2]string{"revoked", v.When(t.GetRevokeTime())},
					[2]string{"evidence", t.GetEvidence().GetUri()}, [2]string{"its SHA-256", t.GetEvidence().GetSha256()})
				warnings(v, []*pb.Attestation{t})
			})
		}),
	})
}

// printAttestations prints attestations.
func (a *app) printAttestations(m proto.Message, list []*pb.Attestation) error {
	return a.Printer().Emit(m, func(v *render.View) { attestTable(v, list) })
}

func attestTable(v *render.View, list []*pb.Attestation) {
	var rows [][]string
	for _, t := range list {
		rows = append(rows, []string{cli.ID(t.GetName()), v.Word(t.GetState()), t.GetSubject(), t.GetFact(), sheet.Words(t.GetValue()), t.GetAttestor(),
			render.Instant(t.GetStartTime()), render.Instant(t.GetExpireTime()), t.GetEvidence().GetUri()})
	}
	v.Table([]string{"ID", "STATE", "SUBJECT", "FACT", "VALUE", "ATTESTOR", "SINCE", "EXPIRES", "EVIDENCE"}, rows, "no attestations")
	warnings(v, list)
}
