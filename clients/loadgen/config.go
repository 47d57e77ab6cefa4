package loadgen

import (
	"errors"
	"fmt"
	"time"
)

// Config says what a fleet is made of. The zero value of a field means what its
// comment says.
type Config struct {
	// Seed is what everything follows from.
	Seed uint64
	// Hosts is how many hosts there are, all systems together; 1,000 where zero.
	Hosts int
	// LargestSystem is how many hosts a system has at most; 500 where zero.
	LargestSystem int
	// Skew is the exponent of the law of sizes: a system has n hosts as often as
	// n^-Skew says. 1.5 where zero, which makes 17 hosts a system on average.
	Skew float64
	// At is the instant at which the fleet stands, and at which a year begins;
	// DefaultAt where zero. The rates of Faults hold then.
	At time.Time
	// Scanned is the share of systems of which a scanner reports the listeners;
	// 0 for none. Elsewhere the database reports them.
	Scanned float64
	// Faults are the rates of what is wrong; DefaultFaults where nil.
	Faults *Faults
	// Prefix stands before the ids of systems and hosts, so that fleets of
	// several seeds can stand in one store.
	Prefix string
}

// DefaultAt is where a fleet stands of which nothing else is said.
var DefaultAt = time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)

// Faults are shares, from 0 to 1, of what they are about.
type Faults struct {
	ExpiredCertificate  float64 // of certificates: has expired up to 60 days ago
	ExpiringCertificate float64 // of certificates: expires within 21 days
	WeakCertificate     float64 // of certificates: a short key, or signed with SHA-1
	WeakTLS             float64 // of listeners: old versions and ciphers
	OldPatch            float64 // of hosts: patched 60 to 400 days ago
	OldRelease          float64 // of hosts: an operating system out of support
	SharedRole          float64 // of hosts: roles share the host that should not
	OpenPort            float64 // of hosts: listens where its role does not need it
	OpenFirewall        float64 // of hosts: off, or lets everything in
	WeakAccount         float64 // of hosts: a shared or unchanged administrator
	ClearChannel        float64 // of channels: not encrypted
	MissingFact         float64 // of facts of a host: not reported
	Drift               float64 // of hosts: a setting goes wrong for weeks within a year
}

// DefaultFaults are rates as estates have them that are looked after, not well.
func DefaultFaults() Faults {
	return Faults{
		ExpiredCertificate: 0.02, ExpiringCertificate: 0.05, WeakCertificate: 0.04, WeakTLS: 0.08, OldPatch: 0.12, OldRelease: 0.07,
		SharedRole: 0.05, OpenPort: 0.08, OpenFirewall: 0.06, WeakAccount: 0.1, ClearChannel: 0.1, MissingFact: 0.06, Drift: 0.15,
	}
}

// most bounds what may be asked for.
const (
	mostHosts    = 100_000_000
	mostInSystem = 1000 // what one message takes
)

// complete fills in what is zero, and says what makes no sense.
func (c Config) complete() (Config, error) {
	if c.Hosts == 0 {
		c.Hosts = 1000
	}
	if c.LargestSystem == 0 {
		c.LargestSystem = 500
	}
	if c.Skew == 0 {
		c.Skew = 1.5
	}
	if c.At.IsZero() {
		c.At = DefaultAt
	}
	c.At = c.At.UTC().Truncate(time.Second)
	if c.Faults == nil {
		f := DefaultFaults()
		c.Faults = &f
	}
	switch {
	case c.Hosts < 1 || c.Hosts > mostHosts:
		return c, fmt.Errorf("a fleet has 1 to %d hosts, not %d", mostHosts, c.Hosts)
	case c.LargestSystem < 1 || c.LargestSystem > mostInSystem:
		return c, fmt.Errorf("a system has 1 to %d hosts, not %d", mostInSystem, c.LargestSystem)
	case !(c.Skew > 0 && c.Skew <= 10):
		return c, fmt.Errorf("the skew is above 0 and at most 10, not %v", c.Skew)
	case !isShare(c.Scanned):
		return c, fmt.Errorf("the share of scanned systems is from 0 to 1, not %v", c.Scanned)
	case len(c.Prefix) > 32:
		return c, errors.New("the prefix has more than 32 characters")
	case c.At.Year() < 2000 || c.At.Year() > 2100:
		return c, fmt.Errorf("the fleet stands between 2000 and 2100, not in %d", c.At.Year())
	}
	for name, rate := range c.Faults.Rates() {
		if !isShare(*rate) {
			return c, fmt.Errorf("the rate of %s is from 0 to 1, not %v", name, *rate)
		}
	}
	return c, nil
}

func isShare(v float64) bool { return v >= 0 && v <= 1 }

// Rates are the rates by their names, as flags and files spell them.
func (f *Faults) Rates() map[string]*float64 {
	return map[string]*float64{
		"expired-certificate": &f.ExpiredCertificate, "expiring-certificate": &f.ExpiringCertificate,
		"weak-certificate": &f.WeakCertificate, "weak-tls": &f.WeakTLS, "old-patch": &f.OldPatch, "old-release": &f.OldRelease,
		"shared-role": &f.SharedRole, "open-port": &f.OpenPort, "open-firewall": &f.OpenFirewall, "weak-account": &f.WeakAccount,
		"clear-channel": &f.ClearChannel, "missing-fact": &f.MissingFact, "drift": &f.Drift,
	}
}
