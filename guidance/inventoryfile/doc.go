// Package inventoryfile reads inventories and submissions from files that
// people and tools write: YAML, JSON, or JSON Lines.
//
// [Inventory] reads one inventory. [Submissions] reads what is to be sent to
// a server, one item after the other, so that a file of any number of lines
// is read in bounded memory; an item that is wrong does not stop those after
// it.
//
// The forms are those of package protoyaml: proto or JSON field names, "[]"
// for a list that is known to be empty, dates and spans of time in words. A
// submission is one of:
//
//	{system: systems/S, source: …, inventory: {…}}   a view of a system
//	{system: systems/S, source: …, hosts: […]}       a view of single hosts
//	{system: {id: S, …}, hosts: […]}                 an inventory, whose source the caller adds
//	{submit: {…}} or {upsert: {…}}                   an item as the API streams it
//
// All that is wrong is said at once, with line and column, by the constraints
// that the API checks too: what is read without a problem is only refused
// for what a file cannot show.
package inventoryfile
