package port

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Explain says why an address cannot be bound, who holds it, and what to do. network is udp or tcp, key the configuration's.
func Explain(network string, at netip.AddrPort, key string, err error) error {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("%w: %s holds the port: stop it, or name another address under %s", err, Holder(network, at.Port()), key)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: ports below 1024 need the privilege: run `setcap cap_net_bind_service+ep` on the binary or name a higher port", err)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("%w: this machine does not have that address: name one that it has, or 0.0.0.0", err)
	}
	return err
}

// Holder names the process that has a socket on the port: one that listens, of tcp.
func Holder(network string, port uint16) string {
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/net/" + network, "/proc/net/" + network + "6"} {
		for _, inode := range inodesOf(table, port) {
			inodes["socket:["+inode+"]"] = true
		}
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*") // a process that ends meanwhile is none
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || !inodes[target] {
			continue
		}
		pid := strings.Split(link, "/")[2]
		name, _ := os.ReadFile("/proc/" + pid + "/comm") // without a name the number must do
		return fmt.Sprintf("process %s (%s)", pid, strings.TrimSpace(string(name)))
	}
	flag := map[string]string{"udp": "u", "tcp": "t"}[network]
	return fmt.Sprintf("a process of another user or namespace (see `ss -%slpn` as root)", flag)
}

// inodesOf reads the inodes of the sockets bound to a port from a table of /proc/net.
func inodesOf(table string, port uint16) []string {
	text, err := os.ReadFile(table)
	if err != nil {
		return nil
	}
	const localAddress, state, inode = 1, 3, 9
	const listening = "0A" // of tcp; a udp socket is 07
	var found []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) <= inode || strings.Contains(table, "tcp") && fields[state] != listening {
			continue
		}
		_, hexPort, _ := strings.Cut(fields[localAddress], ":")
		if n, err := strconv.ParseUint(hexPort, 16, 16); err == nil && uint16(n) == port {
			found = append(found, fields[inode])
		}
	}
	return found
}
