package past

import (
	"github.com/plumbline/plumbline/server/estate"
	"github.com/plumbline/plumbline/server/guides"
	"github.com/plumbline/plumbline/server/retention"
	"github.com/plumbline/plumbline/store/ledger"
)

// Archive reads what is stored of systems, now or as of an instant as known at
// another. It is safe for concurrent use, and writes nothing.
type Archive struct {
	*guides.Keeper // what systems are and were assessed under

	ledger *ledger.Ledger
	now    func() int64 // the instant, in microseconds
	engine string
	wall   *retention.Wall // before which history may be thinned
	arenas estate.Arenas
}

// New reads a ledger under what a keeper keeps, before a wall what is left. now tells the time, in
// microseconds since 1970 UTC; engine is the version of the engine that evaluates.
func New(l *ledger.Ledger, k *guides.Keeper, wall *retention.Wall, now func() int64, engine string) *Archive {
	return &Archive{Keeper: k, ledger: l, now: now, engine: engine, wall: wall}
}

// EngineVersion is the version of the engine that evaluates.
func (a *Archive) EngineVersion() string { return a.engine }
