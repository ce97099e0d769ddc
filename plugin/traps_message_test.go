package plugin

import (
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

const longest32 = "abcdefghijklmnopqrstuvwxyz012345" // as long as a name may be

// longState is a cluster in which every name and number is as long as it may be.
func longState() *cluster.State {
	return &cluster.State{
		ClusterID: "6f0c2f5e-0c4e-4f5e-9e51-6f1d3f0a7b11", Generation: 1<<32 - 1,
		Spec:    cluster.Spec{Name: longest32 + "overlong", Stacks: []cluster.StackSpec{{Name: longest32}}},
		Indexes: map[string]cluster.IndexTable{"stack": {Names: map[string]uint32{longest32: 1<<32 - 1}}},
	}
}

func longEvent(kind cluster.EventType, text string) cluster.Event {
	return cluster.Event{
		Seq: 1<<32 - 1, Origin: longest32, OriginSeq: 1<<64 - 1, Epoch: 1<<64 - 1, Time: time.Now(), Type: kind,
		Severity: cluster.SeverityCleared, ComponentType: cluster.ComponentJob, ComponentName: longest32 + "overlong", NodeName: longest32,
		StackName: longest32, Error: text, Reaction: cluster.ReactedRecover, Result: cluster.ResultUnknown, Duration: 1 << 62,
		AlarmIndex: 1<<32 - 1, Summary: text,
		Facts: cluster.Facts{
			ClusterState: cluster.ClusterUnknown, NodesOnline: 1<<31 - 1, NodeCount: 1<<31 - 1, ServicesFailed: 1<<31 - 1,
			WorstHwHealth: cluster.HealthUnknown, PrimaryNode: longest32,
		},
	}
}

func testMessage(s *cluster.State) message {
	return message{
		cluster: s, prev: 1<<32 - 1, uptime: 497 * 24 * time.Hour, address: netip.MustParseAddr("255.255.255.255"),
		now: time.Now().Add(10_000 * time.Hour), rows: newRows(mib.HawserEventTable),
	}
}

// sealer encodes notifications as the sender does, for a user as long and as secure as may be.
func sealer(t *testing.T) func(kind snmp.PDUType, binds []snmp.Varbind) []byte {
	t.Helper()
	const big = 1<<31 - 1
	engine := []byte(strings.Repeat("\x80", mib.EngineIDMax))
	user := snmp.User{Name: longest32, Auth: snmp.SHA512, AuthPassphrase: "passphrase", Priv: snmp.AES256, PrivPassphrase: "passphrase"}
	ring, err := snmp.NewKeyring(user)
	if err != nil {
		t.Fatal(err)
	}
	keys, _ := ring.Keys(user.Name, engine)
	return func(kind snmp.PDUType, binds []snmp.Varbind) []byte {
		m := &snmp.Message{
			Version: snmp.V3, MsgID: big, Flags: user.Level() | snmp.FlagReportable, SecurityModel: 3, EngineID: engine, Boots: big,
			Time: big, User: user.Name, ContextEngineID: engine, PDU: snmp.PDU{Type: kind, RequestID: big, Varbinds: binds},
		}
		packet, err := m.Seal(keys)
		if err != nil {
			t.Fatal(err)
		}
		return packet
	}
}

func TestLongestNotificationsFit(t *testing.T) {
	texts := map[string]string{
		"one octet": strings.Repeat("x", 400), "two": strings.Repeat("é", 300), "four": strings.Repeat("\U0001F6A2", 200), "none": "",
		"no UTF-8": strings.Repeat("\xff", 400), "as long as fits": strings.Repeat("x", 127), "a row's": strings.Repeat("y", mib.TextMax),
	}
	seal, most := sealer(t), 0
	for kind := cluster.EventAlarmRaised; kind <= cluster.EventKeepAlive; kind++ {
		for name, text := range texts {
			binds := testMessage(longState()).varbinds(longEvent(kind, text))
			inform, trap := len(seal(snmp.InformRequest, binds)), len(seal(snmp.TrapV2, binds))
			most = max(most, inform)
			if inform > mib.NotifyMax || trap > mib.NotifyMax {
				t.Errorf("%s with %s: %d octets as INFORM, %d as trap; allowed are %d", kind, name, inform, trap, mib.NotifyMax)
			}
			checkTexts(t, kind, binds, text)
		}
	}
	if most < mib.NotifyMax-25 {
		t.Errorf("the longest has %d octets: more of the texts would fit into %d", most, mib.NotifyMax)
	}
}

// checkTexts wants what is left of the two texts to be their beginning, and no less than the module promises.
func checkTexts(t *testing.T, kind cluster.EventType, binds []snmp.Varbind, text string) {
	t.Helper()
	for i, name := range mib.NotifyOrder() {
		if name != "hawserEventError" && name != "hawserEventSummary" {
			continue
		}
		got := string(binds[i+2].Value.Bytes)
		if !utf8.ValidString(got) || len(got) < min(len(text), mib.NotifyTextMin-3) {
			t.Errorf("%s: %s is %q of %d octets", kind, name, got, len(got))
		}
		if utf8.ValidString(text) && !strings.HasPrefix(text, got) {
			t.Errorf("%s: %s is %q, no beginning of %q", kind, name, got, text)
		}
	}
}

func TestVarbindsStandInTheirOrder(t *testing.T) {
	order := mib.NotifyOrder()
	for _, e := range []cluster.Event{longEvent(cluster.EventNodeFailed, "x"), {Type: cluster.EventResync}} { // all, and nothing is known
		binds := testMessage(longState()).varbinds(e)
		if len(binds) != len(order)+3 {
			t.Fatalf("%d varbinds, want %d", len(binds), len(order)+3)
		}
		if !binds[0].OID.HasPrefix(snmp.SysUpTime) || !binds[1].OID.HasPrefix(snmp.SnmpTrapOID) || !binds[len(binds)-1].OID.HasPrefix(oidTrapAddress) {
			t.Errorf("framed by %s, %s and %s", binds[0].OID, binds[1].OID, binds[len(binds)-1].OID)
		}
		for i, name := range order {
			o, _ := mib.ByName(name)
			vb := binds[i+2]
			if !vb.OID.HasPrefix(o.OID) || len(vb.OID) != len(o.OID)+1 {
				t.Errorf("varbind %d is %s, want %s", i, vb.OID, name)
			}
			if o.Base == mib.OctetString && (len(vb.Value.Bytes) > int(longest(o.Ranges)) || vb.Value.Type != snmp.TypeOctetString) {
				t.Errorf("%s is %v", name, vb.Value)
			}
			if len(o.Enum) > 0 && o.Label(vb.Value.Int) == "" {
				t.Errorf("%s is %d, which its enumeration does not have", name, vb.Value.Int)
			}
		}
	}
}

// TestLocalAddress: snmpTrapAddress can only show IPv4.
func TestLocalAddress(t *testing.T) {
	for target, want := range map[string]string{"127.0.0.1:162": "127.0.0.1", "[::1]:162": "0.0.0.0", "[::ffff:127.0.0.1]:162": "127.0.0.1"} {
		if got := localAddress(netip.MustParseAddrPort(target)); got.String() != want {
			t.Errorf("to %s we say %s, want %s", target, got, want)
		}
	}
}

func TestLookUp(t *testing.T) {
	got, err := lookUp(t.Context(), "localhost:162", 7)
	if err != nil || !got.Addr().IsLoopback() || got.Port() != 162 {
		t.Errorf("localhost:162 is %v, %v", got, err)
	}
	for _, bad := range []string{"localhost", "localhost:port", "no such host:162"} {
		if got, err := lookUp(t.Context(), bad, 0); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%q is %v, %v; want an error that names it", bad, got, err)
		}
	}
}
