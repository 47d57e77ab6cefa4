package feed

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/plumbline/plumbline/clients/sslscan"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/cli"
	"github.com/plumbline/plumbline/cmd/plumbline/internal/render"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"github.com/spf13/cobra"
)

// importCommand is the family for connectors.
func (a *app) importCommand() *cobra.Command {
	return cli.Family("import", "Import what other programs write", "  plumbline import sslscan --system intranet --host-map 192.0.2.10=web1 scan.xml", a.importSSLScan())
}

// importSSLScan submits scans as a source of their own: what a scanner measured
// must not be mixed with what a CMDB was told.
func (a *app) importSSLScan() *cobra.Command {
	var s *submitFlags
	var mapped []string
	var asHost, show bool
	c := cli.Command(cli.Spec{
		Use: "sslscan FILE...", Short: "Import sslscan's XML as endpoint facts", Args: cobra.MinimumNArgs(1),
		Long: `Import what sslscan --xml=FILE writes: TLS versions, ciphers, the certificate and
the rest become facts of endpoints, said by a source of their own.

--host-map says which host an address is, as ADDRESS=HOST, ADDRESS:PORT=HOST or
ADDRESS:PORT=HOST/ENDPOINT, where ENDPOINT is an endpoint that another source
reports. Scans of other addresses are left out, unless --address-as-host takes
the address itself for the host's id.

All scans of a host belong into one import, since each replaces what the source
said of that host before.`,
		Example: "  plumbline import sslscan --system intranet --host-map 192.0.2.10=web1 --host-map 192.0.2.11:443=web2/portal *.xml\n  plumbline import sslscan --print --address-as-host scan.xml",
		Do: func(ctx context.Context, files []string) error {
			hosts, err := a.readScans(files, mapped, asHost)
			if err != nil {
				return err
			}
			if show {
				return a.printScans(hosts, s)
			}
			if s.system == "" {
				return cli.Misuse("plumbline import sslscan", "which system do the hosts belong to? Give --system")
			}
			r, err := newItemReader(a, s)
			if err != nil {
				return err
			}
			return a.submit(ctx, s, r, func(yield func(*pb.SubmitItem, error) bool) { r.hosts(hosts, yield) })
		},
	})
	s = a.submitFlags(c, "sslscan")
	c.Flags().StringSliceVar(&mapped, "host-map", nil, "which host an address is: ADDRESS[:PORT]=HOST[/ENDPOINT]; may be repeated")
	c.Flags().BoolVar(&asHost, "address-as-host", false, "take an address that --host-map does not name for the host's id")
	c.Flags().BoolVar(&show, "print", false, "print what would be submitted, without a server")
	return c
}

// readScans reads all files; what was left out is said on standard error.
func (a *app) readScans(files, mapped []string, asHost bool) ([]*pb.Host, error) {
	targets, err := parseHostMap(mapped)
	if err != nil {
		return nil, err
	}
	collector := sslscan.NewCollector(sslscan.Config{Resolve: func(address string, port int32) (sslscan.Target, error) {
		for _, key := range []string{net.JoinHostPort(address, strconv.Itoa(int(port))), address} {
			if t, ok := targets[key]; ok {
				return t, nil
			}
		}
		if asHost {
			return sslscan.Target{Host: address}, nil
		}
		return sslscan.Target{}, fmt.Errorf("no --host-map says which host this is")
	}})
	for _, name := range files {
		if err := a.readScan(collector, name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, w := range collector.Warnings() {
		a.Note("plumbline: %s", w)
	}
	if len(collector.Hosts()) == 0 {
		return nil, fmt.Errorf("no scan could be used")
	}
	return collector.Hosts(), nil
}

// readScan reads one file, or standard input.
func (a *app) readScan(c *sslscan.Collector, name string) error {
	if name == "-" {
		return c.Read(a.In)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return c.Read(f)
}

// parseHostMap reads ADDRESS[:PORT]=HOST[/ENDPOINT]. The keys are the address,
// or address and port as net.JoinHostPort writes them.
func parseHostMap(list []string) (map[string]sslscan.Target, error) {
	out := map[string]sslscan.Target{}
	for _, m := range list {
		address, host, ok := strings.Cut(m, "=")
		if !ok || address == "" {
			return nil, fmt.Errorf("host map %q: write ADDRESS=HOST or ADDRESS:PORT=HOST/ENDPOINT", m)
		}
		t, err := sslscan.ParseTarget(host)
		if err != nil {
			return nil, fmt.Errorf("host map %q: %w", m, err)
		}
		key := strings.Trim(address, "[]")
		// An IPv6 address without brackets has colons but no port.
		if h, port, err := net.SplitHostPort(address); err == nil && net.ParseIP(address) == nil {
			key = net.JoinHostPort(h, port)
		} else if t.Endpoint != "" {
			return nil, fmt.Errorf("host map %q: an endpoint is one port: write ADDRESS:PORT=%s", m, host)
		}
		if _, twice := out[key]; twice {
			return nil, fmt.Errorf("host map: %s is there twice", key)
		}
		out[key] = t
	}
	return out, nil
}

// hosts yields hosts as upserts.
func (r *itemReader) hosts(hosts []*pb.Host, yield func(*pb.SubmitItem, error) bool) {
	u := &pb.UpsertHostsRequest{Hosts: hosts}
	items, err := r.complete(&pb.SubmitItem{Item: &pb.SubmitItem_Upsert{Upsert: u}})
	if err != nil {
		yield(nil, err)
		return
	}
	for _, item := range items {
		if !r.yield("scans", item, yield) {
			return
		}
	}
}

// printScans prints what would be submitted.
func (a *app) printScans(hosts []*pb.Host, s *submitFlags) error {
	observed, err := s.observed.Timestamp()
	if err != nil {
		return err
	}
	u := &pb.UpsertHostsRequest{Source: s.source, Hosts: hosts, ObservedTime: observed}
	if s.system != "" {
		u.System = cli.Resource("systems", s.system)
	}
	return a.Printer().Emit(u, func(v *render.View) {
		var rows [][]string
		for _, h := range hosts {
			for _, e := range h.GetEndpoints() {
				t := e.GetTls()
				rows = append(rows, []string{h.GetId(), e.GetId(), strings.Join(t.GetVersions(), " "), weakest(t), render.Instant(t.GetCertificate().GetNotAfter()), t.GetCertificate().GetSubject()})
			}
		}
		v.Table([]string{"HOST", "ENDPOINT", "VERSIONS", "WEAKEST CIPHER", "EXPIRES", "CERTIFICATE"}, rows, "none")
	})
}

// weakest names the worst strength among an endpoint's ciphers, with how many have it.
func weakest(t *pb.Tls) string {
	for _, s := range []string{"null", "anonymous", "weak", "medium", "acceptable", "strong"} {
		n := 0
		for _, c := range t.GetCiphers() {
			if c.GetStrength() == s {
				n++
			}
		}
		if n > 0 {
			return fmt.Sprintf("%s (%d of %d)", s, n, len(t.GetCiphers()))
		}
	}
	return "not known"
}
