package ruletest

import (
	"fmt"
	"math/rand"
	"slices"
	"strconv"
	"strings"

	"github.com/plumbline/plumbline/assess/shape"
)

// The types that expressions are made of.
const (
	boolean = "bool"
	integer = "int"
	real    = "double"
	text    = "string"
	instant = "timestamp"
	span    = "duration"
)

// Condition makes a random well-typed condition of a scope over the names
// that Checklist declares. depth bounds its nesting. Lookups only look for ids
// that are fields or texts, so that they may find nothing.
func Condition(r *rand.Rand, scope string, depth int) string {
	w := &writer{r: r, vars: []bound{{"inventory", message("Inventory")}, {"system", message("System")}}}
	if scope != "system" {
		w.vars = append(w.vars, bound{scope, message(strings.ToUpper(scope[:1]) + scope[1:])})
	}
	if scope == "component" || scope == "endpoint" {
		w.vars = append(w.vars, bound{"host", message("Host")})
	}
	return w.expr(boolean, depth)
}

// typ is a scalar's name, or a message or a list of either.
type typ struct {
	scalar string
	msg    *shape.Message
	list   bool
}

type bound struct {
	name string
	typ  typ
}

type writer struct {
	r    *rand.Rand
	vars []bound
}

var messages = map[string]*shape.Message{}

func init() {
	var add func(m *shape.Message)
	add = func(m *shape.Message) {
		if messages[m.Name] == nil {
			messages[m.Name] = m
			for _, f := range m.Fields {
				if f.Elem != nil {
					add(f.Elem)
				}
			}
		}
	}
	add(inventoryShape)
}

func message(name string) typ { return typ{msg: messages[name]} }

func (w *writer) pick(options ...string) string { return options[w.r.Intn(len(options))] }

func (w *writer) chance(n int) bool { return w.r.Intn(n) == 0 }

// expr writes an expression of a scalar type.
func (w *writer) expr(t string, depth int) string {
	if depth <= 0 || w.chance(6) {
		return w.leaf(t)
	}
	d := depth - 1
	if w.chance(9) {
		return fmt.Sprintf("(%s ? %s : %s)", w.expr(boolean, d), w.expr(t, d), w.expr(t, d))
	}
	switch t {
	case boolean:
		return w.condition(d)
	case integer:
		return w.integer(d)
	case real:
		return w.pick(fmt.Sprintf("(%s %s %s)", w.expr(real, d), w.pick("+", "-", "*", "/"), w.expr(real, d)),
			fmt.Sprintf("double(%s)", w.expr(integer, d)), fmt.Sprintf("double(%s)", w.expr(text, d)), "-"+w.leafParen(real))
	case text:
		return w.text(d)
	case instant:
		return w.pick(fmt.Sprintf("(%s %s %s)", w.expr(instant, d), w.pick("+", "-"), w.expr(span, d)),
			fmt.Sprintf("(%s + %s)", w.expr(span, d), w.expr(instant, d)),
			fmt.Sprintf("timestamp(%s)", w.expr(integer, d)), fmt.Sprintf("timestamp(%s)", w.expr(text, d)))
	}
	return w.pick(fmt.Sprintf("(%s %s %s)", w.expr(span, d), w.pick("+", "-"), w.expr(span, d)),
		fmt.Sprintf("(%s - %s)", w.expr(instant, d), w.expr(instant, d)),
		fmt.Sprintf("duration(string(%s))", w.expr(span, d)))
}

func (w *writer) leafParen(t string) string { return "(" + w.leaf(t) + ")" }

var scalarTypes = []string{boolean, integer, real, text, instant, span}

func (w *writer) condition(d int) string {
	switch w.r.Intn(13) {
	case 0, 1:
		return fmt.Sprintf("(%s && %s)", w.expr(boolean, d), w.expr(boolean, d))
	case 2, 3:
		return fmt.Sprintf("(%s || %s)", w.expr(boolean, d), w.expr(boolean, d))
	case 4:
		return "!" + w.expr(boolean, d)
	case 5:
		t := w.pick(scalarTypes...)
		return fmt.Sprintf("(%s %s %s)", w.expr(t, d), w.pick("==", "!=", "<", "<=", ">", ">="), w.expr(t, d))
	case 6:
		t := typ{scalar: w.pick(text, text, integer), list: true}
		return fmt.Sprintf("(%s %s %s)", w.list(t, d), w.pick("==", "!="), w.list(t, d))
	case 7:
		t := w.pick(text, text, integer, boolean, real)
		return fmt.Sprintf("(%s in %s)", w.expr(t, d), w.list(typ{scalar: t, list: true}, d))
	case 8, 9, 10:
		return w.over(w.pick("all", "exists", "exists_one"), d, func() string { return w.expr(boolean, d) })
	case 11:
		return w.now(d)
	}
	switch w.r.Intn(5) {
	case 0:
		return fmt.Sprintf("%s.matches(%s)", w.expr(text, d), strconv.Quote(Patterns[w.r.Intn(len(Patterns))]))
	case 1:
		return fmt.Sprintf("claimed(\"secure\", %s)", w.expr(text, d))
	case 2:
		return fmt.Sprintf("(%s %s %s)", w.expr(integer, d), w.pick("<", "<=", ">", ">="), w.expr(real, d))
	}
	return fmt.Sprintf("%s.%s(%s)", w.expr(text, d), w.pick("contains", "startsWith", "endsWith"), w.expr(text, d))
}

// now writes a comparison with the instant of evaluation.
func (w *writer) now(d int) string {
	now := "now" + w.pick("", " - params.p_duration", " + params.p_duration", " - duration(\"1h\")", " + duration(\"1us\") - params.p_duration")
	if w.chance(30) {
		now = "now + duration(\"2540400h\")" // leaves CEL's years for some instants
	}
	op, t := w.pick("<", "<=", ">", ">="), w.expr(instant, d)
	if w.chance(2) {
		return fmt.Sprintf("(%s %s %s)", now, op, t)
	}
	return fmt.Sprintf("(%s %s %s)", t, op, now)
}

// over writes a comprehension over a random list with a new variable.
func (w *writer) over(macro string, d int, body func() string) string {
	elem := typ{scalar: w.pick(text, text, integer)}
	if w.chance(3) {
		elem = typ{msg: w.message()}
	}
	return w.overElem(elem, macro, d, body)
}

func (w *writer) overElem(elem typ, macro string, d int, body func() string) string {
	l := elem
	l.list = true
	list := w.list(l, d)
	name := fmt.Sprintf("v%d", len(w.vars))
	w.vars = append(w.vars, bound{name, elem})
	defer func() { w.vars = w.vars[:len(w.vars)-1] }()
	return fmt.Sprintf("%s.%s(%s, %s)", list, macro, name, body())
}

// message is the type of some list's elements.
func (w *writer) message() *shape.Message {
	return messages[w.pick("Host", "Component", "Endpoint", "Zone", "Channel", "Volume", "Cipher", "Unit", "Flow", "Account", "Facility")]
}

func (w *writer) integer(d int) string {
	switch w.r.Intn(8) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s %s %s)", w.expr(integer, d), w.pick("+", "-", "*", "/", "%"), w.expr(integer, d))
	case 3:
		t := typ{scalar: w.pick(text, integer, boolean, real), list: true}
		if w.chance(2) {
			t = typ{msg: w.message(), list: true}
		}
		return fmt.Sprintf("%s.size()", w.list(t, d))
	case 4:
		return fmt.Sprintf("size(%s)", w.expr(text, d))
	case 5:
		return fmt.Sprintf("int(%s)", w.expr(w.pick(text, real, instant, span), d))
	case 6:
		return fmt.Sprintf("%s.%s()", w.expr(instant, d), w.pick("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek",
			"getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds"))
	}
	return fmt.Sprintf("%s.%s()", w.expr(span, d), w.pick("getHours", "getMinutes", "getSeconds", "getMilliseconds"))
}

func (w *writer) text(d int) string {
	switch w.r.Intn(5) {
	case 0:
		return fmt.Sprintf("(%s + %s)", w.expr(text, d), w.expr(text, d))
	case 1:
		return fmt.Sprintf("%s.%s()", w.expr(text, d), w.pick("lowerAscii", "upperAscii", "trim"))
	case 2:
		return fmt.Sprintf("string(%s)", w.expr(w.pick(integer, boolean, real, instant, span), d))
	case 3:
		if m := w.mapField(d); m != "" {
			return m
		}
	}
	return w.leaf(text)
}

// mapField reads an entry of a message's map; the key may be computed.
func (w *writer) mapField(d int) string {
	for range 5 {
		at, m := w.path(w.vars[w.r.Intn(len(w.vars))])
		if m == nil {
			continue
		}
		for _, f := range m.Fields {
			if f.Card == shape.Map && f.Kind == shape.Text && w.chance(2) {
				key := strconv.Quote(Keys[w.r.Intn(len(Keys))])
				if w.chance(5) {
					key = w.expr(text, d)
				}
				return fmt.Sprintf("%s.%s[%s]", at, f.Name, key)
			}
		}
	}
	return ""
}

// list writes an expression of a list type.
func (w *writer) list(t typ, depth int) string {
	d := depth - 1
	elem := t
	elem.list = false
	if depth > 0 && !w.chance(3) {
		switch w.r.Intn(4) {
		case 0:
			return w.overElem(elem, "filter", d, func() string { return w.expr(boolean, d) })
		case 1:
			return fmt.Sprintf("(%s + %s)", w.list(t, d), w.list(t, d))
		case 2:
			if t.scalar != "" {
				return w.over("map", d, func() string { return w.expr(t.scalar, d) })
			}
		case 3:
			return fmt.Sprintf("(%s ? %s : %s)", w.expr(boolean, d), w.list(t, d), w.list(t, d))
		}
	}
	return w.listLeaf(t, depth)
}

func (w *writer) listLeaf(t typ, depth int) string {
	for range 30 {
		at, m := w.path(w.vars[w.r.Intn(len(w.vars))])
		if m == nil {
			continue
		}
		if t.scalar == text && w.chance(12) && m.Field("facts") != nil {
			return at + ".listFact(\"f_strings\")"
		}
		var fit []string
		for _, f := range m.Fields {
			scalarFits := t.scalar == text && f.Kind == shape.Text || t.scalar == integer && f.Kind == shape.Int32
			if f.Card == shape.List && (t.msg != nil && f.Elem == t.msg || t.scalar != "" && scalarFits) {
				fit = append(fit, at+"."+f.Name)
			}
		}
		if len(fit) > 0 {
			return w.pick(fit...)
		}
	}
	if t.msg != nil {
		return w.farList(t.msg)
	}
	if w.chance(3) && (t.scalar == text || t.scalar == integer) {
		word := map[string]string{text: "strings", integer: "ints"}[t.scalar]
		return w.pick("params.p_"+word, fmt.Sprintf("tables.t_%s[%s]", word, w.expr(text, depth-1)))
	}
	n := 1 + w.r.Intn(3)
	elems := make([]string, n)
	for i := range elems {
		elems[i] = w.expr(t.scalar, min(depth-1, 1))
	}
	return "[" + strings.Join(elems, ", ") + "]"
}

// farList is a list of messages that can be reached from everywhere.
func (w *writer) farList(m *shape.Message) string {
	found := map[string]string{
		"Host": "inventory.hosts", "Facility": "inventory.facilities", "Zone": "system.zones", "Channel": "system.channels",
		"Unit": "system.units", "Account": "system.accounts",
		"Component": "inventory.host(\"h0\").components", "Endpoint": "inventory.host(\"h0\").endpoints",
		"Volume": "inventory.host(\"h1\").volumes", "Flow": "inventory.boundary(\"b0\").flows",
		"Cipher": "inventory.host(\"h0\").endpoint(\"e0\").tls.ciphers",
	}[m.Name]
	return found
}

// path walks from a variable over single messages and lookups.
func (w *writer) path(v bound) (string, *shape.Message) {
	at, m := v.name, v.typ.msg
	for m != nil && w.chance(3) {
		switch {
		case m.Name == "Inventory" && w.chance(2):
			fn := w.pick("host", "facility", "zone", "unit", "boundary", "channel", "population", "domain")
			at += "." + fn + "(" + strconv.Quote(idPrefixes[plural(fn)]+"0") + ")"
			m = messages[strings.ToUpper(fn[:1])+fn[1:]]
		case m.Name == "Host" && w.chance(2):
			fn := w.pick("component", "endpoint")
			at += "." + fn + "(" + strconv.Quote(idPrefixes[plural(fn)]+"0") + ")"
			m = messages[strings.ToUpper(fn[:1])+fn[1:]]
		default:
			i := slices.IndexFunc(m.Fields, func(f *shape.Field) bool {
				return f.Card == shape.One && f.Kind == shape.Nested && w.chance(2)
			})
			if i < 0 {
				return at, m
			}
			at += "." + m.Fields[i].Name
			m = m.Fields[i].Elem
		}
	}
	return at, m
}

func plural(name string) string {
	if strings.HasSuffix(name, "y") {
		return strings.TrimSuffix(name, "y") + "ies"
	}
	return name + "s"
}

var kinds = map[string][]shape.Kind{
	boolean: {shape.Bool}, integer: {shape.Int32, shape.Int64}, real: {shape.Double}, text: {shape.Text},
	instant: {shape.Time}, span: {shape.Duration},
}

var factCalls = map[string]string{
	boolean: "boolFact", integer: "intFact", real: "doubleFact", text: "stringFact", instant: "timeFact", span: "durationFact",
}

// leaf writes a variable, a field, a declared fact, a parameter, a table's
// entry or a constant.
func (w *writer) leaf(t string) string {
	if w.chance(4) {
		return w.constant(t)
	}
	var own []string
	for _, v := range w.vars {
		if v.typ.scalar == t {
			own = append(own, v.name)
		}
	}
	if len(own) > 0 && !w.chance(3) {
		return w.pick(own...)
	}
	for range 12 {
		at, m := w.path(w.vars[w.r.Intn(len(w.vars))])
		if m == nil {
			continue
		}
		if m.Field("facts") != nil && w.chance(8) {
			return fmt.Sprintf("%s.%s(\"f_%s\")", at, factCalls[t], t)
		}
		var fit []string
		for _, f := range m.Fields {
			if f.Card <= shape.One && slices.Contains(kinds[t], f.Kind) {
				fit = append(fit, at+"."+f.Name)
			}
		}
		if len(fit) > 0 {
			return w.pick(fit...)
		}
	}
	return w.constant(t)
}

func (w *writer) constant(t string) string {
	switch w.r.Intn(6) {
	case 0:
		return "params.p_" + t
	case 1:
		return fmt.Sprintf("tables.t_%s[%s]", t, w.pick(`"a"`, `"web"`, `"k0"`))
	}
	switch t {
	case boolean:
		return w.pick("true", "false")
	case integer:
		return strconv.FormatInt(Ints[w.r.Intn(len(Ints))], 10)
	case real:
		return w.pick("0.0", "1.5", "-2.5", "1e300")
	case text:
		return strconv.Quote(Texts[w.r.Intn(len(Texts))])
	case instant:
		return w.pick(`timestamp("2026-01-01T00:00:00Z")`, `timestamp("2026-01-01T01:00:00.000001Z")`, `timestamp("9999-12-31T23:59:59Z")`)
	}
	return w.pick(`duration("1h")`, `duration("-1us")`, `duration("0s")`, `duration("2562047h")`)
}
