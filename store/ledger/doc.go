// Package ledger keeps records, their timelines, and what goes with them, in
// any store.Store. It is written once, above the storage contract, and knows
// nothing of what the bytes mean that it keeps: to it there are streams, kinds,
// numbers, names and instants (Unix microseconds, int64).
//
// # Commits, and two times
//
// A ledger changes by commits ([Ledger.Commit]), numbered from 1 without gaps.
// Each has the instant at which it was recorded, and those grow strictly.
// A record ([Batch.Append]) belongs to a stream and takes effect at an instant of
// its own, which may be long ago. It is never changed, but it may be thinned out
// ([Batch.Thin]): one with the same effective instant corrects it. So [Tx.At] can tell what was in force at T as
// known at K, where K is a commit's number, which [Tx.SeqAt] finds for an
// instant.
//
// # Tour
//
//   - ledger.go: Create, Open, View, Commit; tx.go and batch.go: the reading and
//     the writing half of a transaction; package overlay: what a batch has
//     put, in memory and in order, until it is written at its end.
//   - record.go: records, deltas against earlier ones (package patch), and the
//     blocks that records are packed into (package block); audit.go: records of
//     who did what.
//   - timeline.go, place.go: the index from stream and instant to records, and how
//     entries get into its leaves (package leaf).
//   - name.go, head.go, numbered.go, edge.go, rank.go, object.go, due.go, request.go, sum.go,
//     wide.go: numbers for names, current values, sets of pairs, ordered lists,
//     values by name, what falls due, answers to request ids, roll-ups, and
//     those of numbers that int64 does not hold.
//   - thin.go: takes entries out of timelines, and their records out of blocks.
//   - event.go: what happened, in the order of commits, for those who follow.
//   - verify.go: reads everything and says what is wrong.
//   - keys.go: limits, and names for what package layout has: keyspaces, order of
//     instants, checksums.
//
// # Layout
//
// The first byte of a key is its keyspace. seq is a commit's number in 5 bytes,
// slot a record's place in its commit in 2, instant 7 bytes (biased, so that
// they sort; ~ marks inverted ones, which sort the newest first), n a number in
// 4; all big-endian. "crc" is CRC-32C over key and value, 4 bytes at the end.
//
//	c seq slot             → block                          crc   commits
//	t n(stream) bound      → entries                        crc   timelines
//	h space n              → value                          crc   heads
//	i kind name            → n                              crc   numbers of names
//	n kind n               → name                           crc   names of numbers
//	o kind name            → value                          crc   objects
//	e kind n n             → empty                                edges
//	d instant n            → empty                                what is due
//	r kind n(list) value n → empty                                ranks
//	q hash(16)             → instant(expires) body(16) …    crc   requests
//	x instant hash(16)     → empty                                their expiry
//	u key                  → varint…                        crc   roll-ups
//	v seq n                → recorded(7) (size payload)…    crc   events of a commit
//	g a seq slot           → seq slot, or zeros             crc   to rest on that, or on nothing
//	g x seq slot           → empty                          crc   to go
//	m F                    → "plumbline ledger " version    crc   format
//	m L                    → seq(8) recorded(8)             crc   last commit
//	m N kind               → n                              crc   last number given
//	m V                    → seq n recorded(7)              crc   the last event swept away
//
// A block's key has the slot of its last record, so that a scan from a record's
// own address begins at its block. Every commit has one block at least. Events
// are packed likewise, up to 256 under the number of the last.
//
//	format(1) flags(1) recorded(8) count(2) body crc
//	body, s2-compressed where flag 1 says so (flag 2: has audit entries; 4: has
//	records that are gone):
//	  kind × count             0x80 marks a delta, 0 an audit entry; 0x80 alone is gone
//	  stream × count           varint, difference to the record before
//	  effective × count        varint, difference to the record before
//	  size × count             uvarint
//	  for each delta           depth(1) seq back, slot (uvarint) crc of the result(4)
//	  payload × count
//
// A roll-up of wide numbers has two varints for each: the low 64 bits as an
// int64, and what the high 64 are more than its sign.
//
// A timeline is cut into leaves of at most 32 entries, oldest first, each as the
// difference to the one before; what is confirmed is there in place.
//
//	bound: 0xff, or ~instant ~seq ~slot, than which no entry of the leaf is older
//	entry: effective (uvarint) seq (varint) slot<<1|1 (uvarint) confirmed (varint)
//
// # Faults
//
// A store's pages may have no checksums, so every value has one, and it is
// verified whenever the value is read. What is wrong is an [ErrCorrupt] that
// names the key, never an answer. Lengths are bounded before memory is made for
// them.
package ledger
