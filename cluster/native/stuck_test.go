package native

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/cluster/raftlog"
)

// TestALeaderWhoseDiskHangsIsNone: it shows itself as leader no more, and what only a leader may say it says in vain, though
// it turns to the new one with all else: else two nodes would work on one job.
func TestALeaderWhoseDiskHangsIsNone(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{wired: true})
	old := tc.leader()
	n := tc.node(old)
	tc.setPower(func(string) error { return nil })
	tc.wait("it shows itself as leader", func() bool { return n.Snapshot().Leader == old })
	held, release, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = n.store.Local("x").Update(func(*raftlog.LocalTx) error { close(held); <-release; return nil })
	}()
	defer func() { close(release); <-done }()
	<-held
	wrote := make(chan struct{})
	go func() { // raft stands still at its next write
		defer close(wrote)
		_ = n.Progress(t.Context(), cluster.JobIs{Hw: true, Index: 78, State: cluster.JobRunning})
	}()
	tc.wait("another leads", func() bool { l := tc.leader(old); return l != "" && l != old })
	tc.wait("it shows the new leader", func() bool { l := n.Snapshot().Leader; return l != "" && l == tc.leader(old) })
	tc.during("it is no leader", time.Second, func() bool { return n.Snapshot().Leader != old })
	<-wrote
	now := tc.leader(old)
	running := cluster.JobIs{Hw: true, Index: 77, State: cluster.JobRunning}
	for _, node := range tc.others(now) {
		if err := tc.node(node).Progress(t.Context(), running); !errors.Is(err, cluster.ErrNoLeader) {
			t.Errorf("progress of a job by %s: %v", node, err)
		}
		if err := tc.node(node).Setting(t.Context(), cluster.SettingIs{Node: old, Name: "x"}); !errors.Is(err, cluster.ErrNoLeader) {
			t.Errorf("a setting by %s: %v", node, err)
		}
	}
	if _, refused := errors.AsType[*cluster.Refusal](tc.node(now).Progress(t.Context(), running)); !refused {
		t.Error("the leader's own word about a job that is not there was taken")
	}
}

// TestADaemonEndsThoughItsDiskIsFull: what waits for space waits no more once the end has begun.
func TestADaemonEndsThoughItsDiskIsFull(t *testing.T) {
	t.Parallel()
	tc := startCluster(t, testOptions{})
	n := tc.node(tc.others(tc.active())[0])
	full := make(chan struct{}, 1) // one: that it waits is news once
	n.lead.tasks.Go(func() {       // the node waits for its tasks, and this one for the disk
		_ = n.store.Local("x").Update(func(*raftlog.LocalTx) error {
			select {
			case full <- struct{}{}:
			default:
			}
			return syscall.ENOSPC
		})
	})
	<-full
	tc.wait("the write waits", func() bool { return n.store.Trouble() != nil })
	n.cancel()
	select {
	case <-n.done:
	case <-time.After(limit):
		n.store.GiveUp()
		t.Error("it waits for its disk for ever")
	}
}

// TestTheLastWriteOfTheOutboxIsBounded: with a disk that does not answer, the end of the daemon does not wait for it.
func TestTheLastWriteOfTheOutboxIsBounded(t *testing.T) {
	b := newBoxBench(t)
	b.mustTake(1)
	held, release, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = b.shelved.Local("x").Update(func(*raftlog.LocalTx) error { close(held); <-release; return nil })
	}()
	<-held
	if b.close(10 * time.Millisecond) {
		t.Error("written to a disk that hangs")
	}
	close(release)
	<-done
	if !b.close(limit) {
		t.Error("not written, though the disk answers")
	}
	if kept, _, err := b.shelf.load(); err != nil || len(kept) != 1 {
		t.Errorf("%d on the disk, %v", len(kept), err)
	}
}
