//go:build capture

package agentx

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hawser/fixtures/peers/subagent"
	"hawser/mib/snmp"
)

// wire writes down what passes between snmpd and a subagent.
type wire struct {
	mu   sync.Mutex // guards what follows
	text strings.Builder
	seen map[string]int
}

// note keeps a few messages of each type and direction.
func (w *wire) note(from string, frame []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kind := from + " " + Type(frame[1]).String()
	if w.seen[kind]++; w.seen[kind] <= 6 {
		fmt.Fprintf(&w.text, "%s %x\n", kind, frame)
	}
}

func (w *wire) pass(from string, in io.Reader, out io.WriteCloser) {
	defer out.Close()
	r, j := bufio.NewReader(in), &job{}
	for j.read(r) == nil {
		w.note(from, j.frame)
		if _, err := out.Write(j.frame); err != nil {
			return
		}
	}
}

// TestCapture writes testdata/captured.txt anew, so it runs only when it is asked for: go test -tags capture -run TestCapture
// ./plugin/agentx. It stands between snmpd and net-snmp's own subagent, and has everything asked that they can say.
func TestCapture(t *testing.T) {
	m := subagent.NewMaster(t)
	m.Start(t)
	front := filepath.Join(filepath.Dir(m.Socket), "front")
	l, err := net.Listen("unix", front)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{seen: map[string]int{}}
	var passing sync.WaitGroup
	passing.Go(func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		master, err := net.Dial("unix", m.Socket)
		if err != nil {
			t.Error(err)
			return
		}
		passing.Go(func() { w.pass("subagent", conn, master) })
		w.pass("snmpd", master, conn)
	})
	behind := *m
	behind.Socket = front
	peer := subagent.StartPeer(t, subagent.Build(t), &behind, 3)
	client, scalar := m.Client(t, ""), mustOID(t, subagent.Scalar)
	t.Cleanup(func() { t.Log(peer.Log()) })
	until(t, "the peer", func() bool {
		got, err := client.Get(t.Context(), scalar)
		return err == nil && got[0].Value.Type == snmp.TypeInteger
	})
	walk(t, client, mustOID(t, subagent.Table), 5)
	for _, value := range []int32{5, 101, 103, 104} {
		_, _ = client.Set(t.Context(), snmp.Varbind{OID: scalar, Value: snmp.Integer(value)}) // some are refused, as they should
	}
	until(t, "a ping", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.seen["subagent ping"] > 0 })
	peer.Terminate(t)
	passing.Wait()
	if err := os.WriteFile(filepath.Join("testdata", "captured.txt"), []byte(w.text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
