package agentx

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hawser/fixtures/peers/subagent"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

const benchRows = 10000 // of ten columns: one column is what a walk of 10,000 varbinds reads

// benchTable is what the C subagent's table_dataset shows, below another root.
func benchTable(root snmp.OID) *view.Table {
	rows := make([]snmp.Varbind, 0, 10*benchRows)
	for column := range uint32(10) {
		for line := range uint32(benchRows) {
			value := snmp.Integer(int32(line + 1))
			if column%2 == 0 {
				value = snmp.String(fmt.Sprintf("component %d", line+1))
			}
			rows = append(rows, snmp.Varbind{OID: root.Append(1, column+2, line+1), Value: value})
		}
	}
	return view.NewTable(root, rows)
}

// sink is a connection that takes everything.
type sink struct {
	net.Conn
	n atomic.Int64
}

func (s *sink) Write(p []byte) (int, error)      { s.n.Add(int64(len(p))); return len(p), nil }
func (s *sink) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkWalk answers the GetNexts that snmpd makes of a walk of 10,000 varbinds: decoding, reading, encoding, without a
// socket.
func BenchmarkWalk(b *testing.B) {
	for _, columns := range []int{1, 10} {
		b.Run(fmt.Sprintf("%d-columns", columns), func(b *testing.B) {
			a, err := New(testConfig("/nowhere"), &stock{now: view.New(nil, benchTable(testRoot.Append(2)))}, quiet())
			if err != nil {
				b.Fatal(err)
			}
			here, there := net.Pipe()
			defer here.Close()
			defer there.Close()
			s := newSession(a, here)
			s.conn = &sink{Conn: here}
			s.turns.watched = true // the overseer is not measured
			s.id.Store(masterSession)
			frames := walkFrames(columns)
			j := &job{}
			b.ReportAllocs()
			for b.Loop() {
				for _, frame := range frames {
					j.frame = frame
					s.work(j)
				}
			}
			if a.Stats().Errors > 0 {
				b.Fatalf("%+v", a.Stats())
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(10*benchRows), "ns/varbind")
		})
	}
}

// walkFrames are the messages of one walk, so many columns at once.
func walkFrames(columns int) (frames [][]byte) {
	for first := 0; first < 10; first += columns {
		for line := range uint32(benchRows) {
			p := PDU{Header: Header{Type: TypeGetNext, Flags: FlagNetworkByteOrder, Session: masterSession}}
			for column := first; column < first+columns; column++ {
				p.Ranges = append(p.Ranges, SearchRange{Start: testRoot.Append(2, 1, uint32(column)+2, line), End: testRoot.Append(3)})
			}
			frames = append(frames, p.Append(nil))
		}
	}
	return frames
}

// BenchmarkBelowSnmpd walks the same table through a real snmpd: ours, and table_dataset of net-snmp in C. It tells the
// processor time that the subagent spent for each varbind.
func BenchmarkBelowSnmpd(b *testing.B) {
	m := subagent.NewMaster(b)
	m.Start(b)
	peer := subagent.StartPeer(b, subagent.Build(b), m, benchRows)
	table := mustOID(b, subagent.Table)
	ours := startHelper(b, m)
	client := m.Client(b, "")
	until(b, "our subagent", func() bool { return serves(b, client) })
	until(b, "the table of the other subagent", func() bool {
		next, err := client.Next(b.Context(), table)
		return err == nil && next[0].OID.HasPrefix(table)
	})
	for _, columns := range []int{1, 10} {
		for name, c := range map[string]struct {
			root snmp.OID
			pid  int
		}{"ours": {testRoot.Append(4), ours.Pid}, "table_dataset": {table, peer.Pid()}} {
			b.Run(fmt.Sprintf("%s/%d-columns", name, columns), func(b *testing.B) {
				varbinds, before := 0, cpu(b, c.pid)
				for b.Loop() {
					varbinds += walkColumns(b, client, c.root, columns)
				}
				b.ReportMetric(float64(cpu(b, c.pid)-before)*1e4/float64(varbinds), "cpu-us/varbind") // clock ticks are 10 ms
				b.ReportMetric(float64(varbinds)/b.Elapsed().Seconds(), "varbinds/s")
			})
		}
	}
}

// walkColumns reads the first columns side by side.
func walkColumns(b *testing.B, client *snmp.Client, root snmp.OID, columns int) (n int) {
	at := make([]snmp.OID, columns)
	for column := range at {
		at[column] = root.Append(1, uint32(column)+2)
	}
	for {
		got, err := client.Bulk(b.Context(), 200/columns, at...)
		if err != nil {
			b.Fatal(err)
		}
		for i, vb := range got {
			if !vb.OID.HasPrefix(root.Append(1, uint32(i%columns)+2)) {
				return n
			}
			at[i%columns] = vb.OID
			n++
		}
	}
}

// cpu is the processor time of a process so far, in clock ticks.
func cpu(b *testing.B, pid int) int {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	sum := 0
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		sum += n
	}
	return sum
}
