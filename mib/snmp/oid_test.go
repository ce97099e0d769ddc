package snmp

import (
	"strings"
	"testing"
)

func TestParseOID(t *testing.T) {
	for _, c := range []struct{ text, want, fault string }{
		{text: "1.3.6.1", want: "1.3.6.1"},
		{text: ".1.3.6.1", want: "1.3.6.1"},
		{text: "0", want: "0"},
		{text: "2.999.4294967295", want: "2.999.4294967295"},
		{text: "", fault: "is empty"},
		{text: ".", fault: "is empty"},
		{text: "1..3", fault: `sub-identifier ""`},
		{text: "1.3.x", fault: `sub-identifier "x"`},
		{text: "1.3.4294967296", fault: "4294967296"},
		{text: "3.1", fault: "first number is 0, 1 or 2"},
		{text: "1.40", fault: "at most 39"},
		{text: "2.4294967295", fault: "does not fit"},
		{text: "1" + strings.Repeat(".1", MaxSubIDs), fault: "at most 128"},
	} {
		oid, err := ParseOID(c.text)
		switch {
		case c.fault == "" && (err != nil || oid.String() != c.want):
			t.Errorf("%q: got %s, %v, want %s", c.text, oid, err, c.want)
		case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
			t.Errorf("%q: got %v, want an error with %q", c.text, err, c.fault)
		}
	}
}

func TestOIDOrderAndPrefix(t *testing.T) {
	rising := []OID{nil, {1}, {1, 3}, {1, 3, 0}, {1, 3, 6, 1}, {1, 3, 6, 2}, {1, 3, 7}, {2}}
	for i, a := range rising {
		for j, b := range rising {
			if got := a.Compare(b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%q against %q: %d", a, b, got)
			}
		}
	}
	base := make(OID, 2, 8)
	base[0], base[1] = 1, 3
	first, second := base.Append(6), base.Append(7)
	if first.String() != "1.3.6" || second.String() != "1.3.7" {
		t.Errorf("Append shares memory: %s, %s", first, second)
	}
	if !first.HasPrefix(base) || base.HasPrefix(first) || !base.HasPrefix(nil) || second.HasPrefix(first) {
		t.Error("HasPrefix is wrong")
	}
}

func TestErrorStatusNames(t *testing.T) {
	for status, want := range map[ErrorStatus]string{
		NoError: "noError", WrongType: "wrongType", UndoFailed: "undoFailed", AuthorizationError: "authorizationError",
		InconsistentName: "inconsistentName", 99: "errorStatus(99)", -1: "errorStatus(-1)",
	} {
		if got := status.String(); got != want {
			t.Errorf("%d: got %s, want %s", int(status), got, want)
		}
	}
}
