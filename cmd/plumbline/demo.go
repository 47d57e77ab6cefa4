package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/plumbline/plumbline/clients"
	"github.com/plumbline/plumbline/clients/sslscan"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/storefile"
	"github.com/plumbline/plumbline/examples"
	"github.com/plumbline/plumbline/guidance"
	"github.com/plumbline/plumbline/guidance/inventoryfile"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/plumbline/plumbline/server"
	"github.com/spf13/cobra"
)

// What the demonstration is about.
const (
	demoSystem    = "systems/harbour-sharepoint"
	demoChecklist = "sharepoint-2007"
	demoProfile   = "external-secure-collaboration"
	demoSeries    = demoSystem + "/series/" + demoChecklist + "~" + demoProfile + "~default"
)

// demoProducts are the systems of the other products, each under the profile
// that fits it.
var demoProducts = []struct{ file, checklist, profile string }{
	{"configmgr/good.yaml", "configmgr-2007", "internet-based-clients"},
	{"commsuite/good.yaml", "commsuite-5", "two-tier"},
	{"sametime/good.yaml", "sametime-extranet", "extranet"},
}

// demoTopic is the topic under which every system stands, first as it was
// advised in 2007, and previewed as it is advised now.
const (
	demoTopic        = "transport-security"
	demoTopicThen    = "2007.1.0"
	demoTopicNow     = "2026.1.0"
	demoTopicProfile = "intermediate"
	demoTopicSystem  = "topics/transport-security.yaml"
)

// demoScans says where the real scans of a weak and a strong server go: each
// was made through a local port.
var demoScans = []struct{ file, target string }{
	{"sslscan-18443.xml", "ext-wfe1/443"},
	{"sslscan-18444.xml", "www-wfe1/443"},
}

type demo struct {
	app   *cli.App
	exit  bool
	dir   string
	scans string

	client   *clients.Client
	grpcAddr string
	httpAddr string
	// received says what was submitted and how it was answered.
	received [][]string
}

func demoCommand(a *cli.App) *cobra.Command {
	d := &demo{app: a}
	c := cli.Command(cli.Spec{
		Use: "demo", Short: "Show all of it on examples: four products, one with real faults",
		Long: `Make a new store, serve it on free ports of this machine, publish checklists,
submit example systems of four products, one of them as three sources tell of
it, show how they stand, and preview what today's advice on transport security
would change.

Then it serves until interrupted, so that the curl and grpcurl lines that it
prints can be tried. The store is thrown away, unless --dir says where to keep it.`,
		Example: "  plumbline demo\n  plumbline demo --exit\n  plumbline demo --dir ./try --output json --exit",
		Do:      func(ctx context.Context, _ []string) error { return d.run(ctx) },
	})
	c.Flags().BoolVar(&d.exit, "exit", false, "stop after showing the assessment")
	c.Flags().StringVar(&d.dir, "dir", "", "folder to keep the store in; a new one is made inside it")
	c.Flags().StringVar(&d.scans, "scans", filepath.Join("..", "shared", "samples", "tls"), "folder with sslscan's output of a weak and a strong server; the same facts from the example where it is not there")
	return c
}

// run makes the store, serves, shows, and takes down what it put up.
func (d *demo) run(ctx context.Context) (err error) {
	dir, remove, err := d.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	store := filepath.Join(dir, storefile.Default)
	if err := storefile.Create(ctx, store); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	serving, stop := context.WithCancel(ctx)
	defer stop()
	config := server.Config{GRPCAddr: "127.0.0.1:0", HTTPAddr: "127.0.0.1:0", Reflection: true, LogOutput: log, Clock: d.app.Now}
	started, served := make(chan [2]string, 1), make(chan error, 1)
	go func() {
		served <- serve(serving, config, storeConfig{name: store, scheduler: true}, func(g, h string) { started <- [2]string{g, h} })
	}()
	select {
	case at := <-started:
		d.grpcAddr, d.httpAddr = at[0], at[1]
	case err := <-served:
		return err
	}
	if err = d.present(serving, store); err == nil && !d.exit {
		d.app.Note("Serving until interrupted (Ctrl-C).")
		select {
		case <-ctx.Done():
		case err = <-served:
			return err
		}
	}
	stop()
	return errors.Join(err, <-served)
}

// folder makes the folder of this run: a temporary one that goes away, or one
// inside the folder that was asked for.
func (d *demo) folder() (dir string, remove func() error, err error) {
	if d.dir == "" {
		dir, err = os.MkdirTemp("", "plumbline-demo-")
		return dir, func() error { return os.RemoveAll(dir) }, err
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return "", nil, err
	}
	dir, err = os.MkdirTemp(d.dir, "demo-")
	return dir, func() error { return nil }, err
}

// present fills the store and shows what came of it.
func (d *demo) present(ctx context.Context, store string) error {
	var err error
	d.client, err = clients.Dial(ctx, clients.Config{Address: d.grpcAddr, Insecure: true, UserAgent: "plumbline-demo/" + d.app.Version})
	if err != nil {
		return err
	}
	defer d.client.Close()
	if err := d.publish(ctx); err != nil {
		return fmt.Errorf("publish the guidance: %w", err)
	}
	if err := d.submitAll(ctx); err != nil {
		return err
	}
	s := &scene{demo: d, store: store}
	if err := s.read(ctx); err != nil {
		return fmt.Errorf("read the assessment: %w", err)
	}
	return d.app.Printer().Emit(&pb.AssessInventoryResponse{Assessment: s.glance.Assessment, Findings: s.glance.Findings}, s.view)
}

// publish publishes checklists that ship, and assigns them: of the SharePoint
// checklist each profile, which are the three security environments that its
// source knows; of the topic the old version, to every system.
func (d *demo) publish(ctx context.Context) error {
	farm, err := d.publishOne(ctx, demoChecklist, guidance.Latest)
	if err != nil {
		return err
	}
	for _, p := range farm.GetProfiles() {
		if err := d.assign(ctx, p.GetId(), demoChecklist, "latest", p.GetId(), &pb.Selector{Product: demoChecklist}); err != nil {
			return err
		}
	}
	for _, p := range demoProducts {
		if _, err := d.publishOne(ctx, p.checklist, guidance.Latest); err != nil {
			return err
		}
		systems := &pb.Selector{Systems: []string{systemOf(p.file)}}
		if err := d.assign(ctx, p.checklist, p.checklist, "latest", p.profile, systems); err != nil {
			return err
		}
	}
	for _, version := range []string{demoTopicThen, demoTopicNow} {
		if _, err := d.publishOne(ctx, demoTopic, version); err != nil {
			return err
		}
	}
	return d.assign(ctx, demoTopic, demoTopic, demoTopicThen, demoTopicProfile, &pb.Selector{})
}

// systemOf is the id of the system that an example file is about.
func systemOf(name string) string {
	data, err := examples.Files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	for s := range inventoryfile.Submissions(name, bytes.NewReader(data)) {
		return cli.ID(s.Item.GetSubmit().GetSystem())
	}
	return ""
}

func (d *demo) publishOne(ctx context.Context, id, version string) (*pb.Checklist, error) {
	f, err := guidance.Get(id, version)
	if err != nil {
		return nil, err
	}
	_, err = d.client.Guidance().PublishChecklist(ctx, &pb.PublishChecklistRequest{Checklist: f.Checklist})
	return f.Checklist, err
}

func (d *demo) assign(ctx context.Context, id, checklist, version, profile string, systems *pb.Selector) error {
	_, err := d.client.Guidance().CreateAssignment(ctx, &pb.CreateAssignmentRequest{AssignmentId: id, Assignment: &pb.Assignment{
		Selector: systems, Checklist: checklist, Version: version, Profile: profile,
	}})
	return err
}

// submitAll submits what the sources say, one after the other.
func (d *demo) submitAll(ctx context.Context) error {
	for _, p := range demoProducts {
		if err := d.submitExample(ctx, p.file); err != nil {
			return fmt.Errorf("submit %s: %w", p.file, err)
		}
	}
	for _, name := range []string{demoTopicSystem, "sharepoint/farm.yaml", "sharepoint/scanner.yaml"} {
		if err := d.submitExample(ctx, name); err != nil {
			return fmt.Errorf("submit %s: %w", name, err)
		}
	}
	hosts, err := d.readScans()
	if err != nil {
		return err
	}
	if hosts == nil {
		return d.submitExample(ctx, "sharepoint/endpoints.yaml")
	}
	upsert := &pb.UpsertHostsRequest{System: demoSystem, Source: "sslscan", Hosts: hosts}
	return d.submit(ctx, "two scans by sslscan", &pb.SubmitItem{Item: &pb.SubmitItem_Upsert{Upsert: upsert}})
}

func (d *demo) submitExample(ctx context.Context, name string) error {
	data, err := examples.Files.ReadFile(name)
	if err != nil {
		return err
	}
	for s := range inventoryfile.Submissions(name, bytes.NewReader(data)) {
		if s.Item == nil {
			return d.app.Unreadable(name, s.Problems)
		}
		if err := d.submit(ctx, name, s.Item); err != nil {
			return err
		}
	}
	return nil
}

// submit submits one item and waits for its receipt.
func (d *demo) submit(ctx context.Context, what string, item *pb.SubmitItem) error {
	submitter := clients.NewSubmitter(d.client.Inventory(), clients.SubmitterConfig{})
	_, err := submitter.Submit(ctx, func(yield func(*pb.SubmitItem, error) bool) { yield(item, nil) }, func(a clients.Answer) error {
		if p := clients.ReceiptProblem(a.Receipt.GetError()); p != nil {
			return fmt.Errorf("%s was rejected: %w", what, p)
		}
		source := cli.Or(a.Item.GetSubmit().GetSource(), a.Item.GetUpsert().GetSource())
		system := cli.ID(cli.Or(a.Item.GetSubmit().GetSystem(), a.Item.GetUpsert().GetSystem()))
		d.received = append(d.received, []string{system, source, what, a.Receipt.GetOutcome(), cli.Number(a.Receipt.GetRevision())})
		return nil
	})
	return err
}

// readScans reads sslscan's real output; no hosts where it is not there.
func (d *demo) readScans() ([]*pb.Host, error) {
	var hosts []*pb.Host
	for _, s := range demoScans {
		f, err := os.Open(filepath.Join(d.scans, s.file))
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		c := sslscan.NewCollector(sslscan.Config{Resolve: func(string, int32) (sslscan.Target, error) { return sslscan.ParseTarget(s.target) }})
		err = errors.Join(c.Read(f), f.Close())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.file, err)
		}
		hosts = append(hosts, c.Hosts()...)
	}
	return hosts, nil
}

// timeLayout writes an instant as URLs and commands take it.
const timeLayout = time.RFC3339Nano
