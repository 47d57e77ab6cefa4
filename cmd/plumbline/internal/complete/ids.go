package complete

import (
	"context"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// pages is how many pages of 1,000 ids are looked through.
const pages = 5

// named is a resource.
type named interface{ GetName() string }

// collect takes the ids of some pages' resources; what tells what each is, if
// it is not nil. Of a version it is the id of what it is a version of.
func collect[T named](what func(T) string, fetch func(size int32, token string) ([]T, string, error)) (out []string, err error) {
	token := ""
	for range pages {
		rows, next, err := fetch(1000, token)
		if err != nil {
			return out, err
		}
		for _, r := range rows {
			name, _, _ := strings.Cut(r.GetName(), "/versions/")
			id := cli.ID(name)
			if what != nil {
				id += "\t" + what(r)
			}
			out = append(out, id)
		}
		if token = next; token == "" {
			break
		}
	}
	return out, nil
}

func systems(ctx context.Context, q *query) ([]string, error) {
	return collect(nil, func(size int32, token string) ([]*pb.SystemRecord, string, error) {
		r, err := q.client.Inventory().ListSystems(ctx, &pb.ListSystemsRequest{PageSize: size, PageToken: token})
		return r.GetSystems(), r.GetNextPageToken(), err
	})
}

func hosts(ctx context.Context, q *query) ([]string, error) {
	return collect(nil, func(size int32, token string) ([]*pb.HostRecord, string, error) {
		r, err := q.client.Inventory().ListHosts(ctx, &pb.ListHostsRequest{PageSize: size, PageToken: token})
		return r.GetHosts(), r.GetNextPageToken(), err
	})
}

// series are those of the system that stands before.
func series(ctx context.Context, q *query) ([]string, error) {
	if len(q.args) == 0 {
		return nil, nil
	}
	return collect(nil, func(int32, string) ([]*pb.Series, string, error) {
		r, err := q.client.Assessment().ListSeries(ctx, &pb.ListSeriesRequest{Parent: q.system()})
		return r.GetSeries(), "", err
	})
}

func (q *query) system() string { return cli.Resource("systems", q.args[0]) }

func claims(ctx context.Context, q *query) ([]string, error) {
	return collect(func(c *pb.Claim) string { return c.GetState() + ": " + c.GetClaim() + " for " + c.GetSubject() },
		func(size int32, token string) ([]*pb.Claim, string, error) {
			r, err := q.client.Statement().ListClaims(ctx, &pb.ListClaimsRequest{Parent: q.system(), PageSize: size, PageToken: token})
			return r.GetClaims(), r.GetNextPageToken(), err
		})
}

func waivers(ctx context.Context, q *query) ([]string, error) {
	return collect(func(w *pb.Waiver) string { return w.GetState() + ": " + cli.Or(w.GetRule(), w.GetArea()) },
		func(size int32, token string) ([]*pb.Waiver, string, error) {
			r, err := q.client.Statement().ListWaivers(ctx, &pb.ListWaiversRequest{Parent: q.system(), PageSize: size, PageToken: token})
			return r.GetWaivers(), r.GetNextPageToken(), err
		})
}

func attestations(ctx context.Context, q *query) ([]string, error) {
	return collect(func(t *pb.Attestation) string { return t.GetState() + ": " + t.GetFact() + " of " + t.GetSubject() },
		func(size int32, token string) ([]*pb.Attestation, string, error) {
			r, err := q.client.Statement().ListAttestations(ctx, &pb.ListAttestationsRequest{Parent: q.system(), PageSize: size, PageToken: token})
			return r.GetAttestations(), r.GetNextPageToken(), err
		})
}

func assignments(ctx context.Context, q *query) ([]string, error) {
	return collect(func(a *pb.Assignment) string { return a.GetChecklist() + "@" + a.GetVersion() },
		func(size int32, token string) ([]*pb.Assignment, string, error) {
			r, err := q.client.Guidance().ListAssignments(ctx, &pb.ListAssignmentsRequest{PageSize: size, PageToken: token})
			return r.GetAssignments(), r.GetNextPageToken(), err
		})
}

func checklists(ctx context.Context, q *query) ([]string, error) {
	return collect(nil, func(size int32, token string) ([]*pb.ChecklistVersion, string, error) {
		r, err := q.client.Guidance().ListChecklists(ctx, &pb.ListChecklistsRequest{PageSize: size, PageToken: token})
		return r.GetChecklists(), r.GetNextPageToken(), err
	})
}

// versions are checklists, and once one is named its versions, as ID@VERSION.
func versions(ctx context.Context, q *query) ([]string, error) {
	id, _, whole := strings.Cut(q.typed, "@")
	if !whole {
		return checklists(ctx, q)
	}
	list, err := q.versionsOf(ctx, id)
	for i := range list {
		list[i] = id + "@" + list[i]
	}
	return list, err
}

// numbers are the versions of the checklist that a flag names.
func numbers(ctx context.Context, q *query) ([]string, error) {
	f := q.cmd.Flags().Lookup("checklist")
	if f == nil || f.Value.String() == "" {
		return nil, nil
	}
	return q.versionsOf(ctx, f.Value.String())
}

func (q *query) versionsOf(ctx context.Context, checklist string) (out []string, err error) {
	r, err := q.client.Guidance().ListChecklistVersions(ctx, &pb.ListChecklistVersionsRequest{Parent: cli.Resource("checklists", checklist), PageSize: 1000})
	for _, v := range r.GetVersions() {
		out = append(out, cli.ID(v.GetName())+"\t"+v.GetState())
	}
	return out, err
}

func tailorings(ctx context.Context, q *query) ([]string, error) {
	return collect(nil, func(size int32, token string) ([]*pb.TailoringVersion, string, error) {
		r, err := q.client.Guidance().ListTailorings(ctx, &pb.ListTailoringsRequest{PageSize: size, PageToken: token})
		return r.GetTailorings(), r.GetNextPageToken(), err
	})
}

func operations(ctx context.Context, q *query) ([]string, error) {
	return collect(nil, func(size int32, token string) ([]*longrunningpb.Operation, string, error) {
		r, err := q.client.Reassessment().ListOperations(ctx, &longrunningpb.ListOperationsRequest{PageSize: size, PageToken: token})
		return r.GetOperations(), r.GetNextPageToken(), err
	})
}

func webhooks(ctx context.Context, q *query) ([]string, error) {
	return collect(func(w *pb.Webhook) string { return w.GetUri() }, func(size int32, token string) ([]*pb.Webhook, string, error) {
		r, err := q.client.Event().ListWebhooks(ctx, &pb.ListWebhooksRequest{PageSize: size, PageToken: token})
		return r.GetWebhooks(), r.GetNextPageToken(), err
	})
}

func tokens(ctx context.Context, q *query) ([]string, error) {
	return collect(func(t *pb.Token) string { return t.GetRole() }, func(size int32, token string) ([]*pb.Token, string, error) {
		r, err := q.client.Admin().ListTokens(ctx, &pb.ListTokensRequest{PageSize: size, PageToken: token})
		return r.GetTokens(), r.GetNextPageToken(), err
	})
}
