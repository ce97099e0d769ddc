package snmp

import "testing"

// BenchmarkNotification takes in a notification of 28 varbinds, as a receiver does, and makes one.
func BenchmarkNotification(b *testing.B) {
	engine := Engine{ID: NewEngineID(32473), Boots: 1, Time: 1}
	var objects []Varbind
	for i := range uint32(26) {
		value := Gauge(i * 1000)
		if i%2 == 0 {
			value = String("component of a cluster")
		}
		objects = append(objects, Varbind{OID{1, 3, 6, 1, 4, 1, 32473, 1, 1, i + 1, 0}, value})
	}
	pdu := PDU{Type: TrapV2, Varbinds: Notification(1, OID{1, 3, 6, 1, 4, 1, 32473, 0, 1}, objects...)}
	user := trapUser("traps001")
	var cache keyCache
	keys := cache.keys(user, engine.ID)
	for _, m := range []*Message{
		{Version: V2c, Community: "c", PDU: pdu},
		{Version: V3, Flags: user.Level(), EngineID: engine.ID, Boots: 1, Time: 1, User: user.Name, ContextEngineID: engine.ID, PDU: pdu},
	} {
		seal := func() ([]byte, error) {
			if m.Version == V3 {
				return m.Seal(keys)
			}
			return m.Encode()
		}
		packet, err := seal()
		if err != nil {
			b.Fatal(err)
		}
		b.Run("v"+m.Version.String()+"/make", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = seal()
			}
		})
		b.Run("v"+m.Version.String()+"/take", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				got, err := Parse(packet)
				if err == nil && m.Version == V3 {
					err = got.Open(cache.keys(user, got.EngineID))
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
