package server

import (
	"crypto/rand"
	"io"
	"log/slog"
	"os"
	"time"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Config is every setting of a Server. The zero value is a working one: it
// listens on loopback, without TLS and without authentication.
type Config struct {
	// GRPCAddr is where gRPC listens, as host:port; 127.0.0.1:9090 where empty.
	// Port 0 takes any free one.
	GRPCAddr string
	// HTTPAddr is where REST and the operators' paths listen, as host:port;
	// 127.0.0.1:8080 where empty. Port 0 takes any free one.
	HTTPAddr string

	// TLSCert is the PEM file of the certificate with its chain, for both
	// ports. It is read again when it changes. Empty means no TLS, which is
	// allowed on loopback only.
	TLSCert string
	// TLSKey is the PEM file of the certificate's key.
	TLSKey string
	// ClientCA is a PEM file of CAs; where it is set, clients must show a
	// certificate that one of them signed, besides their token.
	ClientCA string

	// AuthRequired says whether callers need a token. Without it everybody is
	// an admin, which is allowed on loopback only.
	AuthRequired bool
	// Reflection says whether the gRPC reflection service is there. It takes a
	// token that may read.
	Reflection bool
	// AllowedOrigins are the origins whose pages may call the HTTP port, such
	// as "https://dashboard.example.com". Empty allows none.
	AllowedOrigins []string

	// LogFormat is "text" (where empty) or "json".
	LogFormat string
	// LogLevel is "debug", "info" (where empty), "warn" or "error". At info
	// every call has a line.
	LogLevel string
	// LogOutput is where the log goes; os.Stderr where nil.
	LogOutput io.Writer
	// Logger is used instead of one made by the three settings above.
	Logger *slog.Logger

	// MaxMessageBytes is the longest message that is received over gRPC; 4 MiB
	// where zero.
	MaxMessageBytes int
	// MaxBodyBytes is the longest body that is received over HTTP; what
	// MaxMessageBytes is where zero.
	MaxBodyBytes int64
	// MaxConcurrentStreams is how many calls one connection may have under way;
	// 100 where zero. Further ones wait.
	MaxConcurrentStreams uint32
	// CallTimeout is the longest that a unary call may take; 30 s where zero.
	CallTimeout time.Duration
	// StreamIdleTimeout is the longest that a stream may go without a message;
	// 5 min where zero.
	StreamIdleTimeout time.Duration
	// DrainDelay is how long the service goes on serving after it has said that
	// it is no longer ready, so that load balancers can notice; 0 where zero.
	DrainDelay time.Duration
	// DrainTimeout is how long calls under way may take to end when the service
	// shuts down, before they are cut; 15 s where zero.
	DrainTimeout time.Duration
	// EventRetention is how long events, and what webhooks did not take of them,
	// are kept; 30 days where zero.
	EventRetention time.Duration
	// ExpiryNotice is how long before a waiver, an attestation or a claim ends an
	// event tells so; 7 days where zero.
	ExpiryNotice time.Duration

	// Build says which binary this is.
	Build Build
	// Clock tells the time; time.Now where nil.
	Clock func() time.Time
	// Random makes secrets and request ids; crypto/rand.Reader where nil. It
	// must be fit for keys and safe for concurrent use.
	Random io.Reader
}

// Build says which binary runs, for GetVersion and the metrics.
type Build struct {
	Version string // the release
	Commit  string // what it was built of
	Date    string // when it was built
	Engine  string // the engine's version, which states name; the engine's own where empty
}

// message is what GetVersion tells.
func (b Build) message() *pb.Version {
	return &pb.Version{Version: b.Version, Commit: b.Commit, BuildDate: b.Date, EngineVersion: b.Engine}
}

// Defaults of Config, for those who print or document settings.
const (
	DefaultGRPCAddr             = "127.0.0.1:9090"
	DefaultHTTPAddr             = "127.0.0.1:8080"
	DefaultMaxMessageBytes      = 4 << 20
	DefaultMaxConcurrentStreams = 100
	DefaultCallTimeout          = 30 * time.Second
	DefaultStreamIdleTimeout    = 5 * time.Minute
	DefaultDrainTimeout         = 15 * time.Second
	DefaultEventRetention       = 30 * 24 * time.Hour
	DefaultExpiryNotice         = 7 * 24 * time.Hour
)

// withDefaults fills in what is left out.
func (c Config) withDefaults() Config {
	def(&c.GRPCAddr, DefaultGRPCAddr)
	def(&c.HTTPAddr, DefaultHTTPAddr)
	def(&c.LogFormat, "text")
	def(&c.LogLevel, "info")
	def(&c.MaxMessageBytes, DefaultMaxMessageBytes)
	def(&c.MaxBodyBytes, int64(c.MaxMessageBytes))
	def(&c.MaxConcurrentStreams, DefaultMaxConcurrentStreams)
	def(&c.CallTimeout, DefaultCallTimeout)
	def(&c.StreamIdleTimeout, DefaultStreamIdleTimeout)
	def(&c.DrainTimeout, DefaultDrainTimeout)
	def(&c.EventRetention, DefaultEventRetention)
	def(&c.ExpiryNotice, DefaultExpiryNotice)
	if c.LogOutput == nil {
		c.LogOutput = os.Stderr
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = newLogger(c)
	}
	return c
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
