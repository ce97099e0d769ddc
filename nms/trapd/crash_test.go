package trapd

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hawser/mib/snmp"
	"hawser/nms/journal"
)

// crashDir tells the test binary that it is the receiver that will be killed.
const crashDir = "HAWSER_TEST_TRAPD_DIR"

// crashChild is the process that the test kills.
func crashChild(t *testing.T, dir string) {
	b := newBenchIn(t, dir, nil)
	startBench(t, b)
	if err := os.WriteFile(filepath.Join(dir, "addr.new"), []byte(b.Addr().String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "addr.new"), filepath.Join(dir, "addr")); err != nil {
		t.Fatal(err)
	}
	<-t.Context().Done() // until the kill
	select {}
}

func TestKilledMidBurstLosesNothingAcknowledged(t *testing.T) {
	if dir := os.Getenv(crashDir); dir != "" {
		crashChild(t, dir)
	}
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run=^TestKilledMidBurstLosesNothingAcknowledged$", "-test.timeout=2m")
	child.Env = append(os.Environ(), crashDir+"="+dir)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var addr netip.AddrPort
	waitFor(t, "the child listens", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "addr"))
		if err != nil {
			return false
		}
		addr, err = netip.ParseAddrPort(strings.TrimSpace(string(text)))
		return err == nil
	})
	acknowledged := burstUntilKilled(t, addr, child)
	j, err := journal.Open(filepath.Join(dir, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	list, err := j.Events(t.Context(), journal.EventFilter{Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	stored := map[uint32]int{}
	for _, e := range list {
		stored[e.Seq]++
	}
	for _, seq := range acknowledged {
		if stored[seq] != 1 {
			t.Errorf("event %d was acknowledged and is stored %d times, want once", seq, stored[seq])
		}
	}
	t.Logf("%d acknowledged, %d stored", len(acknowledged), len(stored))
}

// burstUntilKilled sends INFORMs from many senders, kills the receiver after 300 acknowledgements, and returns the
// numbers of all that were acknowledged.
func burstUntilKilled(t *testing.T, addr netip.AddrPort, child *exec.Cmd) []uint32 {
	t.Helper()
	const senders, enough = 8, 300
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var mu sync.Mutex // guards acknowledged
	var acknowledged []uint32
	var group sync.WaitGroup
	kill := sync.OnceFunc(func() {
		if err := child.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = child.Wait() // it was killed
		cancel()
	})
	for n := range senders {
		s, err := snmp.NewSender(snmp.SenderConfig{})
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			defer func() { _ = s.Close() }()
			for i := uint32(1); ctx.Err() == nil; i++ {
				seq := uint32(n)*1_000_000 + i
				once, stop := context.WithTimeout(ctx, 2*time.Second)
				err := s.Inform(once, snmp.Target{Address: addr, Version: snmp.V3}, auditor(), failed(t, seq, nil))
				stop()
				if err != nil {
					continue
				}
				mu.Lock()
				acknowledged = append(acknowledged, seq)
				done := len(acknowledged) >= enough
				mu.Unlock()
				if done {
					go kill()
				}
			}
		})
	}
	group.Wait()
	kill() // also when the burst never got that far
	if len(acknowledged) < enough {
		t.Fatal(fmt.Errorf("only %d acknowledged within %s", len(acknowledged), limit))
	}
	return acknowledged
}
