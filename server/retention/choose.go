package retention

import (
	"math"
	"slices"

	"github.com/plumbline/plumbline/assess/shape"
	storev1 "github.com/plumbline/plumbline/proto/gen/plumbline/store/v1"
	"github.com/plumbline/plumbline/server/envelope"
	"github.com/plumbline/plumbline/store/ledger"
)

// choice is one timeline's entries before the wall, the newest first, and which
// of them stay.
type choice struct {
	tx      *ledger.Tx
	line    *Line
	entries []ledger.Entry
	keep    []bool
}

// drops lists what goes of a timeline from an instant to the wall.
func drops(tx *ledger.Tx, stream uint32, line *Line, from int64, pins []Pin, systemViews bool) ([]ledger.Entry, error) {
	c := &choice{tx: tx, line: line}
	c.entries = slices.Collect(tx.Entries(stream, from, line.Before, ledger.Latest))
	if len(c.entries) < 2 {
		return nil, nil
	}
	c.keep = make([]bool, len(c.entries))
	c.grid(stream)
	c.atTheWall()
	for _, p := range pins {
		c.pin(p)
	}
	c.shadowers()
	if systemViews {
		if err := c.wholeViews(); err != nil {
			return nil, err
		}
	}
	var out []ledger.Entry
	for i, e := range c.entries {
		if !c.keep[i] {
			out = append(out, e)
		}
	}
	return out, nil
}

// grid keeps what is in force at instants of the grid, as is known now.
func (c *choice) grid(stream uint32) {
	until := int64(math.MaxInt64)
	if e, ok := c.tx.Next(stream, c.line.Before-1, ledger.Latest); ok {
		until = e.Effective
	}
	for i, e := range c.entries {
		if !e.Shadowed {
			c.keep[i] = c.line.keeps(e.Effective, until)
			until = e.Effective
		}
	}
}

// atTheWall keeps what was in force at the wall, as known at any time since: the
// history from there on is whole. A source's clock may have been a little ahead.
func (c *choice) atTheWall() {
	const ahead = 3600 * 1e6
	since := c.tx.SeqAt(c.line.Before - ahead)
	least := ledger.Latest + 1
	for i, e := range c.entries {
		if e.Addr.Seq < least {
			c.keep[i], least = true, e.Addr.Seq
		}
		if least <= since {
			return
		}
	}
}

// pin keeps what was in force at a pin.
func (c *choice) pin(p Pin) {
	if p.At >= c.line.Before {
		return
	}
	for i, e := range c.entries {
		if e.Effective <= p.At && e.Addr.Seq <= p.known {
			c.keep[i] = true
			return
		}
	}
}

// shadowers keeps what corrected something that stays, so that it does not pass
// for what is known now.
func (c *choice) shadowers() {
	newest := 0
	for i, e := range c.entries {
		if !e.Shadowed {
			newest = i
		} else if c.keep[i] {
			c.keep[newest] = true
		}
	}
}

// wholeViews keeps, for each view of a system that stays and has no whole list of
// hosts, the newest before it that has one: that one confirms hosts.
func (c *choice) wholeViews() error {
	for i, e := range c.entries {
		if !c.keep[i] {
			continue
		}
		now, then := false, false // found, as is known now, and as was known by this one's record
		for j := i; j < len(c.entries) && !(now && then); j++ {
			x := c.entries[j]
			asNow, asThen := !now && !x.Shadowed, !then && x.Addr.Seq <= e.Addr.Seq
			if !asNow && !asThen {
				continue
			}
			whole, err := c.whole(x)
			if err != nil {
				return err
			}
			if whole {
				now, then = now || asNow, then || asThen
				c.keep[j] = true
			}
		}
	}
	c.shadowers()
	return nil
}

func (c *choice) whole(e ledger.Entry) (bool, error) {
	r, err := c.tx.LoadEntry(e)
	if err != nil {
		return false, err
	}
	v, err := envelope.Decode[storev1.SystemView](r.Payload)
	if err != nil {
		return false, err
	}
	p := shape.Presence(v.HostsPresence)
	return p == shape.Whole || p == shape.Empty, nil
}
