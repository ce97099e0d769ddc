package resource

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// markerName is the environment variable by which processes that left their group are found.
const markerName = "HAWSER_INSTANCE"

// census finds the processes of one service; see the package comment. It is not safe for concurrent use.
type census struct {
	// marker is how the environment entry of this service's processes begins.
	marker string
	// group is the service's process group, 0 if there was none.
	group int
	// groupHeld is true while the group's leader is our unreaped child, so that the number can mean no other group. If it
	// is false, the group counts only while a process in it is known to be ours for another reason.
	groupHeld bool
	// session is the one that the group's leader was started in, for doubtful.
	session int
	// since is the start time of the group's leader; what belongs to the group, and in our own run all of the service, is
	// no older.
	since uint64
	// known holds what was found before, as pid and start time: it stays ours when it loses its parent.
	known map[int]uint64
	// strangers were found not to be marked, so that their environment is read once only.
	strangers map[int]uint64
}

func newCensus(key string) *census {
	return &census{marker: markerName + "=" + key + ".", known: map[int]uint64{}, strangers: map[int]uint64{}}
}

// take looks once and returns the living processes of the service, by pid. It reaps those that are our zombies.
func (c *census) take() ([]procStat, error) {
	all, err := allProcesses()
	if err != nil {
		return nil, fmt.Errorf("look for its processes: %w", err)
	}
	delete(all, os.Getpid())
	members := c.members(all)
	var live []procStat
	for pid := range members {
		stat := all[pid]
		c.known[pid] = stat.start
		if stat.live() {
			live = append(live, stat)
		} else if stat.ppid == os.Getpid() && pid != c.group {
			reap(pid)
		}
	}
	slices.SortFunc(live, func(a, b procStat) int { return a.pid - b.pid })
	return live, nil
}

// reap takes a zombie that came to us when its parent died. The service's main process is not reaped here: it holds the
// number of the group.
func reap(pid int) {
	for {
		if _, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// members returns the pids of the service among all processes, zombies included.
func (c *census) members(all map[int]procStat) map[int]bool {
	members := make(map[int]bool)
	for pid, stat := range all {
		if start, ok := c.known[pid]; ok && start == stat.start || c.isMarked(stat) {
			members[pid] = true
		}
	}
	if c.trustGroup(all, members) {
		for pid, stat := range all {
			if stat.pgrp == c.group {
				members[pid] = true
			}
		}
	}
	addDescendants(all, members)
	return members
}

func (c *census) isMarked(stat procStat) bool {
	if c.groupHeld && stat.start < c.since || c.strangers[stat.pid] == stat.start {
		return false
	}
	switch marked(stat.pid, c.marker) {
	case markPresent:
		return true
	case markAbsent:
		c.strangers[stat.pid] = stat.start
		return false
	default:
		return false
	}
}

func (c *census) trustGroup(all map[int]procStat, members map[int]bool) bool {
	if c.group == 0 || c.groupHeld {
		return c.groupHeld
	}
	for pid := range members {
		if all[pid].pgrp == c.group {
			return true
		}
	}
	return false
}

func addDescendants(all map[int]procStat, members map[int]bool) {
	for grown := true; grown; {
		grown = false
		for pid, stat := range all {
			if members[stat.ppid] && !members[pid] {
				members[pid], grown = true, true
			}
		}
	}
}

// doubtful returns processes that may be the service's and cannot be shown to be: they are in a group and session of the
// recorded numbers, but the group's leader is gone and none of them carries the marker.
func (c *census) doubtful() ([]procStat, error) {
	if c.group == 0 || c.groupHeld {
		return nil, nil
	}
	all, err := allProcesses()
	if err != nil {
		return nil, fmt.Errorf("look for its processes: %w", err)
	}
	if _, reused := all[c.group]; reused || c.trustGroup(all, c.members(all)) {
		return nil, nil
	}
	var doubt []procStat
	for _, stat := range all {
		if stat.pgrp == c.group && stat.session == c.session && stat.start >= c.since && stat.live() {
			doubt = append(doubt, stat)
		}
	}
	return doubt, nil
}

// signalEach sends a signal to each process, if its number still means the same process.
func signalEach(processes []procStat, signals ...syscall.Signal) error {
	var errs []error
	for _, p := range processes {
		if err := signalOne(p, signals); err != nil {
			errs = append(errs, fmt.Errorf("signal process %d: %w", p.pid, err))
		}
	}
	return errors.Join(errs...)
}

// signalOne opens the process first and compares the start time then: from there on the descriptor cannot mean another.
func signalOne(p procStat, signals []syscall.Signal) error {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }() // a pidfd's close has no result that matters
	now, err := readStat(p.pid)
	if errors.Is(err, os.ErrNotExist) || err == nil && now.start != p.start {
		return nil
	}
	if err != nil {
		return err
	}
	for _, sig := range signals {
		if err := unix.PidfdSendSignal(fd, sig, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return nil
}

// describe names processes for an error.
func describe(processes []procStat) (pids []int, text string) {
	parts := make([]string, 0, len(processes))
	for _, p := range processes {
		pids = append(pids, p.pid)
		parts = append(parts, fmt.Sprintf("process %d (%s, state %c)", p.pid, p.command, p.state))
	}
	return pids, strings.Join(parts, ", ")
}
