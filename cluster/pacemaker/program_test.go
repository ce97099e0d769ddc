package pacemaker

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// TestAProgramThatHangsIsKilledWithItsChildren: what Pacemaker's tools start must not outlive their deadline either.
func TestAProgramThatHangsIsKilledWithItsChildren(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	var data []byte
	for deadline := 500 * time.Millisecond; len(data) == 0; deadline *= 4 { // a loaded machine may need longer to start the child
		p := Programs{Deadline: deadline}
		_, err := p.run(t.Context(), "sh", "-c", "sleep 1000 & echo $! >"+pid+"; wait")
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within "+deadline.String()) {
			t.Errorf("error %v, want one that names the deadline", err)
		}
		if data, err = os.ReadFile(pid); err != nil && deadline > 30*time.Second {
			t.Fatalf("the shell started no child within %s: %v", deadline, err)
		}
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for alive(child) {
		if time.Now().After(deadline) {
			t.Fatal("the child lives on")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// alive says whether a process runs; a zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ESRCH)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

func TestAProgramThatFailsSaysWhy(t *testing.T) {
	p := Programs{Deadline: 30 * time.Second}
	if _, err := p.run(t.Context(), "sh", "-c", "echo not connected >&2; exit 102"); err == nil || !strings.Contains(err.Error(), "not connected") {
		t.Errorf("error %v, want what it said", err)
	}
	if _, err := p.run(t.Context(), "/no/such/tool"); err == nil {
		t.Error("a tool that is not there ran")
	}
}

func TestOutputIsBounded(t *testing.T) {
	refuses := bounded{limit: 4}
	if _, err := refuses.Write([]byte("12345")); err == nil || !refuses.over {
		t.Errorf("error %v, over %v: want a refusal", err, refuses.over)
	}
	cuts := bounded{limit: 4, cut: true}
	if n, err := cuts.Write([]byte("12345")); n != 5 || err != nil || cuts.buf.String() != "1234" {
		t.Errorf("%d, %v, %q: want the first four, without an error", n, err, cuts.buf.String())
	}
}

func entryOf(t *testing.T, decisions ...cluster.Decision) cluster.Entry {
	t.Helper()
	return cluster.Entry{At: time.Unix(1_800_000_000, 0), By: "n1", Origin: 1, Decisions: decisions}
}

func founded(t *testing.T, generation uint32) cluster.Entry {
	return entryOf(t, cluster.Decision{Found: &cluster.Found{ClusterID: "harbour", Generation: generation, EngineID: []byte{1, 2, 3, 4, 5}}})
}

// TestTheJournalSurvivesCrashes: half a line was never acknowledged; an image with older entries beside it is whole.
func TestTheJournalSurvivesCrashes(t *testing.T) {
	dir := t.TempDir()
	l := ledger.New()
	j, err := openJournal(dir, l)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range []cluster.Entry{founded(t, 7), entryOf(t, cluster.Decision{Lead: &cluster.Lead{Node: "n1"}})} {
		if err := j.append(7, uint64(i+1), e); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Apply(uint64(i+1), e); err != nil {
			t.Fatal(err)
		}
	}
	entries := mustRead(t, filepath.Join(dir, entriesFile))
	for cut := range len(entries) {
		torn := t.TempDir()
		if err := os.WriteFile(filepath.Join(torn, entriesFile), entries[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		back := ledger.New()
		again, err := openJournal(torn, back)
		if err != nil {
			t.Fatalf("cut at byte %d: %v", cut, err)
		}
		if got, want := back.State().Applied, uint64(bytes.Count(entries[:cut], []byte("\n"))); got != want {
			t.Errorf("cut at byte %d: %d entries are back, want %d", cut, got, want)
		}
		if err := again.close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.image(l.Image()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, entriesFile), entries, 0o600); err != nil { // as if the crash came before it was emptied
		t.Fatal(err)
	}
	back := ledger.New()
	if _, err := openJournal(dir, back); err != nil {
		t.Fatal(err)
	}
	if s := back.State(); s.Applied != 2 || s.EngineBoots != 1 || s.Generation != 7 {
		t.Errorf("entry %d, boots %d, generation %d: the entries were applied twice", s.Applied, s.EngineBoots, s.Generation)
	}
}

func TestADamagedJournalIsNamed(t *testing.T) {
	for _, name := range []string{imageFile, entriesFile} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("{damaged}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openJournal(dir, ledger.New()); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, name)) {
			t.Errorf("%s: %v, want an error with its path", name, err)
		}
	}
}

// TestHardwareChanges: what was not read stays, what is gone goes first.
func TestHardwareChanges(t *testing.T) {
	old := cluster.Hardware{Node: "n1", Components: []cluster.HardwarePart{{Key: "a"}, {Key: "b"}}, Sensors: []cluster.HardwareSensor{{Key: "s"}}}
	now := cluster.Hardware{Node: "n1", BMCState: "ok", Components: []cluster.HardwarePart{{Key: "b", Name: "fan"}}, Sensors: nil}
	ds := changes(old, now)
	if len(ds) != 2 || strings.Join(ds[0].Hardware.Gone, " ") != "a" || len(ds[1].Hardware.Components) != 1 || len(ds[1].Hardware.Sensors) != 0 {
		t.Errorf("%+v", ds)
	}
	if same := changes(now, now); len(same) != 1 || same[0].Hardware.BMCState != "ok" {
		t.Errorf("the time of a reading is told once: %+v", same)
	}
}

// TestClearance: only a node that Pacemaker keeps free.
func TestClearance(t *testing.T) {
	w := newWorld(t)
	w.show("standby", "02", "n1", true, three...)
	w.start("n1")
	n1 := w.nodes["n1"]
	w.await("a reading", func() bool { return n1.sight().view != nil })
	if _, err := n1.Clearance(t.Context(), "n3", "apply 1"); err == nil || !strings.Contains(err.Error(), "crm_attribute --node n3 --name standby") {
		t.Errorf("n3 is online: %v", err)
	}
	done, err := n1.Clearance(t.Context(), "n2", "apply 1")
	if err != nil {
		t.Fatalf("n2 is in standby and free: %v", err)
	}
	done()
	if _, err := n1.Clearance(t.Context(), "n9", "apply 1"); err == nil {
		t.Error("a node that is none")
	}
}
