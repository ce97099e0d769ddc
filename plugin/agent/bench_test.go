package agent

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"testing"

	"github.com/sirupsen/logrus"

	"hawser/mib/snmp"
	"hawser/mib/view"
)

const benchRows = 10000

// newBench returns an agent that is not connected, and a view of ten columns.
func newBench(b *testing.B) (*Agent, *snmp.Keys) {
	b.Helper()
	rows := make([]snmp.Varbind, 0, benchRows)
	for column := range uint32(10) {
		for row := range uint32(benchRows / 10) {
			value := snmp.Gauge(row * 1000)
			if column%2 == 0 {
				value = snmp.String(fmt.Sprintf("component %d", row))
			}
			rows = append(rows, snmp.Varbind{OID: testRoot.Append(1, 1, column+1, row+1), Value: value})
		}
	}
	m := newMemory()
	m.cached = view.New(nil, view.NewTable(testRoot, rows))
	cfg := testConfig(b)
	cfg.Communities = []Community{{Name: "c", Role: "policy"}}
	cfg.Engine = func() snmp.Engine { return snmp.Engine{ID: cfg.EngineID, Boots: 1, Time: 1000} }
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	a, err := New(cfg, m, logrus.NewEntry(quiet))
	if err != nil {
		b.Fatal(err)
	}
	if err := a.start(); err != nil {
		b.Fatal(err)
	}
	keys, _ := a.users.Keys("policy01", cfg.EngineID)
	return a, keys
}

// BenchmarkWalk walks 10,000 varbinds with 50 repetitions. ns/varbind is what the agent itself spends: decoding,
// reading, encoding and, for v3, the cryptography; no socket.
func BenchmarkWalk(b *testing.B) {
	for _, version := range []snmp.Version{snmp.V2c, snmp.V3} {
		for _, columns := range []int{1, 10} {
			b.Run(fmt.Sprintf("v%s/%d-columns", version, columns), func(b *testing.B) {
				a, keys := newBench(b)
				requests := walkRequests(b, a, keys, version, columns)
				from, s := peer{listener: &listener{}, from: netip.MustParseAddrPort("127.0.0.1:9")}, &scratch{}
				b.ReportAllocs()
				for b.Loop() {
					for _, packet := range requests {
						if a.handle(context.Background(), packet, from, s) == nil {
							b.Fatal("no answer")
						}
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/varbind")
			})
		}
	}
}

// walkRequests are the requests of one walk.
func walkRequests(b *testing.B, a *Agent, keys *snmp.Keys, version snmp.Version, columns int) [][]byte {
	b.Helper()
	const repetitions = 50
	var requests [][]byte
	each := benchRows / columns
	for row := 0; row < each; row += repetitions {
		binds := make([]snmp.Varbind, columns)
		for i := range binds {
			after := i*each + row // in the order of the walk
			binds[i] = snmp.Varbind{OID: testRoot.Append(1, 1, uint32(after/1000)+1, uint32(after%1000)), Value: snmp.Null()}
		}
		m := &snmp.Message{Version: version, Community: "c", PDU: snmp.PDU{Type: snmp.GetBulkRequest, MaxRepetitions: repetitions, Varbinds: binds}}
		seal := m.Encode
		if version == snmp.V3 {
			engine := a.Engine()
			m.Flags, m.EngineID, m.ContextEngineID = snmp.FlagAuth|snmp.FlagPriv, engine.ID, engine.ID
			m.Boots, m.Time, m.User = engine.Boots, engine.Time, "policy01"
			seal = func() ([]byte, error) { return m.Seal(keys) }
		}
		packet, err := seal()
		if err != nil {
			b.Fatal(err)
		}
		requests = append(requests, packet)
	}
	return requests
}

// BenchmarkGet reads one varbind.
func BenchmarkGet(b *testing.B) {
	a, _ := newBench(b)
	m := &snmp.Message{Version: snmp.V2c, Community: "c", PDU: snmp.PDU{
		Type: snmp.GetRequest, Varbinds: []snmp.Varbind{{OID: testRoot.Append(1, 1, 5, 500), Value: snmp.Null()}},
	}}
	packet, err := m.Encode()
	if err != nil {
		b.Fatal(err)
	}
	from, s := peer{listener: &listener{}, from: netip.MustParseAddrPort("127.0.0.1:9")}, &scratch{}
	b.ReportAllocs()
	for b.Loop() {
		a.handle(context.Background(), packet, from, s)
	}
}
