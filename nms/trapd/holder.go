package trapd

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

// explainListen says why an address cannot be bound, who holds it, and what to do.
func explainListen(at netip.AddrPort, err error) error {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("listen for notifications at %s: %w: %s holds the port: stop it, or name another address under listen.traps", at, err, portHolder(at.Port()))
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("listen for notifications at %s: %w: ports below 1024 need the privilege: run `setcap cap_net_bind_service+ep` on the binary or name a higher port", at, err)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("listen for notifications at %s: %w: this machine does not have that address: name one that it has, or 0.0.0.0", at, err)
	}
	return fmt.Errorf("listen for notifications at %s: %w", at, err)
}

// portHolder names the process that has a UDP socket on the port.
func portHolder(port uint16) string {
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/net/udp", "/proc/net/udp6"} {
		for _, inode := range socketInodes(table, port) {
			inodes["socket:["+inode+"]"] = true
		}
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || !inodes[target] {
			continue
		}
		pid := strings.Split(link, "/")[2]
		name, _ := os.ReadFile("/proc/" + pid + "/comm")
		return fmt.Sprintf("process %s (%s)", pid, strings.TrimSpace(string(name)))
	}
	return "a process of another user or namespace (see `ss -ulpn` as root)"
}

// socketInodes reads the inodes of the sockets bound to a port from a table of /proc/net.
func socketInodes(table string, port uint16) []string {
	text, err := os.ReadFile(table)
	if err != nil {
		return nil
	}
	const localAddress, inode = 1, 9
	var found []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) <= inode {
			continue
		}
		_, hexPort, _ := strings.Cut(fields[localAddress], ":")
		if n, err := strconv.ParseUint(hexPort, 16, 16); err == nil && uint16(n) == port {
			found = append(found, fields[inode])
		}
	}
	return found
}
