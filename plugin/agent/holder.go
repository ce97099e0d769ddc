package agent

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// holderOf names the process that holds a UDP port, as far as /proc shows it to this user.
func holderOf(address netip.AddrPort) string {
	for _, table := range []string{"/proc/self/net/udp", "/proc/self/net/udp6"} {
		if inode, uid, ok := socketAt(table, address); ok {
			return nameHolder(inode, uid)
		}
	}
	return "a process that /proc does not show"
}

func nameHolder(inode, uid string) string {
	link := "socket:[" + inode + "]"
	descriptors, _ := filepath.Glob("/proc/[0-9]*/fd/*") // its only error is a bad pattern
	for _, descriptor := range descriptors {
		if target, err := os.Readlink(descriptor); err != nil || target != link {
			continue
		}
		pid := strings.Split(descriptor, "/")[2]
		name, err := os.ReadFile("/proc/" + pid + "/comm")
		if err != nil {
			continue
		}
		return fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(name)), pid)
	}
	return fmt.Sprintf("a process of the user with uid %s", uid)
}

// socketAt finds the socket that stands in the way of address in a table of /proc/net.
func socketAt(table string, address netip.AddrPort) (inode, uid string, ok bool) {
	file, err := os.Open(table)
	if err != nil {
		return "", "", false
	}
	defer func() { _ = file.Close() }() // only read from
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		const local, user, socket = 1, 7, 9 // columns of /proc/net/udp
		fields := strings.Fields(lines.Text())
		if len(fields) <= socket {
			continue
		}
		if bound, ok := parseSocket(fields[local]); ok && collides(bound, address) {
			return fields[socket], fields[user], true
		}
	}
	return "", "", false
}

// parseSocket reads "0100007F:00A1": the address as 32-bit words in this machine's order of octets.
func parseSocket(text string) (netip.AddrPort, bool) {
	host, port, ok := strings.Cut(text, ":")
	if !ok {
		return netip.AddrPort{}, false
	}
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	var octets []byte
	for ; len(host) >= 8; host = host[8:] {
		word, err := strconv.ParseUint(host[:8], 16, 32)
		if err != nil {
			return netip.AddrPort{}, false
		}
		octets = binary.NativeEndian.AppendUint32(octets, uint32(word))
	}
	address, ok := netip.AddrFromSlice(octets)
	return netip.AddrPortFrom(address.Unmap(), uint16(number)), ok
}

func collides(bound, wanted netip.AddrPort) bool {
	if bound.Port() != wanted.Port() {
		return false
	}
	return bound.Addr() == wanted.Addr().Unmap() || bound.Addr().IsUnspecified() || wanted.Addr().IsUnspecified()
}
