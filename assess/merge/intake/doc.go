// Package intake is what happens to an inventory between a source and the
// merge: it is checked, and brought into the one form that equal content has.
//
// [Validate] comes first, on what was sent, so that positions in its answer
// are the sender's. [Normalize] then makes placeholders absent and sorts.
// After the merge, [Warnings] says which references lead nowhere: that is no
// error, since another source may still name what is missing, but somebody
// should look. [StrongKeys] is what a host can be recognized by.
//
// # Placeholders
//
// Inventories are full of texts that say "I do not know" as if it were a
// value. They are made absent, because a rule must not decide by them:
//
//   - in every text, label and text fact: "", white space, and "n/a",
//     "unknown", "(null)", "not specified", "not available", "to be filled by
//     o.e.m." and the like. "none" and "na" stay: no authentication, no
//     hardening policy and North America are things to report;
//   - in a setting: only "", since a product may spell anything;
//   - in serial_number, uuid, asset_tag and mac besides: "none", "na",
//     "default string", "system serial number", "0123456789" and others that
//     makers and hypervisors ship, and one sign repeated, such as all zeros;
//   - in fqdn and names besides: "localhost" in all its forms, "vm",
//     "none", "(none)", "na", "template" and the like.
//
// All are compared without regard to case or surrounding white space. A list
// element that is a placeholder goes; the list is then known in part, but for
// names, which nobody counts. Nothing here makes a list empty that was not
// reported empty.
//
// All functions are safe for concurrent use on different messages.
package intake
