package ledger

import (
	"math"

	"github.com/plumbline/plumbline/store/ledger/block"
	"github.com/plumbline/plumbline/store/ledger/layout"
	"github.com/plumbline/plumbline/store/ledger/leaf"
)

// What stands in keys and values is in package layout; this is how callers name it.
type (
	// Seq numbers commits from 1. It has 40 bits.
	Seq = layout.Seq
	// Addr is where a record stands: its commit, and its place within.
	Addr = layout.Addr
	// Commit is one change of the ledger: its number, and the instant at which it
	// was recorded.
	Commit = layout.Commit
	// Entry is a record's place in the timeline of its stream.
	Entry = leaf.Entry
)

// Latest is the greatest Seq: known at any commit, the newest included.
const Latest = layout.Latest

// MinInstant and MaxInstant are the instants that the ledger can hold, in Unix
// microseconds: about the years 837 to 3111. Others are stored as the nearer of
// these; instants in questions are compared as they are.
const (
	MinInstant = layout.MinInstant
	MaxInstant = layout.MaxInstant
)

// MaxDepth is how many deltas may follow each other before a full record.
const MaxDepth = block.MaxDepth

// AppendSpaces returns the keyspaces whose keys only grow, for backends that
// pack the pages of such ones.
func AppendSpaces() []byte { return []byte{layout.SpaceBlock, layout.SpaceEvent} }

// Limits of what the ledger takes, in bytes unless said otherwise.
const (
	MaxName    = 400               // a name of Intern
	MaxText    = 500               // the name of an object, the key of a roll-up
	MaxPayload = layout.MaxPayload // the payload of a record
	MaxValue   = 32 << 20          // a head, object or receipt
	MaxRecords = math.MaxUint16    // records of one commit, audit entries included
)
