package gateway

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	api "github.com/plumbline/plumbline/proto"
	"github.com/plumbline/plumbline/server/fault"
)

// route is one google.api.http rule of the API.
type route struct {
	method   string // of HTTP
	template string // such as "/v1/{name=systems/*}:retire"
	matches  *regexp.Regexp
	input    protoreflect.MessageType
	body     string // the field that is the body, "*" for all, "" for none
	path     []string
}

// routes is the table of all rules. It is read from the same annotations that
// the handlers were generated of.
type routes struct {
	all   []*route
	byKey map[string]*route // method, space, template
}

func newRoutes() *routes {
	out := &routes{byKey: map[string]*route{}}
	for _, service := range api.Services() {
		methods := service.Methods()
		for i := range methods.Len() {
			rule, _ := proto.GetExtension(methods.Get(i).Options(), annotations.E_Http).(*annotations.HttpRule)
			if rule == nil {
				continue // a stream of requests, which REST does not have
			}
			out.add(rule, methods.Get(i).Input())
			for _, more := range rule.GetAdditionalBindings() {
				out.add(more, methods.Get(i).Input())
			}
		}
	}
	return out
}

// variable is a variable of a template, such as {name=systems/*} or {id}.
var variable = regexp.MustCompile(`\{([a-z_.]+)(?:=([^}]*))?\}`)

func (rs *routes) add(rule *annotations.HttpRule, input protoreflect.MessageDescriptor) {
	// Generated code has registered every message before main begins.
	mt, err := protoregistry.GlobalTypes.FindMessageByName(input.FullName())
	if err != nil {
		panic(err)
	}
	r := &route{input: mt, body: rule.GetBody()}
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		r.method, r.template = http.MethodGet, p.Get
	case *annotations.HttpRule_Post:
		r.method, r.template = http.MethodPost, p.Post
	case *annotations.HttpRule_Put:
		r.method, r.template = http.MethodPut, p.Put
	case *annotations.HttpRule_Delete:
		r.method, r.template = http.MethodDelete, p.Delete
	case *annotations.HttpRule_Patch:
		r.method, r.template = http.MethodPatch, p.Patch
	}
	for _, v := range variable.FindAllStringSubmatch(r.template, -1) {
		r.path = append(r.path, v[1])
	}
	flat := variable.ReplaceAllStringFunc(r.template, func(v string) string {
		if inner := variable.FindStringSubmatch(v)[2]; inner != "" {
			return inner
		}
		return "*"
	})
	r.matches = regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(flat), `\*`, "[^/]+") + "$")
	rs.all = append(rs.all, r)
	rs.byKey[r.method+" "+r.template] = r
}

// methods are the HTTP methods that a path has.
func (rs *routes) methods(path string) []string {
	var out []string
	for _, r := range rs.all {
		if r.matches.MatchString(path) && !slices.Contains(out, r.method) {
			out = append(out, r.method)
		}
	}
	slices.Sort(out)
	return out
}

// strictQuery refuses query parameters that grpc-gateway would silently drop:
// names that the request has not, and names whose value comes from the path or
// the body. It also names the parameter whose value cannot be read.
func (g *Gateway) strictQuery(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		if r.URL.RawQuery != "" {
			if err := g.checkQuery(r); err != nil {
				g.refuse(w, r, err)
				return
			}
		}
		next(w, r, params)
	}
}

func (g *Gateway) checkQuery(r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fault.InvalidField("", "the query cannot be read; percent-encode its values").Because(err)
	}
	pattern, _ := runtime.HTTPPattern(r.Context())
	rt := g.routes.byKey[r.Method+" "+pattern.String()]
	if rt == nil {
		return nil // a test says that there is a rule for every pattern
	}
	var violations []fault.Violation
	for key, values := range query {
		if text := rt.checkParameter(key, values); text != "" {
			violations = append(violations, fault.Violation{Field: key, Description: text, Reason: "query"})
		}
	}
	if len(violations) == 0 {
		return nil
	}
	slices.SortFunc(violations, func(a, b fault.Violation) int { return strings.Compare(a.Field, b.Field) })
	return fault.Invalid(violations...)
}

var everything = utilities.NewDoubleArray(nil)

// checkParameter says what is wrong with one parameter; empty where nothing is.
func (rt *route) checkParameter(key string, values []string) string {
	fd, name := rt.field(key)
	switch {
	case fd == nil:
		return "there is no such parameter; it has " + rt.parameters()
	case rt.body == "*" || rt.body == name:
		return "belongs into the body"
	case slices.Contains(rt.path, name):
		return "stands in the path"
	case fd.Cardinality() != protoreflect.Repeated && len(values) > 1:
		return "is given more than once"
	}
	if err := runtime.PopulateQueryParameters(rt.input.New().Interface(), url.Values{key: values}, everything); err != nil {
		return "must be " + kindText(fd)
	}
	return ""
}

// field finds the field that a parameter sets, by its name in the .proto or in
// JSON, with dots between the levels; name is that of the first level.
func (rt *route) field(key string) (fd protoreflect.FieldDescriptor, name string) {
	d := rt.input.Descriptor()
	for part := range strings.SplitSeq(key, ".") {
		if d == nil {
			return nil, ""
		}
		if fd = d.Fields().ByTextName(part); fd == nil {
			fd = d.Fields().ByJSONName(part)
		}
		if fd == nil {
			return nil, ""
		}
		if name == "" {
			name = string(fd.Name())
		}
		d = fd.Message()
	}
	return fd, name
}

// parameters lists what a query may have, for an error.
func (rt *route) parameters() string {
	var out []string
	fields := rt.input.Descriptor().Fields()
	for i := range fields.Len() {
		name := string(fields.Get(i).Name())
		if rt.body != "*" && rt.body != name && !slices.Contains(rt.path, name) {
			out = append(out, fields.Get(i).JSONName())
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

func kindText(fd protoreflect.FieldDescriptor) string {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return "true or false"
	case protoreflect.Int32Kind, protoreflect.Int64Kind, protoreflect.Uint32Kind, protoreflect.Uint64Kind:
		return "a whole number"
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		return "a number"
	case protoreflect.MessageKind:
		switch fd.Message().FullName() {
		case "google.protobuf.Timestamp":
			return "an instant such as 2026-03-01T00:00:00Z (a + in it must be written %2B)"
		case "google.protobuf.Duration":
			return "a duration in seconds such as 3600s"
		}
		return "given by its fields, as " + fd.JSONName() + ".NAME"
	}
	return "a text"
}
