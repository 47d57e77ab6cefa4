package clients

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// Config says which server to call and how. Only Address is required.
type Config struct {
	// Address is the server's gRPC address, "host:port", or a target in gRPC's
	// own form, such as "dns:///plumbline.example:8443" or "unix:///run/p.sock".
	Address string
	// Token is sent with each call as "Authorization: Bearer TOKEN"; empty for none.
	Token string
	// CAFile is a PEM file with the authorities that may have signed the
	// server's certificate; the machine's own where empty.
	CAFile string
	// CertFile and KeyFile are PEM files with the certificate that the client
	// shows, for servers that ask for one; empty for none.
	CertFile, KeyFile string
	// TLS is used instead of the files where it is set.
	TLS *tls.Config
	// Insecure leaves TLS out. It is refused unless the address is on this
	// machine, since the token would cross a network in the clear.
	Insecure bool
	// UserAgent is put before gRPC's own.
	UserAgent string
	// Dialer makes the connections instead of the network, such as through a
	// tunnel or within one process. With it Insecure is allowed for any address.
	Dialer func(ctx context.Context, address string) (net.Conn, error)
	// Attempts is how often a call that may be tried again is made in all, from
	// 1 to 5; 4 where zero.
	Attempts int
	// MaxMessageBytes is the largest answer that is read; 64 MiB where zero.
	MaxMessageBytes int
}

// Client is a connection with its service clients. It is safe for concurrent use.
type Client struct {
	conn       *grpc.ClientConn
	inventory  pb.InventoryServiceClient
	guidance   pb.GuidanceServiceClient
	assessment pb.AssessmentServiceClient
	statement  pb.StatementServiceClient
	history    pb.HistoryServiceClient
	reassess   pb.ReassessmentServiceClient
	event      pb.EventServiceClient
	admin      pb.AdminServiceClient
}

// Dial makes a client. It does not wait for the connection: the first call does,
// and says what is wrong. ctx is only looked at before anything is done; the
// client lives until Close.
func Dial(ctx context.Context, c Config) (*Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.Address == "" {
		return nil, errors.New("no server address: give host:port")
	}
	transport, err := c.transport()
	if err != nil {
		return nil, err
	}
	if c.Attempts == 0 {
		c.Attempts = 4
	}
	if c.Attempts < 1 || c.Attempts > 5 {
		return nil, fmt.Errorf("%d attempts: give 1 to 5", c.Attempts)
	}
	if c.MaxMessageBytes == 0 {
		c.MaxMessageBytes = 64 << 20
	}
	conn, err := grpc.NewClient(c.Address, c.options(transport)...)
	if err != nil {
		return nil, fmt.Errorf("server address %q: %w", c.Address, err)
	}
	return &Client{
		conn: conn, inventory: pb.NewInventoryServiceClient(conn), guidance: pb.NewGuidanceServiceClient(conn),
		assessment: pb.NewAssessmentServiceClient(conn), statement: pb.NewStatementServiceClient(conn),
		history: pb.NewHistoryServiceClient(conn), reassess: pb.NewReassessmentServiceClient(conn), event: pb.NewEventServiceClient(conn), admin: pb.NewAdminServiceClient(conn),
	}, nil
}

func (c Config) options(transport credentials.TransportCredentials) []grpc.DialOption {
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultServiceConfig(serviceConfig(c.Attempts)),
		grpc.WithUnaryInterceptor(retrySubmits(c.Attempts)),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(c.MaxMessageBytes)),
		// A connection that a firewall dropped silently is noticed within 80
		// seconds. A server closes connections that ping faster than it allows.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute, Timeout: 20 * time.Second}),
	}
	if c.Token != "" {
		opts = append(opts, grpc.WithPerRPCCredentials(bearer{token: c.Token, secure: !c.Insecure}))
	}
	if c.UserAgent != "" {
		opts = append(opts, grpc.WithUserAgent(c.UserAgent))
	}
	if c.Dialer != nil {
		opts = append(opts, grpc.WithContextDialer(c.Dialer))
	}
	return opts
}

func (c Config) transport() (credentials.TransportCredentials, error) {
	if c.Insecure {
		if c.TLS != nil || c.CAFile != "" || c.CertFile != "" || c.KeyFile != "" {
			return nil, errors.New("both TLS and no TLS are asked for: leave out Insecure, or TLS and its files")
		}
		if c.Dialer == nil && !IsLoopback(c.Address) {
			return nil, fmt.Errorf("%s is not on this machine: without TLS the token and the inventory would cross the network in the clear", c.Address)
		}
		return insecure.NewCredentials(), nil
	}
	if c.TLS != nil {
		return credentials.NewTLS(c.TLS.Clone()), nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("authorities: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("authorities: %s holds no PEM certificate", c.CAFile)
		}
	}
	if c.CertFile != "" || c.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(config), nil
}

// Inventory takes submissions and tells what is known.
func (c *Client) Inventory() pb.InventoryServiceClient { return c.inventory }

// Guidance keeps the checklists and assignments.
func (c *Client) Guidance() pb.GuidanceServiceClient { return c.guidance }

// Assessment tells how systems stand.
func (c *Client) Assessment() pb.AssessmentServiceClient { return c.assessment }

// Statement calls StatementService.
func (c *Client) Statement() pb.StatementServiceClient { return c.statement }

// History calls HistoryService.
func (c *Client) History() pb.HistoryServiceClient { return c.history }

// Reassessment calls ReassessmentService.
func (c *Client) Reassessment() pb.ReassessmentServiceClient { return c.reassess }

// Event calls EventService.
func (c *Client) Event() pb.EventServiceClient { return c.event }

// Admin tells who wrote what, and manages tokens.
func (c *Client) Admin() pb.AdminServiceClient { return c.admin }

// Close ends the connection; calls that are under way fail.
func (c *Client) Close() error { return c.conn.Close() }
