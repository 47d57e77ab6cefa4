// Package check validates requests by the rules that stand in the .proto files
// (protovalidate), and tells every violation with the path of its field.
//
// Four fields are left to the handlers (payload in check.go): the inventories,
// hosts and batch items of submissions. Reflection over a host costs about
// 3.5 µs and over a whole inventory as much as evaluating it; package
// assess/merge checks the same by its own tables. And one bad item must not
// spoil a batch or end a stream, so items are checked one by one, each for its
// own receipt: with this package for the item itself. What the .proto says of
// such a field as a whole (that it is required, how many elements it has) is
// checked here.
//
// Tour: check.go has [Validator].
package check
