package port

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestHolderIsNamed(t *testing.T) {
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = udp.Close() }()
	tcp, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		tcp, err = net.Listen("tcp4", "127.0.0.1:0") // no IPv6 here
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tcp.Close() }()
	want := fmt.Sprintf("process %d (", os.Getpid())
	for network, address := range map[string]string{"udp": udp.LocalAddr().String(), "tcp": tcp.Addr().String()} {
		at := netip.MustParseAddrPort(address)
		err := Explain(network, at, "listen.x", unix.EADDRINUSE)
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "under listen.x") {
			t.Errorf("%s: got %q, want it to name %q", network, err, want)
		}
	}
}

func TestOtherReasons(t *testing.T) {
	at := netip.MustParseAddrPort("127.0.0.1:1")
	for reason, want := range map[error]string{
		unix.EACCES: "setcap", unix.EADDRNOTAVAIL: "does not have that address", unix.ENOMEM: "cannot allocate memory",
	} {
		if got := Explain("udp", at, "x", reason).Error(); !strings.Contains(got, want) {
			t.Errorf("%v: got %q, want %q in it", reason, got, want)
		}
	}
	if got := Holder("udp", 0); !strings.Contains(got, "ss -ulpn") && !strings.Contains(got, "process") {
		t.Errorf("holder of nothing: %q", got)
	}
}
