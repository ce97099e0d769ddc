package agent

import (
	"context"
	"io"
	"net/netip"
	"testing"

	"github.com/sirupsen/logrus"

	"hawser/mib/snmp"
)

// FuzzHandle gives the agent any datagram, and any PDU sealed with the keys of a user: it must answer with what
// decodes, or not at all, and never larger than it was told.
func FuzzHandle(f *testing.F) {
	cfg := testConfig(f)
	cfg.Engine = func() snmp.Engine { return snmp.Engine{ID: cfg.EngineID, Boots: 1, Time: 1000} }
	cfg.Communities = []Community{{Name: "c", Role: "reader"}}
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	a, err := New(cfg, newMemory(testRows()...), logrus.NewEntry(quiet))
	if err != nil {
		f.Fatal(err)
	}
	if err := a.start(); err != nil {
		f.Fatal(err)
	}
	keys, _ := a.users.Keys("policy01", cfg.EngineID)
	for _, pdu := range []snmp.PDU{
		{Type: snmp.GetRequest, Varbinds: testRows()},
		{Type: snmp.GetNextRequest, Varbinds: testRows()},
		{Type: snmp.GetBulkRequest, NonRepeaters: 1, MaxRepetitions: 100, Varbinds: testRows()},
		{Type: snmp.SetRequest, Varbinds: testRows()[3:4]},
	} {
		packet, err := (&snmp.Message{Version: snmp.V2c, Community: "c", PDU: pdu}).Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packet)
	}
	from := peer{listener: &listener{}, from: netip.MustParseAddrPort("127.0.0.1:9")}
	s := &scratch{}
	check := func(t *testing.T, packet []byte, limit int) {
		answer := a.handle(context.Background(), packet, from, s)
		if answer == nil {
			return
		}
		m, err := snmp.Parse(answer)
		if err == nil && m.Version == snmp.V3 {
			err = m.Open(keys)
		}
		if err != nil || len(answer) > limit {
			t.Fatalf("answer of %d octets to %x: %v", len(answer), packet, err)
		}
		if got := a.Stats().Panics; got != 0 {
			t.Fatalf("a panic on %x", packet)
		}
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		check(t, packet, snmp.MaxMessageSize)
		m, err := snmp.Parse(packet)
		if err != nil || m.Version == snmp.V3 || m.PDU.Type == snmp.SetRequest {
			return
		}
		sealed := &snmp.Message{
			Version: snmp.V3, Flags: snmp.FlagAuth | snmp.FlagPriv | snmp.FlagReportable, MaxSize: snmp.MinMessageSize, EngineID: cfg.EngineID,
			Boots: 1, Time: 1000, User: "policy01", ContextEngineID: cfg.EngineID, PDU: m.PDU,
		}
		again, err := sealed.Seal(keys)
		if err != nil {
			t.Fatal(err)
		}
		check(t, again, snmp.MinMessageSize)
	})
}
