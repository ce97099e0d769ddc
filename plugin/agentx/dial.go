package agentx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// dial connects to snmpd. Its errors end with the next step.
func dial(ctx context.Context, socket string) (net.Conn, error) {
	network, address, err := ParseSocket(socket)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: dialWithin, KeepAlive: 5 * time.Second}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, explain(network, address, err)
	}
	return conn, nil
}

// explain says what an error of a connect means for the operator.
func explain(network, address string, err error) error {
	const enable = `put the line "master agentx" into snmpd.conf and restart snmpd`
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s; or set snmp.agentx.socket to what agentXSocket in snmpd.conf says", err, absent(enable))
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: nobody listens there: %s", err, absent(enable))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf(`%w: this daemon (user %d, groups %v) may not use the socket: `+
			`put "agentXPerms 0660 0550 root GROUP" with a group of its user into snmpd.conf and restart snmpd`, err, os.Geteuid(), groups())
	case errors.Is(err, syscall.EAGAIN) || errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: snmpd takes no connections on %s %s: it is stopped or hangs; look at it and restart it", err, network, address)
	default:
		return fmt.Errorf("%w: see whether snmpd runs and what agentXSocket in snmpd.conf says", err)
	}
}

// absent says whether snmpd is not running, or runs without AgentX.
func absent(enable string) string {
	if pid := findProcess("/proc", "snmpd"); pid != 0 {
		return fmt.Sprintf("snmpd runs (process %d) but offers no AgentX there: %s", pid, enable)
	}
	return "no snmpd runs here: start it, with the line \"master agentx\" in snmpd.conf"
}

func groups() []int {
	list, err := os.Getgroups()
	if err != nil {
		return nil
	}
	return list
}

// findProcess returns the id of a process that has this name, 0 if there is none to be seen.
func findProcess(proc, name string) int {
	names, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "comm")) // the pattern is good
	for _, path := range names {
		comm, err := os.ReadFile(path)
		if err != nil || string(bytes.TrimSpace(comm)) != name {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			return pid
		}
	}
	return 0
}
