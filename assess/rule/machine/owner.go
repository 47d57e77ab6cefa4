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
	kept map[string]int
}

// OnceIndex is the index of the Memo for a part of a rule with that text.
// Equal texts mean equal values within one checklist, so rules share it.
func (o *Owner) OnceIndex(text string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return number(&o.once, text)
}

// KeptIndex is the same for what is computed once a subject.
func (o *Owner) KeptIndex(text string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return number(&o.kept, text)
}

// number gives each text the next number.
func number(numbers *map[string]int, text string) int {
	if *numbers == nil {
		*numbers = map[string]int{}
	}
	i, ok := (*numbers)[text]
	if !ok {
		i = len(*numbers)
		(*numbers)[text] = i
	}
	return i
}
