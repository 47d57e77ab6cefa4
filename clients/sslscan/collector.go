package sslscan

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/protobuf/proto"
)

// hostID is what the API takes for a host's id.
var hostID = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)

// endpointID is what the API takes for an endpoint's id.
var endpointID = regexp.MustCompile(`^[^/[:cntrl:]]{1,256}$`)

// Target says what a scanned address and port stand for.
type Target struct {
	// Host is the host's id.
	Host string
	// Endpoint is the endpoint's id on that host; empty for the port's number.
	// One that is given says that clients reach it elsewhere than the scanner
	// did (a tunnel, a load balancer), so address and port are then left out.
	Endpoint string
}

// Config is how files are read. The zero value reads under the default limits
// and takes each scanned address for its host's id.
type Config struct {
	// Limits caps what is read.
	Limits Limits
	// Resolve says what an address and port as they were scanned stand for. An
	// error leaves the scan out with a warning.
	Resolve func(address string, port int32) (Target, error)
}

// Warning is something that was left out, or should be looked at.
type Warning struct {
	// Address and Port are what was scanned; empty for a warning of a whole file.
	Address string
	Port    int32
	// Message says what, and why.
	Message string
}

// String gives "address:port: message".
func (w Warning) String() string {
	if w.Address == "" {
		return w.Message
	}
	return net.JoinHostPort(w.Address, strconv.Itoa(int(w.Port))) + ": " + w.Message
}

// Collector puts the scans of any number of files on their hosts. It is used by
// one goroutine.
type Collector struct {
	config   Config
	hosts    map[string]*pb.Host
	order    []string
	warnings []Warning
}

// NewCollector makes a collector.
func NewCollector(c Config) *Collector {
	c.Limits = c.Limits.withDefaults()
	if c.Resolve == nil {
		c.Resolve = func(address string, _ int32) (Target, error) { return Target{Host: address}, nil }
	}
	return &Collector{config: c, hosts: map[string]*pb.Host{}}
}

// Read reads one file. An error means that nothing of the file was taken.
func (c *Collector) Read(r io.Reader) error {
	rd, err := read(r, c.config.Limits)
	if err != nil {
		return fmt.Errorf("read sslscan XML: %w", err)
	}
	for _, e := range rd.errors {
		c.warnings = append(c.warnings, Warning{Message: "sslscan could not scan: " + e})
	}
	for _, s := range rd.scans {
		c.add(s)
	}
	return nil
}

// Hosts gives the hosts that scans were read for, in the order of their ids.
// Each has its id and its endpoints, and says that the list is partial.
func (c *Collector) Hosts() []*pb.Host {
	ids := slices.Sorted(slices.Values(c.order))
	out := make([]*pb.Host, 0, len(ids))
	for _, id := range ids {
		out = append(out, c.hosts[id])
	}
	return out
}

// Warnings gives what was left out, in the order of reading.
func (c *Collector) Warnings() []Warning { return slices.Clone(c.warnings) }

func (c *Collector) add(s *scan) {
	warn := func(format string, a ...any) {
		c.warnings = append(c.warnings, Warning{s.address, s.port, fmt.Sprintf(format, a...)})
	}
	for _, e := range s.errors {
		warn("the scan met an error, so its lists are not taken for whole: %s", e)
	}
	t := s.tls()
	if t == nil {
		warn("nothing answered: either the scan failed or the port speaks no TLS; nothing is reported")
		return
	}
	target, err := c.config.Resolve(s.address, s.port)
	if err == nil && !hostID.MatchString(target.Host) {
		err = fmt.Errorf("%q cannot be a host's id", target.Host)
	}
	if err != nil {
		warn("left out: %v", err)
		return
	}
	if s.several() {
		warn("more than one certificate is served; the first is reported")
	}
	h := c.hosts[target.Host]
	if h == nil {
		h = &pb.Host{Id: target.Host, Partial: []string{"endpoints"}}
		c.hosts[target.Host] = h
		c.order = append(c.order, target.Host)
	}
	e := s.endpoint(target, t)
	if i := slices.IndexFunc(h.Endpoints, func(x *pb.Endpoint) bool { return x.Id == e.Id }); i >= 0 {
		warn("endpoint %q of host %q was scanned before; this scan replaces that one", e.Id, h.Id)
		h.Endpoints[i] = e
		return
	}
	h.Endpoints = append(h.Endpoints, e)
}

func (s *scan) endpoint(target Target, t *pb.Tls) *pb.Endpoint {
	if target.Endpoint != "" {
		return &pb.Endpoint{Id: target.Endpoint, Tls: t}
	}
	address := s.address
	// The name that was asked for by SNI is what clients use.
	if s.sni != "" && net.ParseIP(s.sni) == nil {
		address = s.sni
	}
	return &pb.Endpoint{Id: strconv.Itoa(int(s.port)), Address: proto.String(address), Port: proto.Int32(s.port), Tls: t}
}

// ParseTarget reads "host" or "host/endpoint".
func ParseTarget(s string) (Target, error) {
	host, endpoint, named := strings.Cut(s, "/")
	if !hostID.MatchString(host) {
		return Target{}, fmt.Errorf("%q cannot be a host's id", host)
	}
	if named && !endpointID.MatchString(endpoint) {
		return Target{}, fmt.Errorf("%q cannot be an endpoint's id", endpoint)
	}
	return Target{Host: host, Endpoint: endpoint}, nil
}
