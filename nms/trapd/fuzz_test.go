package trapd

import (
	"io"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/mib/snmp"
	"hawser/nms/ask/asktest"
	"hawser/nms/journal"
)

// decoder is a Receiver without sockets and store: the path from octets to a row.
func decoder(tb testing.TB) *Receiver {
	tb.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	cfg := Config{
		Users: []User{{User: auditor()}}, Communities: []string{"public"}, SourceRate: 1, SourceBurst: 1,
		Clusters: []Known{{Name: "harbour", ClusterID: asktest.ID, Engines: [][]byte{clusterEngine()}}},
	}
	engine := &Engine{ID: []byte{0x80, 0, 0x7e, 0xd9, 5, 'm', 'e'}, Boots: 1, started: time.Now()}
	r, err := New(tb.Context(), cfg, engine, nil, nil, func(string) {}, logrus.NewEntry(log))
	if err != nil {
		tb.Fatal(err)
	}
	return r
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

// FuzzDatagram feeds octets from the network to everything between the socket and the journal.
func FuzzDatagram(f *testing.F) {
	r := decoder(f)
	f.Add(encodeV2(f, snmp.TrapV2, failed(f, 1, nil)))
	f.Add(encodeV2(f, snmp.InformRequest, failed(f, 2, nil)))
	f.Add(encodeV2(f, snmp.TrapV2, snmp.Notification(1, snmp.OID{1, 3, 6, 1, 6, 3, 1, 1, 5, 3})))
	f.Add(seal(f, snmp.TrapV2, clusterEngine(), 3, 100, failed(f, 3, nil)))
	f.Add(seal(f, snmp.InformRequest, r.engine.ID, 1, 0, failed(f, 4, nil)))
	v1 := snmp.Message{Version: snmp.V1, Community: "public", PDU: snmp.PDU{Type: snmp.TrapV1, V1: &snmp.V1Trap{Enterprise: snmp.OID{1, 3, 6, 1, 4, 1, 9}, Generic: 6}}}
	packet, err := v1.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packet)
	f.Fuzz(func(t *testing.T, data []byte) {
		o, _, err := r.open(data, time.Now())
		if err != nil {
			return
		}
		it := r.item(packetFrom("127.0.0.1:9", data), o)
		switch {
		case (it.event == nil) == (it.unknown == nil):
			t.Fatalf("got event %v and unknown %v, want one of them", it.event, it.unknown)
		case it.event != nil && it.event.ClusterID == "":
			t.Fatal("an event without a cluster")
		case it.event != nil && it.event.Authentic && !o.authenticated:
			t.Fatal("authentic, but nobody signed it")
		case o.inform != (it.answer != nil):
			t.Fatalf("inform %v, answer %v", o.inform, it.answer != nil)
		}
		if batch, _ := assemble([]item{it}); len(batch.Events) > 1 || len(batch.Unknown) > 1 {
			t.Fatalf("one datagram made %+v", batch)
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
	whole := failed(f, 1, nil)
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
		if err == nil && e.Rank != journal.RankHint {
			t.Fatal("varbinds gave themselves a rank")
		}
	})
}
