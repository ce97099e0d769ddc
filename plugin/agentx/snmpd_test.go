package agentx

import (
	"strings"
	"testing"
	"time"

	"hawser/fixtures/peers/subagent"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// startBoth runs a master and an agent below it.
func startBoth(tb testing.TB, b *stock, lines ...string) (*subagent.Master, running) {
	tb.Helper()
	m := subagent.NewMaster(tb, lines...)
	m.Start(tb)
	a := startAgent(tb, testConfig(m.Socket), b)
	a.waitReady(tb)
	return m, a
}

// walk reads a subtree by GETBULK; with 0 repetitions, by GETNEXT.
func walk(tb testing.TB, client *snmp.Client, root snmp.OID, repetitions int) (got []snmp.Varbind) {
	tb.Helper()
	visit := func(vb snmp.Varbind) bool {
		got = append(got, vb)
		return true
	}
	if repetitions > 0 {
		if err := client.Walk(tb.Context(), root, repetitions, visit); err != nil {
			tb.Fatal(err)
		}
		return got
	}
	for at := root; ; at = got[len(got)-1].OID {
		next, err := client.Next(tb.Context(), at)
		if err != nil {
			tb.Fatal(err)
		}
		if !next[0].OID.HasPrefix(root) || next[0].Value.IsException() {
			return got
		}
		visit(next[0])
	}
}

// compare walks a subtree and wants exactly these.
func compare(tb testing.TB, client *snmp.Client, root snmp.OID, repetitions int, want []snmp.Varbind) {
	tb.Helper()
	got := walk(tb, client, root, repetitions)
	for i, vb := range got {
		if i >= len(want) || !vb.OID.Equal(want[i].OID) || !vb.Value.Equal(want[i].Value) {
			tb.Fatalf("%d of %d: got %s = %s (%s), want %v", i, len(want), vb.OID, vb.Value, vb.Value.Type, want[min(i, len(want)-1)])
		}
	}
	if len(got) != len(want) {
		tb.Fatalf("%d varbinds, want %d", len(got), len(want))
	}
}

// TestThroughSnmpd reads every type by every operation, over both kinds of sockets.
func TestThroughSnmpd(t *testing.T) {
	v := allTypes()
	for name, line := range map[string][]string{"unix": nil, "tcp": {"agentXSocket tcp:127.0.0.1:" + freeTCP(t)}} {
		t.Run(name, func(t *testing.T) {
			m, a := startBoth(t, &stock{now: v}, line...)
			client := m.Client(t, "")
			compare(t, client, testRoot, 0, all(v)) // GETNEXT
			compare(t, client, testRoot, 1, all(v))
			compare(t, client, testRoot, 50, all(v))
			for _, want := range all(v)[:50] {
				got, err := client.Get(t.Context(), want.OID)
				if err != nil || !got[0].Value.Equal(want.Value) {
					t.Fatalf("get %s: %v %v", want.OID, got, err)
				}
			}
			exceptions(t, client)
			if s := a.Stats(); s.Connects != 1 || s.Errors+s.Malformed+s.Panics+s.Late != 0 || s.Gets == 0 || s.GetNexts == 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// exceptions are what is not there, and many columns at once.
func exceptions(t *testing.T, client *snmp.Client) {
	t.Helper()
	for oid, want := range map[string]snmp.Type{
		testRoot.Append(2, 1, 1, 900).String(): snmp.TypeNoSuchInstance, testRoot.Append(9, 1).String(): snmp.TypeNoSuchObject,
		testRoot.String(): snmp.TypeNoSuchObject,
	} {
		name, err := snmp.ParseOID(oid)
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.Get(t.Context(), name)
		if err != nil || got[0].Value.Type != want {
			t.Errorf("get %s: %v %v, want %s", oid, got, err, want)
		}
	}
	var columns []snmp.OID
	for column := range uint32(10) {
		columns = append(columns, testRoot.Append(2, 1, column+1))
	}
	got, err := client.Bulk(t.Context(), 20, columns...)
	if err != nil || len(got) < 10 {
		t.Fatalf("getBulk of ten columns: %d varbinds, %v", len(got), err)
	}
	for i, vb := range got {
		if want := testRoot.Append(2, 1, uint32(i%10)+1, uint32(i/10)+1); !vb.OID.Equal(want) {
			t.Fatalf("varbind %d is %s, want %s", i, vb.OID, want)
		}
	}
}

// TestContexts: what stands in a context is registered there, comes and goes with it, and is nowhere else.
func TestContexts(t *testing.T) {
	t.Parallel()
	b := &stock{now: allTypes(), contexts: map[string]*view.View{"db1": entity("of db1"), "db2": entity("of db2")}}
	m, _ := startBoth(t, b)
	name := entityRoot.Append(1, 1, 1, 1, 7, 1)
	for context, want := range map[string]string{"db1": "of db1", "db2": "of db2", "": "noSuchObject"} {
		client := m.Client(t, context)
		until(t, "value in context "+context, func() bool {
			got, err := client.Get(t.Context(), name)
			return err == nil && got[0].Value.String() == want
		})
	}
	compare(t, m.Client(t, "db1"), entityRoot, 10, all(entity("of db1")))
	nowhere := m.Client(t, "db3")
	nowhere.Timeout = time.Second // snmpd drops what is for a context that nobody has
	if _, err := nowhere.Get(t.Context(), name); err == nil {
		t.Error("a context that is not there was answered")
	}
}

// TestRegistrationThatIsTaken: somebody else shows the subtree. It is said once, the rest is served, and when the other one
// goes it is ours.
func TestRegistrationThatIsTaken(t *testing.T) {
	t.Parallel()
	m := subagent.NewMaster(t)
	m.Start(t)
	cfg := testConfig(m.Socket)
	vendor := cfg
	vendor.Subtrees, vendor.Capabilities = []Subtree{{Name: "ENTITY-MIB", OID: entityRoot}}, nil
	other := startAgent(t, vendor, &stock{now: entity("the vendor's")})
	other.waitReady(t)
	with := allTypes().With(view.NewTable(entityRoot, all(entity("ours"))))
	ours := startAgent(t, cfg, &stock{now: with})
	ours.waitReady(t)
	client := m.Client(t, "")
	until(t, "the refusal", func() bool { return strings.Contains(ours.log.String(), "duplicateRegistration") })
	compare(t, client, testRoot, 50, all(allTypes()))
	compare(t, client, entityRoot, 50, all(entity("the vendor's")))
	other.stop()
	until(t, "our registration", func() bool { return strings.Contains(ours.log.String(), "subtree registered at last") })
	compare(t, client, entityRoot, 50, all(entity("ours")))
	if n := strings.Count(ours.log.String(), "subtree not registered"); n != 1 {
		t.Errorf("the refusal was said %d times", n)
	}
}

// TestSysORTable: the capability stands in snmpd's table while the session lives.
func TestSysORTable(t *testing.T) {
	t.Parallel()
	m, a := startBoth(t, &stock{now: allTypes()})
	client := m.Client(t, "")
	shown := func() bool {
		found := false
		err := client.Walk(t.Context(), snmp.OID{1, 3, 6, 1, 2, 1, 1, 9, 1, 3}, 10, func(vb snmp.Varbind) bool {
			found = found || vb.Value.String() == "all of HAWSER-MIB"
			return true
		})
		return err == nil && found
	}
	until(t, "the row", shown)
	a.stop()
	until(t, "its end", func() bool { return !shown() })
}
