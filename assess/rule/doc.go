// Package rule evaluates the conditions of a checklist over an inventory.
//
// Rules are written in CEL. cel-go parses and type-checks them when a checklist
// is published; what runs are typed closures over the inventory's structs,
// which work in three-valued logic and carry along the facts that were read,
// the facts that are missing, the instant until which the result holds, and a
// budget.
//
// # The tour
//
// [NewEnv] makes what one checklist's rules can name, [Env.Compile] a
// [Program] of one expression, or says with line and column what to write
// instead, [Env.CompilePair] the two sides of a pair scope. [NewValues] resolves
// the parameters for a profile and a tailoring. A [Machine] binds an inventory,
// values, claims and an instant; [Machine.Subject] says what the next programs
// are about, [Program.Bool] runs one, and the machine then tells what it found:
//
//	env, issues := rule.NewEnv(checklist)
//	check, issues := env.Compile(`host.os.patched_time > now - params.max_age`, "host", rule.WantBool)
//	values, issues := rule.NewValues(env, profile.Parameters, nil)
//	m := rule.NewMachine(rule.Context{Inventory: inv, Values: values, At: at})
//	m.Subject(host, host)
//	switch check.Bool(m) {
//	case rule.Unknown:
//		missing := m.Missing()
//
// What a rule names, whatever an inventory holds, is told by [ReadsOf]. A machine
// also tells which claims would have been wanted ([Machine.RecordWanted]), and
// runs programs as if one of them were in force ([Machine.Suppose]).
//
// # What a rule means
//
// What no source reported is absent, and a condition that needs it is unknown.
// false && unknown is false and true || unknown is true, in either order, and an
// error is absorbed in the same way; what is unknown and wrong at once is
// unknown, since it may still be decided. The ternary with an unknown condition
// is unknown even if both branches agree: the condition might turn out to be an
// error, and then so would be the whole.
//
// A list is its known elements and its gaps: that there may be more of them, or
// that one could not be computed. all, exists and in are decided by a known
// element; exists_one is false at two; size needs a list without gaps; == and !=
// are decided where the known elements of one list cannot stand in the other in
// their order. A list that was not reported is one of which nothing is known.
// filter and map make lists with gaps where a predicate or a value is not known.
// So a gap that does not matter does not hurt, also where cel-go, which knows
// lists only whole, gives an error.
//
// More information can only decide more: taking a scalar or a list away, or an
// element while marking its list partial, turns results into unknown and never
// into another decision. That is why a rule cannot ask whether something was
// reported; what would let it is refused by package syntax, with the reason.
//
// now stands only as now plus or minus constants, compared with a time. A
// result is constant from the instant of evaluation until [Machine.Horizon].
//
// # The packages below
//
//	syntax    the text of a rule → a typed tree, refusals, cost
//	names     what an expression names, whatever an inventory holds
//	compile   the tree → a program
//	closure   the closures that programs are made of
//	machine   what closures run on
//	calc      three-valued logic and CEL's functions on plain values
//	fact      names, values, paths and canonical bytes of facts
//	ruletest  random inventories and conditions, cel-go as the oracle
package rule
