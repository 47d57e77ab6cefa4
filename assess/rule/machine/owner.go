package machine

import (
	"sync"

	"github.com/plumbline/plumbline/assess/rule/fact"
)

// Owner is what the programs of one checklist share: a program runs only on a
// machine of the same owner. It is safe for concurrent use.
type Owner struct {
	Paths  fact.Interner
	Tables []map[string]*Value // by the table's index; not changed after the first program

	mu   sync.Mutex
	once map[string]int
}

// OnceIndex is the index of the Memo for a part of a rule with that text.
// Equal texts mean equal values within one checklist, so rules share it.
func (o *Owner) OnceIndex(text string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	i, ok := o.once[text]
	if !ok {
		if o.once == nil {
			o.once = map[string]int{}
		}
		i = len(o.once)
		o.once[text] = i
	}
	return i
}
