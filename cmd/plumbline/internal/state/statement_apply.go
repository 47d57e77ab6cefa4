package state

import (
	"context"
	"strings"
	"time"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/sheet"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
)

// noTime is where a span must count from a start that the file says.
var noTime time.Time

// claimApply files the claims of files.
func (a *app) claimApply() *cobra.Command {
	return applyCommand(a, a.claimKind(), cli.Spec{
		Use: "apply -f FILE...", Short: "File the claims that stand in YAML files",
		Long: `File the claims that stand in YAML files. What is not there is created; what is
there already is left alone, since a claim never changes.

  system: intranet
  claims:
    - id: dc1-secure
      claim: physically-secure-data-center
      subject: dc1
      claimant: R. Roe
      start_time: 2026-11-01             # now where left out
      expire_time: 365d                  # from start_time; or an instant
      evidence_uri: https://wiki.example/dc1
      evidence_file: audit.pdf           # or evidence_sha256
      for: sharepoint-2007@2.0.0         # a version to come, if any`,
		Example: "  plumbline claim apply -f claims.yaml --dry-run\n  plumbline claim apply -f claims.yaml --prune",
	}, nil)
}

func (a *app) claimKind() kind[*pb.Claim] {
	return kind[*pb.Claim]{
		one: "claim", many: "claims", read: readClaim,
		request: func(system, id string, m *pb.Claim) proto.Message {
			return &pb.CreateClaimRequest{Parent: cli.Resource("systems", system), ClaimId: id, Claim: m}
		},
		stored: func(ctx context.Context, c *clients.Client, system string) ([]*pb.Claim, error) {
			return claims(ctx, c, system, cli.Limit{})
		},
		create: func(ctx context.Context, c *clients.Client, system, id string, m *pb.Claim) (*pb.Claim, error) {
			return c.Statement().CreateClaim(ctx, &pb.CreateClaimRequest{Parent: cli.Resource("systems", system), ClaimId: id, Claim: m})
		},
		settle: func(file, stored *pb.Claim) (step, func(context.Context, *clients.Client) error) {
			found := differences(file, stored, "claim", "subject", "claimant", "expire_time", "evidence")
			found = append(found, otherVersion(file, stored)...)
			if file.GetStartTime() != nil {
				found = append(found, differences(file, stored, "start_time")...)
			}
			return unchanging("claim", found, stored), nil
		},
		revoke: func(ctx context.Context, c *clients.Client, name string) error {
			_, err := c.Statement().RevokeClaim(ctx, &pb.RevokeClaimRequest{Name: name})
			return err
		},
	}
}

// unchanging says how a statement stands that cannot be changed.
func unchanging(one string, found []string, stored statement) step {
	switch {
	case len(found) > 0:
		return step{what: stepDiffers, note: strings.Join(found, "; ") + "; what was stated never changes: give the " + one + " a new id"}
	case stored.GetState() == "revoked":
		return step{what: stepDiffers, note: "it was revoked; take it out of the file, or give it a new id"}
	}
	return step{what: stepNothing, note: stored.GetState()}
}

// readClaim reads an entry of a file.
func readClaim(e *sheet.Entry) *pb.Claim {
	m := &pb.Claim{
		Claim: e.Needed("claim", "write the id of the claim that the checklist declares"), Subject: e.Needed("subject", "say what it is about, such as dc1"),
		Claimant: e.Needed("claimant", "say who claims it"), ChecklistVersion: readVersion(e), StartTime: e.Time("start_time"), Evidence: readEvidence(e),
	}
	if m.ExpireTime = e.End("expire_time", m.StartTime, noTime); !e.Has("expire_time") {
		e.Wrong("expire_time", "is missing; say until when it holds")
	}
	return m
}

// readEvidence reads what a statement rests on.
func readEvidence(e *sheet.Entry) *pb.Evidence {
	uri, sum, file := e.Text("evidence_uri"), e.Text("evidence_sha256"), e.Text("evidence_file")
	if file != "" {
		got, err := sumFile(file)
		switch {
		case err != nil:
			e.Wrong("evidence_file", "%v", err)
		case sum != "" && sum != got:
			e.Wrong("evidence_sha256", "is not that of %s, which is %s", file, got)
		}
		sum = got
	}
	return evidenceOf(uri, sum)
}

// attestApply states the facts of files.
func (a *app) attestApply() *cobra.Command {
	return applyCommand(a, a.attestKind(), cli.Spec{
		Use: "apply -f FILE...", Short: "State the facts that stand in YAML files",
		Long: `State the facts that stand in YAML files. What is not there is created. Where
the file says a later end, another attestor or other evidence for a fact that is
stated already, it is renewed; another value needs a new id.

  system: intranet
  attestations:
    - id: alarmed
      subject: facilities/dc1
      fact: intrusion_alarm
      value: true                        # and type: where it does not show
      attestor: R. Roe
      start_time: 2026-11-01             # now where left out
      expire_time: 365d                  # from start_time; or an instant
      evidence_uri: https://wiki.example/dc1
      evidence_file: audit.pdf           # or evidence_sha256`,
		Example: "  plumbline attest apply -f facts.yaml --dry-run\n  plumbline attest apply -f facts.yaml --prune",
	}, nil)
}

func (a *app) attestKind() kind[*pb.Attestation] {
	return kind[*pb.Attestation]{
		one: "attestation", many: "attestations", read: readAttestation,
		request: func(system, id string, m *pb.Attestation) proto.Message {
			return &pb.CreateAttestationRequest{Parent: cli.Resource("systems", system), AttestationId: id, Attestation: m}
		},
		stored: func(ctx context.Context, c *clients.Client, system string) ([]*pb.Attestation, error) {
			return statedFacts(ctx, c, system, cli.Limit{})
		},
		create: func(ctx context.Context, c *clients.Client, system, id string, m *pb.Attestation) (*pb.Attestation, error) {
			return c.Statement().CreateAttestation(ctx, &pb.CreateAttestationRequest{Parent: cli.Resource("systems", system), AttestationId: id, Attestation: m})
		},
		settle: settleAttestation,
		revoke: func(ctx context.Context, c *clients.Client, name string) error {
			_, err := c.Statement().RevokeAttestation(ctx, &pb.RevokeAttestationRequest{Name: name})
			return err
		},
	}
}

// readAttestation reads an entry of a file.
func readAttestation(e *sheet.Entry) *pb.Attestation {
	m := &pb.Attestation{
		Subject: e.Needed("subject", "say what it is about, such as hosts/web1"), Fact: e.Needed("fact", "say which fact, such as os/patched_time"),
		Attestor: e.Needed("attestor", "say who states it"), ChecklistVersion: readVersion(e), StartTime: e.Time("start_time"), Evidence: readEvidence(e),
	}
	if m.Value = e.Value("value", factType(e, m.Subject, m.Fact)); !e.Has("value") {
		e.Wrong("value", "is missing; write the fact's value")
	}
	if m.ExpireTime = e.End("expire_time", m.StartTime, noTime); !e.Has("expire_time") {
		e.Wrong("expire_time", "is missing; say until when it counts")
	}
	return m
}

// settleAttestation says what there is to do for a fact that is stated already.
// A renewal moves its start, which is then no difference.
func settleAttestation(file, stored *pb.Attestation) (step, func(context.Context, *clients.Client) error) {
	found := append(differences(file, stored, "subject", "fact", "value"), otherVersion(file, stored)...)
	if file.GetStartTime() != nil && stored.GetRenewals() == 0 {
		found = append(found, differences(file, stored, "start_time")...)
	}
	if file.GetExpireTime().AsTime().Before(stored.GetExpireTime().AsTime()) {
		found = append(found, "it is stated until "+render.Instant(stored.GetExpireTime())+" already")
	}
	if len(found) > 0 || stored.GetState() == "revoked" {
		return unchanging("attestation", found, stored), nil
	}
	// The server keeps the attestor and the evidence that a renewal does not name.
	fields := differences(file, stored, "expire_time", "attestor")
	if file.GetEvidence() != nil {
		fields = append(fields, differences(file, stored, "evidence")...)
	}
	if len(fields) == 0 {
		return step{what: stepNothing, note: stored.GetState()}, nil
	}
	return step{what: stepRenew, note: strings.Join(fields, "; ")}, func(ctx context.Context, c *clients.Client) error {
		_, err := c.Statement().RenewAttestation(ctx, &pb.RenewAttestationRequest{
			Name: stored.GetName(), ExpireTime: file.GetExpireTime(), Evidence: file.GetEvidence(), Attestor: file.GetAttestor(),
		})
		return err
	}
}
