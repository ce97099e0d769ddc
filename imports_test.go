// Package hawser holds only the test of the house's own order: which package may import which (the design, section 3),
// what stands at the top, and that the pure packages stay pure.
package hawser

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed says which of our packages a package may import: exact paths, or a folder with "/..." for all below it. The
// longest key that fits a package counts; a package that fits none may import nothing of ours.
var allowed = map[string][]string{
	"cluster":           {},
	"cluster/engine":    {"cluster"},
	"cluster/ledger":    {"cluster"},
	"cluster/raftlog":   {"cluster"},
	"cluster/heartbeat": {"cluster"},
	"cluster/probe":     {"cluster"},
	"cluster/resource":  {"cluster"},
	"cluster/fence":     {"cluster"},
	"cluster/guard":     {"cluster"},
	"cluster/native":    {"cluster/..."},
	"cluster/pacemaker": {"cluster", "cluster/ledger"},
	"mib/...":           {"mib/..."},
	"redfish":           {},
	"plugin":            {"cluster", "cluster/native", "cluster/pacemaker", "cluster/fence", "cluster/probe", "cluster/resource", "redfish", "mib/...", "plugin/agent", "plugin/agentx"},
	"plugin/agent":      {"mib/..."},
	"plugin/agentx":     {"mib/..."},
	"plugin/metrics":    {"cluster"},
	"plugin/socket":     {"cluster"},
	"plugin/cmd/...":    {"..."},
	"nms/...":           {"nms/...", "mib/..."},
	"fixtures/...":      {"fixtures/...", "mib/..."},
}

// pure packages decide and remember; they see no network, no machine and no clock.
var pure = []string{"cluster/engine", "cluster/ledger"}

// top is what may stand at the top of the tree.
var top = []string{
	".ci", ".git", ".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "cluster", "fixtures", "go.mod", "go.sum",
	"imports_test.go", "mib", "nms", "plugin", "redfish",
	"bin", "demo", ".cache", // made by make, ignored by git
}

func TestTopLevelNames(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(top, e.Name()) {
			t.Errorf("%s stands at the top of the tree; see the layout in the README", e.Name())
		}
	}
}

func TestImportsRunOneWay(t *testing.T) {
	eachFile(t, func(file, pkg string, f *ast.File) {
		test := strings.HasSuffix(file, "_test.go")
		for _, spec := range f.Imports {
			imported, ours := strings.CutPrefix(importPath(t, spec), "hawser/")
			if !ours || imported == pkg {
				continue
			}
			if test && (strings.HasPrefix(imported, "fixtures/") || strings.HasPrefix(pkg, "fixtures/")) {
				continue // a test may be helped by fixtures, and a fixture's test may use anything
			}
			if test && matches("cluster/...", imported) && (matches("cluster/...", pkg) || matches("plugin/...", pkg)) {
				continue // decisions are tested on a state that the ledger made
			}
			if !mayImport(pkg, imported) {
				t.Errorf("%s: package %s may not import %s", file, pkg, imported)
			}
		}
	})
}

func TestPurePackages(t *testing.T) {
	forbidden := []string{"net", "net/http", "os", "os/exec", "syscall", "math/rand", "math/rand/v2", "crypto/rand", "golang.org/x/sys/unix"}
	clock := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	eachFile(t, func(file, pkg string, f *ast.File) {
		if !slices.Contains(pure, pkg) || strings.HasSuffix(file, "_test.go") {
			return
		}
		for _, spec := range f.Imports {
			if p := importPath(t, spec); slices.Contains(forbidden, p) {
				t.Errorf("%s: a pure package imports %s", file, p)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, sel.Sel.Name) {
				t.Errorf("%s: a pure package reads the clock: time.%s", file, sel.Sel.Name)
			}
			return true
		})
	})
}

// owned says which packages alone may import a library: it can be replaced there, and its types go no further.
var owned = []struct {
	library string
	by      []string
}{
	{"github.com/spf13/viper", []string{"plugin/cmd/..."}},
	{"github.com/gosnmp/gosnmp", []string{"mib/snmp", "nms/...", "fixtures/..."}},
	{"github.com/stmcginnis/gofish", []string{"redfish/..."}},
	{"github.com/vishvananda", []string{"cluster/resource", "fixtures/..."}},
	{"github.com/prometheus", []string{"plugin/metrics", "nms/..."}},
}

func TestLibrariesStayWhereTheyAreOwned(t *testing.T) {
	eachFile(t, func(file, pkg string, f *ast.File) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		for _, spec := range f.Imports {
			for _, o := range owned {
				if !strings.HasPrefix(importPath(t, spec), o.library) {
					continue
				}
				if !slices.ContainsFunc(o.by, func(rule string) bool { return matches(rule, pkg) }) {
					t.Errorf("%s imports %s, which is only for %v", file, o.library, o.by)
				}
			}
		}
	})
}

func TestNoInitAndNoExitOutsideMain(t *testing.T) {
	eachFile(t, func(file, _ string, f *ast.File) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s has an init function: wire it where it is used", file)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "os" && sel.Sel.Name == "Exit" && f.Name.Name != "main" {
				t.Errorf("%s calls os.Exit: only a main does", file)
			}
			return true
		})
	})
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	eachFile(t, func(file, pkg string, f *ast.File) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		said[pkg] = said[pkg] || f.Doc != nil && (path.Base(file) == "doc.go" || f.Name.Name == "main")
	})
	if len(said) < 20 {
		t.Fatalf("only %d packages found: this test does not see the module", len(said))
	}
	for pkg, ok := range said {
		if !ok {
			t.Errorf("%s has no doc.go that says what it is", pkg)
		}
	}
}

// eachFile parses every Go file's imports and body.
func eachFile(t *testing.T, visit func(file, pkg string, f *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata" || d.Name() == "bin" || d.Name() == "demo" && file == "demo") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || !strings.Contains(file, "/") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		visit(file, path.Dir(filepath.ToSlash(file)), f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func importPath(t *testing.T, spec *ast.ImportSpec) string {
	t.Helper()
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// mayImport looks the package's longest rule up.
func mayImport(pkg, imported string) bool {
	best := ""
	for rule := range allowed {
		if matches(rule, pkg) && len(rule) > len(best) {
			best = rule
		}
	}
	return slices.ContainsFunc(allowed[best], func(pattern string) bool { return matches(pattern, imported) })
}

// matches says whether a path is the pattern, or below a pattern that ends in "...".
func matches(pattern, p string) bool {
	base, all := strings.CutSuffix(pattern, "...")
	if !all {
		return pattern == p
	}
	base = strings.TrimSuffix(base, "/")
	return base == "" || p == base || strings.HasPrefix(p, base+"/")
}

func TestRulesFit(t *testing.T) {
	for _, c := range []struct {
		pkg, imported string
		want          bool
	}{
		{"cluster", "cluster/engine", false},
		{"cluster/engine", "cluster", true},
		{"cluster/engine", "cluster/ledger", false},
		{"cluster/native", "cluster/raftlog", true},
		{"nms/trapd", "mib/snmp", true},
		{"nms", "cluster", false},
		{"redfish", "mib", false},
		{"plugin/agent", "cluster", false},
		{"fixtures/demo", "plugin", false},
		{"plugin/cmd/hawser", "nms", true},
		{"unknown", "cluster", false},
	} {
		if got := mayImport(c.pkg, c.imported); got != c.want {
			t.Errorf("mayImport(%s, %s) = %v, want %v", c.pkg, c.imported, got, c.want)
		}
	}
}
