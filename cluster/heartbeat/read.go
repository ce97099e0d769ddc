package heartbeat

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// readPause is how long a reader rests after an error of its socket.
const readPause = 50 * time.Millisecond

// read takes beats off one socket until it closes.
func (m *Monitor) read(ctx context.Context, link int, conn *net.UDPConn) error {
	var buf [maxBeat + 1]byte // one more shows what is too long
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf[:])
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			m.note(note{kind: noteRead, node: m.cfg.Links[link].Name, reason: err.Error()})
			select {
			case <-ctx.Done():
			case <-time.After(readPause):
			}
			continue
		}
		b, ok := m.check(buf[:n], link, from.String())
		if !ok {
			continue
		}
		select {
		case m.arrivals <- arrival{beat: b, link: link, from: from.String(), at: time.Now()}:
		case <-ctx.Done():
		}
	}
}

// check lets authentic beats of this cluster and link through.
func (m *Monitor) check(data []byte, link int, from string) (beat, bool) {
	same, err := header(data, m.core.cluster)
	if err != nil {
		return m.refuse(&m.refused.malformed, from, err.Error())
	}
	if !same {
		return m.refuse(&m.refused.otherCluster, from, "a beat of another cluster")
	}
	body, ok := m.keys.Load().verify(data)
	if !ok {
		return m.refuse(&m.refused.wrongKey, from, "a beat signed with an unknown key; compare the key files")
	}
	b, err := decode(body)
	if err != nil {
		return m.refuse(&m.refused.malformed, from, err.Error())
	}
	if int(b.link) != link {
		return m.refuse(&m.refused.malformed, from, "a beat of another link; compare the order of the links on both nodes")
	}
	return b, true
}

func (m *Monitor) refuse(counter *atomic.Uint64, from, reason string) (beat, bool) {
	counter.Add(1)
	m.note(note{addr: from, reason: reason})
	return beat{}, false
}

// note hands a report to the callbacks, or drops it when they lag.
func (m *Monitor) note(n note) {
	select {
	case m.notes <- n:
	default:
	}
}
