package raftlog

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// machine is a raft.FSM that keeps what was applied.
type machine struct {
	mu   sync.Mutex // guards seen
	seen []string
}

func (m *machine) Apply(l *raft.Log) any {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, string(l.Data))
	return nil
}

func (m *machine) has(s string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.seen, s)
}

func (m *machine) Snapshot() (raft.FSMSnapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return lines(strings.Join(m.seen, "\n")), nil
}

func (m *machine) Restore(r io.ReadCloser) error {
	data, err := io.ReadAll(r)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = strings.Split(string(data), "\n")
	return errors.Join(err, r.Close())
}

// lines is a snapshot of a machine.
type lines string

func (l lines) Persist(s raft.SnapshotSink) error {
	_, err := io.WriteString(s, string(l))
	return errors.Join(err, s.Close())
}

func (lines) Release() {}

type member struct {
	name      string
	raft      *raft.Raft
	transport *Transport
	fsm       *machine
}

// startMember runs raft over this package's store, snapshots and transport,
// with the book's timing.
func startMember(t testing.TB, b *book, ca KeyPair, name string, change func(*TransportConfig)) *member {
	t.Helper()
	cfg := b.config(t, ca, name)
	cfg.Timeout = 2 * time.Second
	if change != nil {
		change(&cfg)
	}
	m := &member{name: name, fsm: &machine{}, transport: startTransport(t, cfg, b)}
	dir := t.TempDir()
	store := openStore(t, filepath.Join(dir, "raft.db"))
	snapshots, err := Snapshots(filepath.Join(dir, "snapshots"), quiet())
	if err != nil {
		t.Fatal(err)
	}
	rc := raft.DefaultConfig()
	rc.LocalID = raft.ServerID(name)
	rc.Logger = NewLogger(quiet())
	rc.HeartbeatTimeout, rc.ElectionTimeout = b.timeout(), b.timeout()
	rc.LeaderLeaseTimeout, rc.CommitTimeout = b.timeout()/2, cmp.Or(b.commitTimeout, 20*time.Millisecond)
	if m.raft, err = raft.NewRaft(rc, m.fsm, store, store, snapshots, m.transport.Raft()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.raft.Shutdown().Error(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func startMembers(t testing.TB, b *book, n int, change func(*TransportConfig)) []*member {
	t.Helper()
	ca := mustCA(t, testCluster)
	var all []*member
	var servers []raft.Server
	for i := range n {
		m := startMember(t, b, ca, fmt.Sprint("n", i+1), change)
		all = append(all, m)
		servers = append(servers, raft.Server{ID: raft.ServerID(m.name), Address: raft.ServerAddress(m.name)})
	}
	err := all[0].raft.BootstrapCluster(raft.Configuration{Servers: servers}).Error()
	if err == nil {
		err = all[0].transport.Campaign(all[0].raft) // no need to wait for timeouts
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func leaderOf(all []*member) *member {
	for _, m := range all {
		if m.raft.State() == raft.Leader {
			return m
		}
	}
	return nil
}

func waitLeader(t testing.TB, all []*member) *member {
	t.Helper()
	var leader *member
	eventually(t, "a leader that all follow", func() bool {
		leader = leaderOf(all)
		return leader != nil && !slices.ContainsFunc(all, func(m *member) bool {
			_, id := m.raft.LeaderWithID()
			return string(id) != leader.name
		})
	})
	return leader
}

func mustApply(t testing.TB, leader *member, all []*member, text string) {
	t.Helper()
	if err := leader.raft.Apply([]byte(text), within).Error(); err != nil {
		t.Fatal(err)
	}
	eventually(t, text+" applied everywhere", func() bool {
		return !slices.ContainsFunc(all, func(m *member) bool { return !m.fsm.has(text) })
	})
}

func without(all []*member, gone *member) []*member {
	return slices.DeleteFunc(slices.Clone(all), func(m *member) bool { return m == gone })
}

// TestCampaignElectsAtOnce kills the leader and lets a follower campaign: it
// leads long before raft's own timeout of a second or more.
func TestCampaignElectsAtOnce(t *testing.T) {
	b := book{raftTimeout: time.Second, commitTimeout: time.Second} // SAFETY's lan profile
	all := startMembers(t, &b, 3, nil)
	leader := waitLeader(t, all)
	mustApply(t, leader, []*member{leader}, "before")
	eventually(t, "all logs are alike", func() bool { // whose log is behind cannot win
		return !slices.ContainsFunc(all, func(m *member) bool { return m.raft.LastIndex() != leader.raft.LastIndex() })
	})

	if err := leader.transport.Campaign(leader.raft); err == nil {
		t.Error("a leader could campaign")
	}
	if err := leader.transport.Close(); err != nil { // as a crash looks to the others
		t.Fatal(err)
	}
	rest := without(all, leader)
	start := time.Now()
	if err := rest[0].transport.Campaign(rest[0].raft); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the campaigner leads", func() bool { return rest[0].raft.State() == raft.Leader })
	took := time.Since(start)
	t.Logf("leader %s after Campaign", took)
	if limit := 500 * time.Millisecond; took > limit {
		t.Errorf("leader after %s, want below %s", took, limit)
	}
	mustApply(t, rest[0], rest[:1], "after")
}
