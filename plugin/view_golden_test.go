package plugin

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// TestViewGolden walks the whole view of a three-node cluster. UPDATE_GOLDEN=1 writes the file anew.
func TestViewGolden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		publisher := newTestPublisher(richSource())
		startTask(t, publisher.Run)
		synctest.Wait()
		compareGolden(t, "three-nodes.txt", walkText(publisher.View()))
	})
}

// TestViewGoldenIsolated walks the view of the same cluster from a node that hears no majority.
func TestViewGoldenIsolated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := richSource()
		snap := isolatedSnapshot()
		source.snap = snap
		publisher := newTestPublisher(source)
		startTask(t, publisher.Run)
		synctest.Wait()
		compareGolden(t, "three-nodes-isolated.txt", walkText(publisher.View()))
	})
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run with UPDATE_GOLDEN=1 to write it", err)
	}
	want := strings.Split(string(data), "\n")
	lines := strings.Split(got, "\n")
	for i := range max(len(want), len(lines)) {
		var w, g string
		if i < len(want) {
			w = want[i]
		}
		if i < len(lines) {
			g = lines[i]
		}
		if w != g {
			t.Fatalf("%s line %d: got %q, want %q", path, i+1, g, w)
		}
	}
}

// walkText is a walk as text, one variable per line.
func walkText(v *view.View) string {
	var out strings.Builder
	for vb := v.Next(nil); vb.Value.Type != snmp.TypeEndOfMibView; vb = v.Next(vb.OID) {
		object, index, _ := objectAt(vb.OID)
		fmt.Fprintf(&out, "%s.%s = %s\n", object.Name, snmp.OID(index), valueText(object, vb.Value))
	}
	return out.String()
}

func valueText(object mib.Object, value snmp.Value) string {
	switch {
	case len(object.Enum) > 0:
		return fmt.Sprintf("%s(%d)", object.Label(value.Int), value.Int)
	case object.Syntax == "DateAndTime":
		at, err := readDateAndTime(value.Bytes)
		if err != nil || at.IsZero() {
			return hex.EncodeToString(value.Bytes)
		}
		return at.UTC().Format(time.RFC3339)
	case object.Syntax == "SnmpAdminString":
		return fmt.Sprintf("%q", value.Bytes)
	case value.Type == snmp.TypeOctetString:
		return hex.EncodeToString(value.Bytes)
	default:
		return value.Type.String() + " " + value.String()
	}
}
