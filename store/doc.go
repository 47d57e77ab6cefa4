// Package store is the storage contract of Plumbline: an ordered map from byte
// keys to byte values, read and written in closures.
//
// It is the weakest contract that serves: an embedded B+tree has this shape,
// and so has a table of two bytea columns in a database server, whose byte
// keys sort the same way in every locale. Records, indexes, pages and roll-ups
// are written once, above it, and know nothing of what is below.
//
// Tour:
//   - store.go has the interfaces, Reader, Writer and Store, and what they
//     promise;
//   - limits.go has what a key, a value and a range may be, as functions that
//     every backend calls;
//   - errors.go has the errors, each naming what to do about it;
//   - store/memory is the executable model: a sorted map in memory;
//   - store/bolt is the backend that keeps data: one bbolt file;
//   - store/storetest is the conformance suite that every backend passes;
//   - store/ledger is written above the contract: records, timelines and
//     indexes, over any backend.
package store
