package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestGeneratedFileIsCurrent(t *testing.T) {
	got, err := generate(mustRead(t, "../HAWSER-MIB.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, mustRead(t, "../oids_gen.go")) {
		t.Error("mib/oids_gen.go is not what gen makes of mib/HAWSER-MIB.txt: run go generate ./mib")
	}
}

func TestPENMovesTextAndConstants(t *testing.T) {
	dir := t.TempDir()
	text, out := filepath.Join(dir, "M.txt"), filepath.Join(dir, "oids_gen.go")
	original := mustRead(t, "../HAWSER-MIB.txt")
	if err := os.WriteFile(text, original, 0o644); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	if err := run([]string{"-text", text, "-out", out, "-pen", "12345"}, &stderr); err != nil {
		t.Fatal(err, stderr.String())
	}
	source := string(mustRead(t, out))
	for _, want := range []string{"const PEN = 12345\n", "{1, 3, 6, 1, 4, 1, 12345, 42}"} {
		if !strings.Contains(source, want) {
			t.Errorf("the Go lacks %q", want)
		}
	}
	old := strings.Fields(string(enterprise.Find(original)))[2]
	if strings.Contains(source, old) || strings.Contains(string(mustRead(t, text)), old) {
		t.Errorf("the files still hold the old number %s", old)
	}
	if err := run([]string{"-text", text, "-out", out, "-pen", old}, &stderr); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(mustRead(t, text), original) || !bytes.Equal(mustRead(t, out), mustRead(t, "../oids_gen.go")) {
		t.Error("moving back does not give the first files again")
	}
}

// wrap makes a module of definitions.
func wrap(definitions string) string {
	return "T-MIB DEFINITIONS ::= BEGIN IMPORTS a FROM B;\n" +
		"hawserEnterprise OBJECT IDENTIFIER ::= { enterprises 1 } -- comment -- \n" + definitions + "\nEND\n"
}

func TestGenerateNamesWhatIsWrong(t *testing.T) {
	tests := []struct{ name, definitions, want string }{
		{"unknown parent", "hawserA OBJECT IDENTIFIER ::= { hawserB 1 }", "line 3: hawserA: hawserB is not defined"},
		{"loop", "hawserA OBJECT IDENTIFIER ::= { hawserA 1 }", "hawserA is its own ancestor"},
		{"twice", "hawserA OBJECT IDENTIFIER ::= { hawserEnterprise 1 }\nhawserA OBJECT IDENTIFIER ::= { hawserEnterprise 2 }", "line 4: hawserA is defined twice"},
		{"unknown type", "hawserA OBJECT-TYPE SYNTAX Gold MAX-ACCESS read-only ::= { hawserEnterprise 1 }", "type Gold is unknown"},
		{"unknown access", "hawserA OBJECT-TYPE SYNTAX Gauge32 MAX-ACCESS all ::= { hawserEnterprise 1 }", `MAX-ACCESS "all" is unknown`},
		{"unknown varbind", "hawserA NOTIFICATION-TYPE OBJECTS { hawserB } ::= { hawserEnterprise 1 }", "names hawserB, which is not defined"},
		{"no value", "hawserA OBJECT-TYPE SYNTAX Gauge32", "no value before the end"},
		{"bad arc", "hawserA OBJECT IDENTIFIER ::= { hawserEnterprise x }", "arc"},
		{"bad label", "HawserTcA ::= TEXTUAL-CONVENTION SYNTAX INTEGER { a(b) }", `"b" where a number is wanted`},
		{"open text", `hawserA OBJECT-TYPE DESCRIPTION "x`, "quoted text without an end"},
		{"odd character", "hawserA ? ", "unexpected character"},
		{"text that no definition needs", "hawserA OBJECT-TYPE DEFVAL { ''H } ::= { hawserEnterprise 1 }", "unexpected character"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := generate([]byte(wrap(test.definitions)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("generate: %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestResolveKindsAndBounds(t *testing.T) {
	m, err := parse(wrap(`
HawserTcAge ::= TEXTUAL-CONVENTION DISPLAY-HINT "d" STATUS current DESCRIPTION "SYNTAX in a text" SYNTAX Gauge32 (0..9)
hawserTTable OBJECT-TYPE SYNTAX SEQUENCE OF HawserTEntry MAX-ACCESS not-accessible ::= { hawserEnterprise 1 }
hawserTEntry OBJECT-TYPE SYNTAX HawserTEntry MAX-ACCESS not-accessible INDEX { IMPLIED hawserTName } ::= { hawserTTable 1 }
HawserTEntry ::= SEQUENCE { hawserTName SnmpAdminString, hawserTAge HawserTcAge }
hawserTName OBJECT-TYPE SYNTAX SnmpAdminString (SIZE (1..80)) MAX-ACCESS not-accessible ::= { hawserTEntry 1 }
hawserTAge OBJECT-TYPE SYNTAX HawserTcAge UNITS "seconds" MAX-ACCESS read-only ::= { hawserTEntry 2 }
hawserTToken OBJECT-TYPE SYNTAX OCTET STRING (SIZE (0|8..16)) MAX-ACCESS read-write DEFVAL { -1 } ::= { hawserEnterprise 2 }`))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := resolve(m)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	emitObjects(&b, objects)
	for _, want := range []string{
		`{Name: "hawserTTable", OID: HawserTTable, Kind: Table, Access: NotAccessible}`,
		`{Name: "hawserTEntry", OID: HawserTEntry, Kind: Row, Access: NotAccessible, Index: []string{"hawserTName"}, Implied: true}`,
		`{Name: "hawserTName", OID: HawserTName, Kind: Column, Base: OctetString, Access: NotAccessible, Syntax: "SnmpAdminString", Ranges: [][2]int64{{1, 80}}}`,
		`{Name: "hawserTAge", OID: HawserTAge, Kind: Column, Base: Gauge32, Access: ReadOnly, Syntax: "HawserTcAge", Ranges: [][2]int64{{0, 9}}, Units: "seconds"}`,
		`{Name: "hawserTToken", OID: HawserTToken, Kind: Scalar, Base: OctetString, Access: ReadWrite, Syntax: "OCTET STRING", Ranges: [][2]int64{{0, 0}, {8, 16}}}`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the objects lack\n%s\nin\n%s", want, b.String())
		}
	}
}
