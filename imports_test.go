package plumbline_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/plumbline/plumbline"

// layers says, by the first folder of a package, what of the module it may
// import besides its own folder. A folder that is not here fails the test.
var layers = map[string][]string{
	"":         nil, // the root
	"proto":    nil,
	"assess":   {"proto"},
	"guidance": {"assess", "proto"},
	"store":    nil, // it keeps bytes, and does not know what they mean
	"server":   {"assess", "guidance", "proto", "store"},
	"clients":  {"proto"},
	"examples": nil, // files alone
	"cmd":      {"assess", "clients", "examples", "guidance", "proto", "server", "store"},
	"bench":    {"assess", "clients", "examples", "guidance", "proto", "server", "store"},
	"tools":    nil,
}

// reserved are packages that only some folders import, whatever layers says.
var reserved = []struct {
	pkg string // with all below it
	by  []string
	why string
}{
	{"store/bolt", []string{"cmd", "bench"}, "only a program chooses a backend"},
	{"store/memory", []string{"cmd", "bench"}, "only a program chooses a backend"},
	{"proto/gen/plumbline/store", []string{"server"}, "stored envelopes are private, so that the API can change without a migration"},
}

// impure is what assess must not import, tests and their kits aside: it would
// read a file or a network, or draw lots, and no longer be a function of its
// arguments. Of the modules every package counts.
var (
	impure        = []string{"crypto/rand", "io/fs", "log", "log/slog", "math/rand", "math/rand/v2", "net", "net/http", "os", "path/filepath", "syscall"}
	impureModules = []string{"google.golang.org/grpc", "github.com/grpc-ecosystem", "go.etcd.io"}
)

// exceptions are imports against the rules above. One that is not needed any
// more fails the test.
var exceptions = []exception{
	{"server/servertest", "store/bolt", "runs whole services for tests, on a real store"},
	{"store/storetest", "store/memory", "the sorted map is the model that every backend is held against"},
}

type exception struct{ pkg, imports, why string }

// testExceptions are those of test files, "*" for any folder's. They cannot make a cycle, nor reach a
// program, so tests may use the real thing where a mock would stand otherwise.
var testExceptions = []exception{
	{"*", "store/memory", "a ledger needs a store under it"},
	{"*", "store/bolt", "what is said of a disk is tested on one"},
	{"assess", "guidance", "properties of the engine are held for every shipped rule"},
	{"examples", "assess", "the examples are assessed"},
	{"examples", "guidance", "the examples are assessed, under shipped guidance"},
	{"examples", "proto", "the examples are messages"},
}

// TestImports holds every package to the import rule.
func TestImports(t *testing.T) {
	used := map[string]bool{}
	for _, f := range goFiles(t) {
		for _, spec := range f.syntax.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatalf("%s: %v", f.path, err)
			}
			why := forbidden(f, imported)
			if why == "" || excepted(f, imported, used) {
				continue
			}
			t.Errorf("%s imports %s: %s", f.path, imported, why)
		}
	}
	for _, x := range slices.Concat(exceptions, testExceptions) {
		if !used[x.pkg+" "+x.imports] {
			t.Errorf("%s no longer imports %s: take the exception away", x.pkg, x.imports)
		}
	}
}

// forbidden says why a file may not import a package, exceptions apart; "" where
// it may.
func forbidden(f file, imported string) string {
	from := layer(f.pkg)
	if from == "assess" && !f.test && !f.kit() {
		if slices.Contains(impure, imported) || slices.ContainsFunc(impureModules, func(m string) bool { return within(imported, m) }) {
			return "assess is a function of its arguments: no clock, no I/O, no network"
		}
	}
	pkg, ours := strings.CutPrefix(imported, module)
	if !ours {
		return ""
	}
	pkg = strings.TrimPrefix(pkg, "/")
	for _, r := range reserved {
		if within(pkg, r.pkg) && !within(f.pkg, r.pkg) && !slices.Contains(r.by, from) {
			return r.why
		}
	}
	to := layer(pkg)
	if to == from || slices.Contains(layers[from], to) {
		return ""
	}
	return "imports point one way: cmd → server → (assess, store, guidance) → proto"
}

func excepted(f file, imported string, used map[string]bool) bool {
	pkg := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
	for _, x := range exceptions {
		if x.pkg == f.pkg && within(pkg, x.imports) {
			used[x.pkg+" "+x.imports] = true
			return true
		}
	}
	for _, x := range testExceptions {
		if f.test && (x.pkg == "*" || within(f.pkg, x.pkg)) && within(pkg, x.imports) {
			used[x.pkg+" "+x.imports] = true
			return true
		}
	}
	return false
}

// within says whether a package is another one or below it.
func within(pkg, parent string) bool {
	return pkg == parent || strings.HasPrefix(pkg, parent+"/")
}

// clocks are functions that only a program, or what is given to one, may call:
// below it time and randomness are arguments.
var clocks = map[string][]string{
	"time": {"Now", "Since", "Until"},
	"os":   {"Exit"},
	"log":  {"Fatal", "Fatalf", "Fatalln"},
}

// TestPure holds assess to having no clock, and everything that is no program
// to leaving the process alone.
func TestPure(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test || f.syntax.Name.Name == "main" {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok || !slices.Contains(clocks[x.Name], sel.Sel.Name) || x.Obj != nil {
				return true
			}
			if x.Name != "time" || layer(f.pkg) == "assess" {
				t.Errorf("%s calls %s.%s", f.fset.Position(n.Pos()), x.Name, sel.Sel.Name)
			}
			return true
		})
	}
}

// The measures. Generated code is outside of them.
const (
	mostFileLines     = 600
	mostFunctionLines = 100
	mostPackageLines  = 2500 // without tests
	mostMethods       = 5    // of an interface
)

// large are packages beyond mostPackageLines, with what bounds them instead. One
// that has become clearly smaller again fails the test.
var large = map[string]struct {
	most int
	why  string
}{
	"assess":       {2750, "compiling, planning, evaluating and explaining share the compiled checklist"},
	"store/ledger": {2800, "one transaction, with a file for each kind of value; blocks, leaves and keys are below it"},
}

// vague are names that say nothing about what is in a package or a file.
var vague = []string{"common", "helper", "helpers", "manager", "misc", "shared", "util", "utils"}

// TestMeasures holds files, functions, interfaces and packages to their sizes,
// every package to having a tour of itself, and names to meaning something.
func TestMeasures(t *testing.T) {
	packages, documented := map[string]int{}, map[string]bool{}
	for _, f := range goFiles(t) {
		if f.generated {
			continue
		}
		if n := f.lines(); n > mostFileLines {
			t.Errorf("%s has %d lines; at most %d: split it", f.path, n, mostFileLines)
		}
		name := strings.TrimSuffix(path.Base(f.path), ".go")
		if slices.Contains(vague, name) || slices.Contains(vague, f.syntax.Name.Name) {
			t.Errorf("%s: name it after what it does", f.path)
		}
		f.measure(t)
		if !f.test {
			packages[f.pkg] += f.lines()
			documented[f.pkg] = documented[f.pkg] || f.syntax.Doc.Text() != ""
		}
	}
	for pkg, lines := range packages {
		if !documented[pkg] {
			t.Errorf("package %s has no documentation: write a doc.go that tours it", pkg)
		}
		most := mostPackageLines
		if x, ok := large[pkg]; ok {
			if most = x.most; lines <= mostPackageLines*9/10 {
				t.Errorf("package %s has %d lines: take its exception away", pkg, lines)
			}
		}
		if lines > most {
			t.Errorf("package %s has %d lines without tests; at most %d: split it", pkg, lines, most)
		}
	}
}

// measure checks a file's functions and interfaces.
func (f file) measure(t *testing.T) {
	t.Helper()
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncDecl:
			if lines := f.line(x.End()) - f.line(x.Pos()) + 1; lines > mostFunctionLines {
				t.Errorf("%s: %s has %d lines; at most %d", f.fset.Position(x.Pos()), x.Name.Name, lines, mostFunctionLines)
			}
		case *ast.InterfaceType:
			if n := x.Methods.NumFields(); n > mostMethods {
				t.Errorf("%s: an interface of %d methods; at most %d", f.fset.Position(x.Pos()), n, mostMethods)
			}
		}
		return true
	})
}

// file is one Go file of the repository.
type file struct {
	path      string // from the root, with slashes
	pkg       string // its folder; "" for the root
	test      bool
	generated bool
	syntax    *ast.File
	fset      *token.FileSet
}

// kit says whether the file is of a package that tests use: one named after
// another, with "test" at its end.
func (f file) kit() bool { return strings.HasSuffix(f.pkg, "test") }

func (f file) line(p token.Pos) int { return f.fset.Position(p).Line }

func (f file) lines() int { return f.fset.File(f.syntax.Pos()).LineCount() }

// layer is the first folder of a package.
func layer(pkg string) string {
	first, _, _ := strings.Cut(pkg, "/")
	return first
}

// goFiles parses all Go files of the repository, those of nested modules
// included; tools that were installed and folders of test data are left out.
func goFiles(t *testing.T) []file {
	t.Helper()
	var out []file
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != "." && (base[0] == '.' || base[0] == '_' || base == "bin" || base == "node_modules" || base == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		f := file{path: filepath.ToSlash(name), test: strings.HasSuffix(base, "_test.go"), fset: token.NewFileSet()}
		if f.pkg = path.Dir(f.path); f.pkg == "." {
			f.pkg = ""
		}
		if _, ok := layers[layer(f.pkg)]; !ok {
			t.Errorf("%s: what may %q import? Say so in layers", f.path, layer(f.pkg))
		}
		if f.syntax, err = parser.ParseFile(f.fset, name, nil, parser.ParseComments); err != nil {
			return err
		}
		f.generated = ast.IsGenerated(f.syntax)
		out = append(out, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 100 {
		t.Fatalf("only %d Go files found: the test does not run at the root", len(out))
	}
	return out
}
