package heartbeat

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// A beat on the wire, all numbers big endian, strings and lists behind one
// byte of length:
//
//	version 1 | flags 1 | cluster 8 | link 1 | incarnation 8 | sequence 8 |
//	sent 8 | echo 8 | hold 4 (µs) | node | boot id | leader |
//	hears: name, age 2 (ms; 0xffff is that or more) ... |
//	holds: service, epoch 8, opaque ... |
//	mac 16
//
// The mac is the first half of an HMAC-SHA256 over all before it.
const (
	beatVersion = 1
	maxBeat     = 1200 // below every path's MTU
	macSize     = 16
	fixedSize   = 1 + 1 + 8 + 1 + 8 + 8 + 8 + 8 + 4
	minBeat     = fixedSize + 3 + 2 + macSize

	maxName   = 63 // of a node, boot id or service
	maxOpaque = 32
	maxHears  = 32

	maxAgeMS = math.MaxUint16
	noHold   = math.MaxUint32
)

// flags of a beat. A guard sends with flagGuard in the daemon's place.
const (
	flagDaemon byte = 1 << iota
	flagLeaving
	flagGuard
	flagHoldsCut // not all that is held fits
	knownFlags   = flagDaemon | flagLeaving | flagGuard | flagHoldsCut
)

// Hold is a service that a node holds, as it says itself.
type Hold struct {
	Service string // at most 63 bytes
	Epoch   uint64
	Opaque  []byte // at most 32 bytes; for the sender's and reader's own use
}

// hears is how long ago the sender last heard a node, on its best link.
type hears struct {
	node  string
	ageMS uint16
}

// beat is one datagram's content.
type beat struct {
	flags       byte
	cluster     [8]byte
	link        uint8
	incarnation uint64
	sequence    uint64
	sent        uint64        // the sender's clock, ns from an arbitrary start
	echo        uint64        // the last sent that it had from us on this link, 0 for none
	hold        time.Duration // how long it kept that; negative for none
	node        string
	boot        string
	leader      string
	hears       []hears
	holds       []Hold
}

var (
	errShort   = errors.New("beat too short")
	errLong    = errors.New("beat too long")
	errVersion = errors.New("unknown version of beat")
	errForm    = errors.New("malformed beat")
)

// clusterHash tells beats of another cluster before any key is tried.
func clusterHash(clusterID string) (h [8]byte) {
	sum := sha256.Sum256([]byte("hawser-beat/1 " + clusterID))
	copy(h[:], sum[:])
	return h
}

// encode returns the beat without its mac. Holds that do not fit into one
// datagram are left out, and flagHoldsCut says so.
func (b *beat) encode() []byte {
	out := make([]byte, 0, 256)
	out = append(out, beatVersion, b.flags)
	out = append(out, b.cluster[:]...)
	out = append(out, b.link)
	out = binary.BigEndian.AppendUint64(out, b.incarnation)
	out = binary.BigEndian.AppendUint64(out, b.sequence)
	out = binary.BigEndian.AppendUint64(out, b.sent)
	out = binary.BigEndian.AppendUint64(out, b.echo)
	out = binary.BigEndian.AppendUint32(out, encodeHold(b.hold))
	for _, s := range []string{b.node, b.boot, b.leader} {
		out = appendString(out, s)
	}
	out = append(out, byte(len(b.hears)))
	for _, h := range b.hears {
		out = appendString(out, h.node)
		out = binary.BigEndian.AppendUint16(out, h.ageMS)
	}
	at := len(out)
	out = append(out, 0)
	for _, h := range b.holds {
		size := 1 + len(h.Service) + 8 + 1 + len(h.Opaque)
		if len(out)+size > maxBeat-macSize || out[at] == math.MaxUint8 {
			out[1] |= flagHoldsCut
			break
		}
		out[at]++
		out = appendString(out, h.Service)
		out = binary.BigEndian.AppendUint64(out, h.Epoch)
		out = append(append(out, byte(len(h.Opaque))), h.Opaque...)
	}
	return out
}

func appendString(out []byte, s string) []byte { return append(append(out, byte(len(s))), s...) }

func encodeHold(d time.Duration) uint32 {
	if d < 0 || d.Microseconds() >= noHold {
		return noHold
	}
	return uint32(d.Microseconds())
}

// header checks what needs no key: size, version, cluster.
func header(data []byte, cluster [8]byte) (sameCluster bool, err error) {
	switch {
	case len(data) < minBeat:
		return false, fmt.Errorf("%w: %d bytes", errShort, len(data))
	case len(data) > maxBeat:
		return false, fmt.Errorf("%w: %d bytes", errLong, len(data))
	case data[0] != beatVersion:
		return false, fmt.Errorf("%w %d, this program knows %d", errVersion, data[0], beatVersion)
	}
	return [8]byte(data[2:10]) == cluster, nil
}

// decode reads a beat without its mac.
func decode(data []byte) (b beat, err error) {
	r := reader{data: data}
	if v := r.uint8(); v != beatVersion {
		return b, fmt.Errorf("%w %d", errVersion, v)
	}
	b.flags = r.uint8()
	copy(b.cluster[:], r.bytes(8))
	b.link = r.uint8()
	b.incarnation, b.sequence = r.uint64(), r.uint64()
	b.sent, b.echo = r.uint64(), r.uint64()
	b.hold = decodeHold(r.uint32())
	b.node, b.boot, b.leader = r.name(), r.name(), r.name()
	n := int(r.uint8())
	if n > maxHears {
		r.fail("hears %d nodes, at most %d", n, maxHears)
	}
	for range n {
		b.hears = append(b.hears, hears{node: r.name(), ageMS: r.uint16()})
		if r.err != nil {
			return b, r.err
		}
	}
	for range r.uint8() {
		b.holds = append(b.holds, Hold{Service: r.name(), Epoch: r.uint64(), Opaque: r.opaque()})
		if r.err != nil {
			return b, r.err
		}
	}
	if len(r.data) > 0 {
		r.fail("%d bytes too many", len(r.data))
	}
	if r.err == nil && (b.flags&^knownFlags != 0 || b.node == "") {
		r.fail("flags %#x, node %q", b.flags, b.node)
	}
	return b, r.err
}

func decodeHold(us uint32) time.Duration {
	if us == noHold {
		return -1
	}
	return time.Duration(us) * time.Microsecond
}

// reader takes values off the front; after an error all are zero.
type reader struct {
	data []byte
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{errForm}, args...)...)
	}
	r.data = nil
}

func (r *reader) bytes(n int) []byte {
	if len(r.data) < n {
		r.fail("%d bytes where %d are due", len(r.data), n)
		return make([]byte, n)
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *reader) uint8() uint8   { return r.bytes(1)[0] }
func (r *reader) uint16() uint16 { return binary.BigEndian.Uint16(r.bytes(2)) }
func (r *reader) uint32() uint32 { return binary.BigEndian.Uint32(r.bytes(4)) }
func (r *reader) uint64() uint64 { return binary.BigEndian.Uint64(r.bytes(8)) }

func (r *reader) name() string {
	n := int(r.uint8())
	if n > maxName {
		r.fail("name of %d bytes, at most %d", n, maxName)
		return ""
	}
	return string(r.bytes(n))
}

func (r *reader) opaque() []byte {
	n := int(r.uint8())
	switch {
	case n > maxOpaque:
		r.fail("opaque of %d bytes, at most %d", n, maxOpaque)
		return nil
	case n == 0:
		return nil
	}
	return slices.Clone(r.bytes(n))
}
