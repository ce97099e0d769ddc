package raftlog

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	bolt "go.etcd.io/bbolt"
)

func openStore(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func entry(index uint64, data string) *raft.Log {
	return &raft.Log{
		Index: index, Term: index / 10, Type: raft.LogCommand, Data: []byte(data),
		Extensions: []byte{byte(index)}, AppendedAt: time.Unix(1700000000, int64(index)),
	}
}

func mustStore(t testing.TB, s *Store, first, last uint64) {
	t.Helper()
	var logs []*raft.Log
	for i := first; i <= last; i++ {
		logs = append(logs, entry(i, fmt.Sprint("entry ", i)))
	}
	if err := s.StoreLogs(logs); err != nil {
		t.Fatal(err)
	}
}

func wantRange(t testing.TB, s *Store, first, last uint64) {
	t.Helper()
	f, err := s.FirstIndex()
	l, err2 := s.LastIndex()
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if f != first || l != last {
		t.Fatalf("log holds %d to %d, want %d to %d", f, l, first, last)
	}
	for i := first; i <= last && i > 0; i++ {
		var got raft.Log
		if err := s.GetLog(i, &got); err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
		want := entry(i, fmt.Sprint("entry ", i))
		if got.Index != i || got.Term != want.Term || got.Type != want.Type ||
			!bytes.Equal(got.Data, want.Data) || !bytes.Equal(got.Extensions, want.Extensions) || !got.AppendedAt.Equal(want.AppendedAt) {
			t.Fatalf("entry %d: got %+v, want %+v", i, got, *want)
		}
	}
}

func TestStoreKeepsLogOverReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "raft.db")
	s := openStore(t, path)
	wantRange(t, s, 0, 0)
	mustStore(t, s, 1, 30)
	wantRange(t, s, 1, 30)
	id := s.ID()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path)
	wantRange(t, s, 1, 30) // now from the disk
	if s.ID() != id || len(id) != 36 {
		t.Errorf("store id %q after reopen, want %q", s.ID(), id)
	}
	if other := openStore(t, filepath.Join(t.TempDir(), "raft.db")); other.ID() == id {
		t.Error("a new store got the id of another")
	}
}

func TestStoreFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "raft.db")
	s := openStore(t, path)
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %04o, want %04o", name, got, want)
		}
	}
	if err := errors.Join(s.Close(), os.Chmod(path, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("opened a file of mode 0644: %v", err)
	}
}

func TestDeleteRange(t *testing.T) {
	tests := []struct {
		name                            string
		from, to, wantFirst, wantLast   uint64
		reopen, appendAfter, cacheTurns bool
	}{
		{name: "head", from: 1, to: 12, wantFirst: 13, wantLast: 40},
		{name: "tail", from: 30, to: 40, wantFirst: 1, wantLast: 29},
		{name: "all", from: 1, to: 40, wantFirst: 0, wantLast: 0},
		{name: "beyond", from: 35, to: 99, wantFirst: 1, wantLast: 34},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := openStore(t, filepath.Join(t.TempDir(), "raft.db"))
			mustStore(t, s, 1, 40)
			if err := s.DeleteRange(tt.from, tt.to); err != nil {
				t.Fatal(err)
			}
			wantRange(t, s, tt.wantFirst, tt.wantLast)
			for i := tt.from; i <= min(tt.to, 40); i++ {
				var l raft.Log
				if err := s.GetLog(i, &l); !errors.Is(err, raft.ErrLogNotFound) {
					t.Fatalf("deleted entry %d: %v, want not found", i, err)
				}
			}
			mustStore(t, s, tt.wantLast+1, tt.wantLast+5)
			wantRange(t, s, max(tt.wantFirst, 1), tt.wantLast+5)
		})
	}
}

func TestOverwrittenTailIsNotServedFromMemory(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "raft.db"))
	mustStore(t, s, 1, 10)
	if err := s.StoreLog(entry(8, "another leader's")); err != nil {
		t.Fatal(err)
	}
	var got raft.Log
	if err := s.GetLog(8, &got); err != nil || string(got.Data) != "another leader's" {
		t.Errorf("entry 8 is %q (%v)", got.Data, err)
	}
}

func TestTailIsBounded(t *testing.T) {
	tl := tail{limit: 10 * (entryOverhead + 101)}
	for i := uint64(1); i <= 1000; i++ {
		tl.add(*entry(i, strings.Repeat("x", 100)))
	}
	var l raft.Log
	if tl.bytes > tl.limit || len(tl.entries) != 10 || !tl.get(1000, &l) || !tl.get(991, &l) || tl.get(990, &l) || tl.get(1001, &l) {
		t.Errorf("%d entries of %d bytes, limit %d", len(tl.entries), tl.bytes, tl.limit)
	}
}

func TestStableValues(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raft.db")
	s := openStore(t, path)
	if n, err := s.GetUint64([]byte("CurrentTerm")); n != 0 || err != nil {
		t.Errorf("unknown key: %d, %v", n, err)
	}
	if v, err := s.Get([]byte("LastVoteCand")); len(v) != 0 || err != nil {
		t.Errorf("unknown key: %q, %v", v, err)
	}
	err := errors.Join(s.SetUint64([]byte("CurrentTerm"), 7), s.Set([]byte("LastVoteCand"), []byte("n2")), s.Close())
	if err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path)
	n, err := s.GetUint64([]byte("CurrentTerm"))
	v, err2 := s.Get([]byte("LastVoteCand"))
	if n != 7 || string(v) != "n2" || err != nil || err2 != nil {
		t.Errorf("got %d %q (%v, %v), want 7 n2", n, v, err, err2)
	}
}

func TestLocalValues(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raft.db")
	s := openStore(t, path)
	events, peers := s.Local("events"), s.Local("peers")
	for want := uint64(1); want <= 3; want++ {
		if got, err := events.Next("seq"); got != want || err != nil {
			t.Fatalf("Next gave %d (%v), want %d", got, err, want)
		}
	}
	if n, err := peers.GetUint64("seq"); n != 0 || err != nil {
		t.Errorf("another set sees %d (%v)", n, err)
	}
	broken := errors.New("half way")
	err := events.Update(func(tx *LocalTx) error {
		return errors.Join(tx.Put("a", []byte("1")), tx.PutUint64("seq", 99), broken)
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v, want the callback's error", err)
	}
	if err := errors.Join(events.Put("b", []byte("2")), s.Close()); err != nil {
		t.Fatal(err)
	}
	events = openStore(t, path).Local("events")
	a, err := events.Get("a")
	b, err2 := events.Get("b")
	if a != nil || string(b) != "2" || err != nil || err2 != nil {
		t.Errorf("after a failed transaction and reopen: a %q b %q (%v, %v)", a, b, err, err2)
	}
	if got, err := events.Next("seq"); got != 4 || err != nil {
		t.Errorf("Next after reopen gave %d (%v), want 4", got, err)
	}
	if err := events.View(func(tx *LocalTx) error { return tx.Put("a", nil) }); err == nil {
		t.Error("View could write")
	}
}

// TestFileInUse holds the store in another process, as a second daemon would.
func TestFileInUse(t *testing.T) {
	if path := os.Getenv("RAFTLOG_HOLD"); path != "" {
		hold(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "raft.db")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self, "-test.run=^TestFileInUse$", "-test.v")
	child.Env = append(os.Environ(), "RAFTLOG_HOLD="+path)
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, stdout, "held")
	_, err = Open(path, Options{LockTimeout: 10 * time.Millisecond})
	if want := fmt.Sprintf("in use by process %d", child.Process.Pid); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want it to say %q", err, want)
	}
	if err := errors.Join(stdin.Close(), child.Wait()); err != nil {
		t.Error(err)
	}
}

func hold(t *testing.T, path string) {
	openStore(t, path)
	fmt.Println("held")
	_, _ = os.Stdin.Read(make([]byte, 1)) // until the parent closes it
}

func waitFor(t testing.TB, r interface{ Read([]byte) (int, error) }, word string) {
	t.Helper()
	var got []byte
	buf := make([]byte, 256)
	for !bytes.Contains(got, []byte(word)) {
		n, err := r.Read(buf)
		if err != nil {
			t.Fatalf("waiting for %q: %v after %q", word, err, got)
		}
		got = append(got, buf[:n]...)
	}
}

func TestDamagedFiles(t *testing.T) {
	tests := []struct {
		name   string
		damage func(t *testing.T, path string)
		want   string
	}{
		{"empty of sense", func(t *testing.T, path string) { write(t, path, bytes.Repeat([]byte("junk"), 5000)) }, "move the file away"},
		{"too short", func(t *testing.T, path string) { write(t, path, []byte("x")) }, "move the file away"},
		{"cut off", func(t *testing.T, path string) { truncate(t, path) }, "move the file away"},
		{"flipped bits in an entry", flipEntry, "checksum"},
		{"foreign database", func(t *testing.T, path string) {
			edit(t, path, func(tx *bolt.Tx) error {
				return errors.Join(tx.DeleteBucket(metaBucket), tx.DeleteBucket(logBucket))
			})
		}, "not a hawser store"},
		{"newer format", func(t *testing.T, path string) {
			edit(t, path, func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Put(keyFormat, putUint64(99)) })
		}, "newer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "raft.db")
			s := openStore(t, path)
			mustStore(t, s, 1, 500)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			tt.damage(t, path)
			s, err := Open(path, Options{})
			if err == nil {
				_ = s.Close()
				t.Fatal("opened a damaged file")
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %q names not both the file and %q", err, tt.want)
			}
		})
	}
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func truncate(t testing.TB, path string) {
	t.Helper()
	if err := os.Truncate(path, 4*4096); err != nil {
		t.Fatal(err)
	}
}

func flipEntry(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("entry 250"))
	if at < 0 {
		t.Fatal("entry not in the file")
	}
	for at >= 0 { // every copy that old pages hold
		data[at] ^= 0x40
		at = bytes.Index(data, []byte("entry 250"))
	}
	write(t, path, data)
}

func edit(t testing.TB, path string, fn func(*bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(fn), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestPendingTellsTheOldest(t *testing.T) {
	var p pending
	now := time.Now()
	end1 := p.begin(now)
	end2 := p.begin(now.Add(time.Second))
	at := now.Add(3 * time.Second)
	if got := p.oldest(at); got != 3*time.Second {
		t.Errorf("oldest %s, want 3s", got)
	}
	end1()
	if got := p.oldest(at); got != 2*time.Second {
		t.Errorf("oldest %s, want 2s", got)
	}
	end2()
	if got := p.oldest(at); got != 0 {
		t.Errorf("oldest %s, want 0", got)
	}
}

func TestPendingSeesAHungTransaction(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "raft.db"))
	release, held := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- s.Local("x").Update(func(*LocalTx) error { close(held); <-release; return nil })
	}()
	<-held
	if s.Pending() <= 0 {
		t.Error("a running transaction is not pending")
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := s.Pending(); got != 0 {
		t.Errorf("pending %s after all ended", got)
	}
}

func FuzzDecodeEntry(f *testing.F) {
	_, v := encodeEntry(entry(7, "seed"))
	f.Add(putUint64(7), v)
	f.Add([]byte{}, []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, key, value []byte) {
		var l raft.Log
		if err := decodeEntry(key, value, &l); err != nil {
			return
		}
		k, v := encodeEntry(&l)
		if !bytes.Equal(k, key) || !bytes.Equal(v, value) {
			t.Errorf("decoded and encoded again: %x %x, was %x %x", k, v, key, value)
		}
	})
}

func BenchmarkStoreLogs(b *testing.B) {
	s := openStore(b, filepath.Join(b.TempDir(), "raft.db"))
	data := strings.Repeat("x", 1000)
	for i := uint64(1); b.Loop(); i++ {
		if err := s.StoreLog(entry(i, data)); err != nil {
			b.Fatal(err)
		}
	}
}
