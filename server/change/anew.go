package change

import (
	"bytes"

	"github.com/plumbline/plumbline/assess"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/server/states"
)

// anew makes the plan evaluate the system as of now, whether or not anything
// is due, and nothing of what was evaluated before is used again.
func (p *Plan) anew() {
	h := p.sys.Head
	if len(h.Sources) == 0 || h.Retired != 0 {
		return
	}
	p.idle = p.from == 0 && !p.changed && !p.confirmed
	p.latest = h.Latest
	p.cache.Evals = map[string]*assess.Evaluation{}
	p.touch(p.now, states.CauseDerived)
}

// settleAnew makes a plan write nothing that asked for nothing but anew and
// found everything as it stands.
func (p *Plan) settleAnew() {
	if !p.idle || p.Replay == nil {
		return
	}
	for _, s := range p.Replay.Series {
		if s.Staged > 0 {
			return
		}
	}
	h := p.sys.Head
	h.Latest = p.latest // no breakpoint is later, and later ones alone are what it is for
	if bytes.Equal(envelope.Encode(h), p.sys.Raw) {
		p.from = 0
	}
}
