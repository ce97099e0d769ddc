package notify

import (
	"net/netip"
	"testing"
	"time"

	"hawser/mib/snmp"
	"hawser/nms/ask/asktest"
	"hawser/nms/report"
)

// auditor is the user that signs.
func auditor() snmp.User { return asktest.Users()["auditor"].User }

func clusterEngine() []byte {
	return []byte{0x80, 0, 0x7e, 0xd9, 5, 'c', 'l', 'u', 's', 't', 'e', 'r', '1'}
}

// ourEngine is the engine of the decoder.
func ourEngine() snmp.Engine {
	return snmp.Engine{ID: []byte{0x80, 0, 0x7e, 0xd9, 5, 'm', 'e'}, Boots: 1, Time: 10}
}

func decoder(tb testing.TB) *Decoder {
	tb.Helper()
	d, err := New(Config{
		Users: []User{{User: auditor()}}, Communities: []string{"public"},
		Clusters: []Known{{Name: "harbour", ClusterID: asktest.ID, Engines: [][]byte{clusterEngine()}}},
	}, ourEngine, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func failed(tb testing.TB, seq uint32) []snmp.Varbind {
	return asktest.Notification(tb, seq, "serviceFailed", nil)
}

func encodeV2(tb testing.TB, kind snmp.PDUType, varbinds []snmp.Varbind) []byte {
	tb.Helper()
	m := snmp.Message{Version: snmp.V2c, Community: "public", PDU: snmp.PDU{Type: kind, RequestID: 4711, Varbinds: varbinds}}
	packet, err := m.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	return packet
}

// seal is a v3 notification as the given engine's, signed by the auditor.
func seal(tb testing.TB, kind snmp.PDUType, engine []byte, boots, seconds uint32, varbinds []snmp.Varbind) []byte {
	tb.Helper()
	ring, err := snmp.NewKeyring(auditor())
	if err != nil {
		tb.Fatal(err)
	}
	keys, _ := ring.Keys(auditor().Name, engine)
	m := snmp.Message{
		Version: snmp.V3, MsgID: 5, Flags: snmp.FlagAuth | snmp.FlagPriv, SecurityModel: 3, EngineID: engine, Boots: boots, Time: seconds,
		User: auditor().Name, ContextEngineID: engine, PDU: snmp.PDU{Type: kind, RequestID: 5, Varbinds: varbinds},
	}
	packet, err := m.Seal(keys)
	if err != nil {
		tb.Fatal(err)
	}
	return packet
}

// FuzzDatagram feeds octets from the network to everything between the socket and the report.
func FuzzDatagram(f *testing.F) {
	d := decoder(f)
	f.Add(encodeV2(f, snmp.TrapV2, failed(f, 1)))
	f.Add(encodeV2(f, snmp.InformRequest, failed(f, 2)))
	f.Add(encodeV2(f, snmp.TrapV2, snmp.Notification(1, snmp.OID{1, 3, 6, 1, 6, 3, 1, 1, 5, 3})))
	f.Add(seal(f, snmp.TrapV2, clusterEngine(), 3, 100, failed(f, 3)))
	f.Add(seal(f, snmp.InformRequest, ourEngine().ID, 1, 0, failed(f, 4)))
	v1 := snmp.Message{Version: snmp.V1, Community: "public", PDU: snmp.PDU{Type: snmp.TrapV1, V1: &snmp.V1Trap{Enterprise: snmp.OID{1, 3, 6, 1, 4, 1, 9}, Generic: 6}}}
	packet, err := v1.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packet)
	f.Fuzz(func(t *testing.T, data []byte) {
		note, _, err := d.Decode(data, netip.MustParseAddrPort("127.0.0.1:9"), time.Now())
		if err != nil {
			return
		}
		switch {
		case (note.Event == nil) == (note.Unknown == nil):
			t.Fatalf("got event %v and unknown %v, want one of them", note.Event, note.Unknown)
		case note.Event != nil && note.Event.ClusterID == "":
			t.Fatal("an event without a cluster")
		case note.Event != nil && note.Event.Authentic && note.Event.User == "":
			t.Fatal("authentic, but nobody signed it")
		}
		inform := note.Event != nil && note.Event.Via == report.ViaInform || note.Unknown != nil && note.Unknown.Kind == report.ViaInform
		if inform != (note.Answer != nil) {
			t.Fatalf("inform %v, answer %v", inform, note.Answer != nil)
		}
	})
}

// FuzzVarbinds feeds varbinds under our notifications, which random octets rarely reach.
func FuzzVarbinds(f *testing.F) {
	voc, err := newVocabulary()
	if err != nil {
		f.Fatal(err)
	}
	var encoded []byte
	whole := failed(f, 1)
	for _, vb := range whole[2:] {
		encoded = snmp.AppendVarbind(encoded, vb)
	}
	f.Add(encoded)
	f.Fuzz(func(t *testing.T, data []byte) {
		m := snmp.Message{Version: snmp.V2c, Community: "public", PDU: snmp.PDU{Type: snmp.TrapV2, RequestID: 1, Encoded: data}}
		packet, err := m.Encode()
		if err != nil {
			return
		}
		parsed, err := snmp.Parse(packet)
		if err != nil {
			return
		}
		e, err := voc.event(whole[1].Value.OID, parsed.PDU.Varbinds)
		if err == nil && (e.ClusterID == "" || e.Generation == 0) {
			t.Fatalf("an event without identity: %+v", e)
		}
		if err == nil && e.Rank != report.RankHint {
			t.Fatal("varbinds gave themselves a rank")
		}
	})
}
