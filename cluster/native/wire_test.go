package native

import (
	"net"
	"sync"
	"testing"
)

// wire carries the traffic of one node towards another: its connections by TCP, its beats by UDP. A wire that is cut passes
// nothing on and says nothing, as a cable that was pulled; when it is mended, the connections of before are gone.
type wire struct {
	from, to string
	real     [2]string // addresses of the other end: TCP, UDP
	tcp      net.Listener
	udp      net.PacketConn
	tasks    sync.WaitGroup

	mu     sync.Mutex    // guards below
	mended chan struct{} // closed unless it is cut
	open   map[net.Conn]bool
	ended  bool
}

func newWire(t *testing.T, from, to string, tcp, udp string) *wire {
	t.Helper()
	w := &wire{from: from, to: to, real: [2]string{tcp, udp}, mended: make(chan struct{}), open: map[net.Conn]bool{}}
	close(w.mended)
	var err error
	if w.tcp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if w.udp, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	w.tasks.Go(w.accept)
	w.tasks.Go(w.beats)
	return w
}

// cut stops all traffic; mend lets new traffic pass.
func (w *wire) cut(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case on == !closed(w.mended):
	case on:
		w.mended = make(chan struct{})
	default:
		close(w.mended)
		for c := range w.open {
			_ = c.Close()
		}
	}
}

func (w *wire) close() {
	w.cut(false)
	_, _ = w.tcp.Close(), w.udp.Close()
	w.mu.Lock()
	w.ended = true
	for c := range w.open {
		_ = c.Close()
	}
	w.mu.Unlock()
	w.tasks.Wait()
}

// passes waits while the wire is cut; it says whether it was not.
func (w *wire) passes() bool {
	w.mu.Lock()
	mended := w.mended
	w.mu.Unlock()
	if closed(mended) {
		return true
	}
	<-mended
	return false
}

func (w *wire) keep(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open[c] = true
	return !w.ended
}

func (w *wire) drop(c net.Conn) {
	w.mu.Lock()
	delete(w.open, c)
	w.mu.Unlock()
	_ = c.Close()
}

func (w *wire) accept() {
	for {
		near, err := w.tcp.Accept()
		if err != nil {
			return
		}
		w.tasks.Go(func() {
			defer w.drop(near)
			if !w.keep(near) || !w.passes() {
				return
			}
			far, err := net.Dial("tcp", w.real[0])
			if err != nil {
				return
			}
			defer w.drop(far)
			if !w.keep(far) {
				return
			}
			var back sync.WaitGroup
			back.Go(func() { w.copy(near, far); _ = near.Close() })
			w.copy(far, near)
			_ = far.Close()
			back.Wait()
		})
	}
}

func (w *wire) copy(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil || !w.passes() {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (w *wire) beats() {
	to, err := net.ResolveUDPAddr("udp", w.real[1])
	if err != nil {
		return
	}
	buffer := make([]byte, 64<<10)
	for {
		n, _, err := w.udp.ReadFrom(buffer)
		if err != nil {
			return
		}
		w.mu.Lock()
		pass := closed(w.mended)
		w.mu.Unlock()
		if pass {
			_, _ = w.udp.WriteTo(buffer[:n], to)
		}
	}
}
