package snmp

import (
	"bytes"
	"testing"
)

// FuzzParse decodes anything. What decodes must encode, and decode to the same again.
func FuzzParse(f *testing.F) {
	for _, packet := range captured(f) {
		f.Add(packet)
	}
	ring := goldenKeyring(f)
	f.Fuzz(func(t *testing.T, packet []byte) {
		m, err := Parse(packet)
		if err != nil {
			return
		}
		if m.Version == V3 {
			keys, _ := ring.Keys(m.User, m.EngineID)
			if m.Open(keys) != nil {
				return
			}
		}
		again := reencode(t, m)
		equalBinds(t, again.PDU.Varbinds, m.PDU.Varbinds)
		if again.PDU.Type != m.PDU.Type || again.PDU.RequestID != m.PDU.RequestID || again.Community != m.Community ||
			!bytes.Equal(again.ContextEngineID, m.ContextEngineID) {
			t.Fatalf("got %+v, want %+v", again, m)
		}
	})
}

func reencode(t *testing.T, m *Message) *Message {
	t.Helper()
	m.Flags &^= FlagAuth | FlagPriv
	packet, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again := mustParse(t, packet)
	if m.Version == V3 {
		if err := again.Open(nil); err != nil {
			t.Fatalf("%x: %v", packet, err)
		}
	}
	return again
}

// FuzzScoped decodes any plain text of a scoped PDU, which is what a thief of keys could send.
func FuzzScoped(f *testing.F) {
	ring := goldenKeyring(f)
	for _, name := range []string{"v3-set", "v3-trap", "v3-set-response"} {
		m, err := Parse(captured(f)[name])
		if err != nil {
			f.Fatal(err)
		}
		keys, _ := ring.Keys(m.User, m.EngineID)
		if err := m.Open(keys); err != nil {
			f.Fatal(err)
		}
		f.Add(m.scopedPDU())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := &Message{Version: V3, EngineID: []byte("12345")}
		if m.parseScoped(data, false) != nil {
			return
		}
		again := reencode(t, m)
		equalBinds(t, again.PDU.Varbinds, m.PDU.Varbinds)
	})
}

// FuzzOID reads any text and any octets as an identifier.
func FuzzOID(f *testing.F) {
	f.Add("1.3.6.1.4.1.32473", []byte{0x2b, 6, 1, 4, 1, 0x81, 0xfd, 0x59})
	f.Add(".2.999.4294967295", []byte{0x88, 0x37})
	f.Fuzz(func(t *testing.T, text string, octets []byte) {
		if oid, err := ParseOID(text); err == nil {
			again, err := ParseOID(oid.String())
			if err != nil || !again.Equal(oid) {
				t.Fatalf("%q: %v %v", text, again, err)
			}
		}
		oid, err := parseOID(octets)
		if err != nil {
			return
		}
		w := writer{}
		w.oid(oid)
		r := reader{w.buf}
		content, err := r.take(byte(TypeObjectID), "oid")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseOID(content); err != nil || !again.Equal(oid) {
			t.Fatalf("%x: %v, again %v %v", octets, oid, again, err)
		}
	})
}
