package mib

import (
	"slices"
	"strings"
	"testing"
)

func TestObjectsHaveGoodForm(t *testing.T) {
	for _, o := range Objects {
		if o.Kind != Scalar && o.Kind != Column {
			continue
		}
		if o.Base == NoBase {
			t.Errorf("%s has no base type", o.Name)
		}
		if o.Base == OctetString && len(o.Ranges) == 0 {
			t.Errorf("%s is a string without SIZE", o.Name)
		}
		if o.Base == TimeTicks {
			t.Errorf("%s counts from sysUpTime, which no two nodes share", o.Name)
		}
		for _, v := range o.Enum {
			if v.Number < 1 && o.Syntax != "InetAddressType" {
				t.Errorf("%s has the label %s(%d)", o.Name, v.Name, v.Number)
			}
		}
		if strings.HasSuffix(o.Name, "Age") && (o.Base != Gauge32 || o.Units != "seconds") {
			t.Errorf("%s is %s in %q, want Gauge32 in seconds", o.Name, o.Base, o.Units)
		}
		if (o.Syntax == "HawserTcMilliseconds" && o.Units != "milliseconds") || (o.Syntax == "HawserTcMicroseconds" && o.Units != "microseconds") {
			t.Errorf("%s is %s in %q", o.Name, o.Syntax, o.Units)
		}
	}
}

func TestIndexesAreNotAccessible(t *testing.T) {
	for _, o := range Objects {
		for _, name := range o.Index {
			column, _ := ByName(name)
			if column.Access != NotAccessible {
				t.Errorf("%s indexes %s and is accessible", name, o.Name)
			}
			if column.Base == OctetString && column.Ranges[0][0] == 0 {
				t.Errorf("%s indexes %s and may be empty", name, o.Name)
			}
		}
	}
}

// TestAddressesArePairs: RFC 4001 section 4.1 wants each InetAddress behind its
// type, in the same row.
func TestAddressesArePairs(t *testing.T) {
	for _, o := range Objects {
		if o.Syntax != "InetAddress" {
			continue
		}
		before := slices.Clone(o.OID)
		before[len(before)-1]--
		if pair, _, _ := ByOID(before); pair.Syntax != "InetAddressType" || pair.Name != o.Name+"Type" {
			t.Errorf("before %s stands %s", o.Name, pair.Name)
		}
	}
}

func TestEverythingIsInAGroup(t *testing.T) {
	grouped := map[string]int{}
	for _, o := range Objects {
		if o.Kind == Group {
			for _, name := range o.Varbinds {
				grouped[name]++
			}
		}
	}
	for _, o := range Objects {
		want := 0
		if o.Kind == Notification || o.Access >= AccessibleForNotify {
			want = 1
		}
		if grouped[o.Name] != want {
			t.Errorf("%s is in %d groups, want %d", o.Name, grouped[o.Name], want)
		}
	}
}

// TestDescriptorAndMacroShareALine: some tools find definitions by line.
func TestDescriptorAndMacroShareALine(t *testing.T) {
	lines := strings.Split(Text, "\n")
	for _, o := range Objects {
		starts := slices.ContainsFunc(lines, func(line string) bool {
			rest, found := strings.CutPrefix(line, o.Name+" ")
			return found && (strings.HasPrefix(rest, "OBJECT") || strings.HasPrefix(rest, "NOTIFICATION") || strings.HasPrefix(rest, "MODULE"))
		})
		if !starts {
			t.Errorf("no line begins with %s and its macro", o.Name)
		}
	}
	for i, line := range lines {
		if len(line) > 80 || strings.ContainsAny(line, "\t\r") || strings.TrimRight(line, " ") != line {
			t.Errorf("line %d is long or has odd blanks: %q", i+1, line)
		}
		if strings.IndexFunc(line, func(r rune) bool { return r > '~' }) >= 0 {
			t.Errorf("line %d is not ASCII: %q", i+1, line)
		}
	}
}

// TestWritableObjectsSayHowLongTheyLast: RFC 4181 section 4.6.4.
func TestWritableObjectsSayHowLongTheyLast(t *testing.T) {
	for _, o := range Objects {
		if !o.Access.Writable() {
			continue
		}
		_, rest, _ := strings.Cut(Text, "\n"+o.Name+" OBJECT-TYPE")
		definition, _, _ := strings.Cut(rest, "::=")
		words := strings.Join(strings.Fields(definition), " ")
		if !strings.Contains(words, "survives restarts") && !strings.Contains(words, "for 24 hours") {
			t.Errorf("%s does not say how long it lasts", o.Name)
		}
	}
}
