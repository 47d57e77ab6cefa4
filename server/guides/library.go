package guides

import (
	"fmt"
	"sync"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/assess/digest"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// library compiles checklists and plans once; both are immutable.
type library struct {
	mu       sync.Mutex
	compiled map[string]*assess.Checklist // "{checklist} {version}"
	plans    map[planKey]*assess.Plan
}

type planKey struct {
	checklist digest.Digest
	profile   string
	tailoring digest.Digest
}

func newLibrary() *library {
	return &library{compiled: map[string]*assess.Checklist{}, plans: map[planKey]*assess.Plan{}}
}

func versionKey(id, version string) string { return id + " " + version }

// checklist compiles a stored version, or finds it compiled.
func (l *library) checklist(rec *storev1.ChecklistRecord) (*assess.Checklist, error) {
	c := rec.Version.Checklist
	l.mu.Lock()
	defer l.mu.Unlock()
	if k, ok := l.compiled[versionKey(c.Id, c.Version)]; ok {
		return k, nil
	}
	k, problems := assess.Compile(c)
	if k == nil {
		return nil, fmt.Errorf("stored checklist %s@%s does not compile under this engine: %v", c.Id, c.Version, problems[0])
	}
	l.compiled[versionKey(c.Id, c.Version)] = k
	return k, nil
}

// plan is a checklist under a profile and a tailoring (nil for none).
func (l *library) plan(c *assess.Checklist, profile string, t *pb.Tailoring) (*assess.Plan, error) {
	key := planKey{checklist: c.Digest(), profile: profile}
	if t != nil {
		key.tailoring = digest.Of(t)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok := l.plans[key]; ok {
		return p, nil
	}
	p, err := c.Plan(profile, t)
	if err == nil {
		l.plans[key] = p
	}
	return p, err
}
