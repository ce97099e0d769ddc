package resource

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// procStat is what /proc/PID/stat tells of a process (proc(5)).
type procStat struct {
	pid, ppid, pgrp, session int
	command                  string
	state                    byte
	threads                  int
	// start is in clock ticks since boot; with the pid it names a process for as long as the machine is up.
	start uint64
}

// live reports whether the process can still do anything: a zombie cannot, unless it is a leader whose threads run on.
func (s procStat) live() bool {
	return s.state != 'Z' && s.state != 'X' || s.threads > 1
}

// Fields of /proc/PID/stat, counted from the one after the command's closing parenthesis.
const (
	fieldState   = 0
	fieldParent  = 1
	fieldGroup   = 2
	fieldSession = 3
	fieldThreads = 17
	fieldStart   = 19
)

// readStat returns os.ErrNotExist if there is no such process.
func readStat(pid int) (procStat, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, syscall.ESRCH) {
		err = os.ErrNotExist
	}
	if err != nil {
		return procStat{}, err
	}
	return parseStat(string(raw))
}

func parseStat(raw string) (procStat, error) {
	open, last := strings.IndexByte(raw, '('), strings.LastIndexByte(raw, ')')
	if open < 1 || last < open {
		return procStat{}, fmt.Errorf("read /proc: %q is no process state", raw)
	}
	fields := strings.Fields(raw[last+1:])
	if len(fields) <= fieldStart {
		return procStat{}, fmt.Errorf("read /proc: %q is no process state", raw)
	}
	s := procStat{command: raw[open+1 : last], state: fields[fieldState][0]}
	var errs [6]error
	s.pid, errs[0] = strconv.Atoi(strings.TrimSpace(raw[:open]))
	s.ppid, errs[1] = strconv.Atoi(fields[fieldParent])
	s.pgrp, errs[2] = strconv.Atoi(fields[fieldGroup])
	s.session, errs[3] = strconv.Atoi(fields[fieldSession])
	s.threads, errs[4] = strconv.Atoi(fields[fieldThreads])
	s.start, errs[5] = strconv.ParseUint(fields[fieldStart], 10, 64)
	return s, errors.Join(errs[:]...)
}

// allProcesses reads the state of every process, by pid. Those that end meanwhile are left out.
func allProcesses() (map[int]procStat, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	names, err := dir.Readdirnames(-1)
	if err := errors.Join(err, dir.Close()); err != nil {
		return nil, err
	}
	all := make(map[int]procStat, len(names))
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		stat, err := readStat(pid)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all[pid] = stat
	}
	return all, nil
}

// marking is whether a process's environment carries a marker.
type marking int

const (
	markUnreadable marking = iota // not ours to read, gone, or just being replaced by another program
	markAbsent
	markPresent
)

// marked looks for an environment entry that begins with prefix.
func marked(pid int, prefix string) marking {
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil || len(environ) == 0 {
		return markUnreadable
	}
	if bytes.HasPrefix(environ, []byte(prefix)) || bytes.Contains(environ, []byte("\x00"+prefix)) {
		return markPresent
	}
	return markAbsent
}

// bootID names this boot of the kernel: pids and start times mean nothing in another.
func bootID() (string, error) {
	raw, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read the boot id: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}
