// Package digest defines the canonical encoding v1 of Plumbline's messages and
// the digests made from it.
//
// Protobuf's own bytes are not canonical: two programs may write one message
// in two ways, and a list's order counts there although it carries no meaning
// in an inventory. So what is compared, proven and named by a digest is
// encoded by the rules below, which never change; another encoding would be a
// v2 beside it. Digests are identity, never storage keys.
//
// # The digest
//
//	digest = SHA-256(head body)
//	head   = the message's full proto name in UTF-8, then 0x00
//	text   = "v1:" and the 32 bytes in lower-case hexadecimal
//
// # The body
//
//	body     = { field } 0x00
//	field    = number value            fields in ascending order of number
//	number   = unsigned varint         base 128, low groups first; never 0
//	value    = scalar | body | list | map
//	list     = count { scalar | body } count is an unsigned varint, ≥ 1
//	map      = count { text ( scalar | body ) }
//
//	bool                  one byte, 0 or 1
//	int32 int64 enum      zigzag varint
//	uint32 uint64         unsigned varint
//	float double          8 bytes, IEEE 754 double, high byte first; every NaN
//	                      is 0x7ff8000000000000
//	string bytes          its length as an unsigned varint, then the bytes
//	google.protobuf.Timestamp  microseconds since 1970-01-01T00:00:00Z, zigzag
//	                      varint; what is finer is cut off towards the past
//	google.protobuf.Duration   microseconds, zigzag varint; what is finer is cut
//	                      off towards zero
//
// An absent field is omitted. A scalar with presence is written when present,
// also where it is zero or ""; one without presence is written when it is not
// zero. A message that is present and empty is written: its body is 0x00. A
// list or map without elements is omitted. Fields that the binary does not
// know are not part of a digest.
//
// A map's entries stand in the bytewise order of their keys (as text, where
// keys are numbers).
//
// # Lists
//
// In most messages a list's order carries meaning and is kept: groups and rules
// of a checklist, precedence of a policy.
//
// In the inventory model (Inventory and every message below it) lists are
// sets. A list of messages stands in the bytewise order of its elements' keys,
// which are field 1; elements with one key, which no valid inventory has, keep
// their order. A list of scalars, StringList.values included, stands sorted,
// each value once. That holds wherever the message stands, also below a
// checklist's example. The names in reported_empty (101) and partial (102)
// are such lists of scalars, and so an unreported, an empty and a partial
// list differ.
//
// # Inventories
//
// In the body of an Inventory its system, its hosts and its facilities are not
// written but each stands as the 32 bytes of its digest:
//
//	1 digest(system)
//	2 count { digest(host) }       in the order of the hosts' ids
//	3 count { digest(facility) }   in the order of the facilities' ids
//	101, 102 as ever
//
// So who keeps the digests of 10,000 hosts gets the system's from one changed
// host without encoding the others ([Parts]), and one host can be proven to
// belong to an inventory without showing the others.
//
// # The tour
//
// [Of] digests any message; [OfPolicy] leaves out what a policy says about
// itself. [AppendInventory], [AppendSystem], [AppendHost] and [AppendFacility]
// write an encoding into a buffer, [Append] that of any message. The encoder of
// the inventory model reads struct fields by offset (package shape) and
// allocates nothing in the steady state; the one for everything else uses
// protoreflect. A test holds the two equal. Everything here is safe for
// concurrent use as long as nobody changes the messages meanwhile.
package digest
