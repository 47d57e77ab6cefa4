package question

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	pb "github.com/plumbline/plumbline/proto/gen/plumbline/v1"
)

// Book gathers questions and what their answers decide. It is not safe for
// concurrent use.
type Book struct {
	items  map[string]*Item
	asked  []*Item // those that are questions, in the order in which they came up
	shared map[string]*Shared
}

// Item is something that is wanted, and by what.
type Item struct {
	q     *pb.Question // nil where nobody can be asked
	rules map[int32]bool
}

// Shared is what several results lack together, because a part of their rules
// was computed once. It may be thousands of facts, of thousands of results: so
// the results are counted here, and added to the facts at the end.
type Shared struct {
	lacks   map[*Item]bool
	results map[int32]counts // by rule
}

// counts are how many results lack something, and how many nothing else.
type counts struct{ all, alone int32 }

// NewBook makes an empty book.
func NewBook() *Book { return &Book{items: map[string]*Item{}, shared: map[string]*Shared{}} }

// Item is the item under a key. Where there is none, ask makes its question, or
// nil where nobody can be asked.
func (b *Book) Item(key string, ask func() *pb.Question) *Item {
	it := b.items[key]
	if it == nil {
		it = &Item{q: ask(), rules: map[int32]bool{}}
		b.items[key] = it
		if it.q != nil {
			b.asked = append(b.asked, it)
		}
	}
	return it
}

// Shared is what is lacked together under a key. Where there is none, lacks
// tells what it is.
func (b *Book) Shared(key string, lacks func() []*Item) *Shared {
	s := b.shared[key]
	if s == nil {
		s = &Shared{lacks: map[*Item]bool{}, results: map[int32]counts{}}
		b.shared[key] = s
		for _, it := range lacks() {
			s.lacks[it] = true
		}
	}
	return s
}

// Lack counts one result of a rule that lacks items, and what is lacked
// together, if that is not nil.
func (b *Book) Lack(rule int32, items []*Item, together *Shared) {
	extra := map[*Item]bool{}
	for _, it := range items {
		if together == nil || !together.lacks[it] {
			extra[it] = true
		}
	}
	decides := int32(0)
	if len(extra) == 1 && (together == nil || len(together.lacks) == 0) {
		decides = 1
	}
	for it := range extra {
		it.Count(rule, 1, decides)
	}
	if together != nil {
		n := together.results[rule]
		n.all++
		if len(extra) == 0 {
			n.alone++
		}
		together.results[rule] = n
	}
}

// Count counts results of a rule that lack the item, and those that it decides.
func (it *Item) Count(rule, results, decides int32) {
	if it.q != nil {
		it.q.Involves += results
		it.q.Decides += decides
		it.rules[rule] = true
	}
}

// Questions are the questions, those first that decide most, then those that
// most results lack. It ends the book.
func (b *Book) Questions(ruleID func(int32) string) []*pb.Question {
	for _, s := range b.shared {
		for rule, n := range s.results {
			decides := int32(0)
			if len(s.lacks) == 1 {
				decides = n.alone
			}
			for it := range s.lacks {
				it.Count(rule, n.all, decides)
			}
		}
	}
	out := make([]*pb.Question, len(b.asked))
	for i, it := range b.asked {
		for _, r := range slices.Sorted(maps.Keys(it.rules)) {
			it.q.Rules = append(it.q.Rules, ruleID(r))
		}
		out[i] = it.q
	}
	slices.SortFunc(out, func(a, b *pb.Question) int {
		return cmp.Or(cmp.Compare(b.Decides, a.Decides), cmp.Compare(b.Involves, a.Involves),
			strings.Compare(a.Subject, b.Subject), strings.Compare(a.Fact, b.Fact), strings.Compare(a.Claim, b.Claim))
	})
	return out
}
