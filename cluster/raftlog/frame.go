package raftlog

import (
	"encoding/binary"
	"fmt"
	"io"
)

// A bonded connection carries frames, the same ones on every link:
//
//	sequence 8 | length 2 | bytes
//
// big endian. Sequences start at 0 and have no gaps. Length 0 is the end.
//
// Before the frames the dialling side sends a preamble, and waits for the
// verdict:
//
//	preamble: version 1 | bond id 16 | length 2 | hello
//	verdict:  0, or 1 | length 1 | reason
//
// hello is empty today and skipped by the receiver.
const (
	frameHeader  = 10
	maxPayload   = 16 << 10 // one TLS record
	bondVersion  = 1
	preambleSize = 1 + 16 + 2
	maxHello     = 4 << 10
	maxReason    = 255

	verdictOK      = 0
	verdictRefused = 1
)

func newFrame(seq uint64, payload []byte) []byte {
	frame := make([]byte, frameHeader, frameHeader+len(payload))
	binary.BigEndian.PutUint64(frame, seq)
	binary.BigEndian.PutUint16(frame[8:], uint16(len(payload)))
	return append(frame, payload...)
}

func isEnd(frame []byte) bool { return len(frame) == frameHeader }

// readFrame reads a frame; the payload lies in buf until the next call.
func readFrame(r io.Reader, buf *[maxPayload]byte) (seq uint64, payload []byte, err error) {
	if _, err := io.ReadFull(r, buf[:frameHeader]); err != nil {
		return 0, nil, err
	}
	seq = binary.BigEndian.Uint64(buf[:])
	n := binary.BigEndian.Uint16(buf[8:])
	if n > maxPayload {
		return 0, nil, fmt.Errorf("frame of %d bytes, at most %d are allowed", n, maxPayload)
	}
	payload = buf[:n]
	_, err = io.ReadFull(r, payload)
	return seq, payload, err
}

func writePreamble(w io.Writer, id bondID) error {
	p := make([]byte, preambleSize)
	p[0] = bondVersion
	copy(p[1:], id[:])
	_, err := w.Write(p)
	return err
}

func readPreamble(r io.Reader) (id bondID, err error) {
	var p [preambleSize]byte
	if _, err := io.ReadFull(r, p[:]); err != nil {
		return id, err
	}
	if p[0] != bondVersion {
		return id, fmt.Errorf("bond version %d, this program knows %d", p[0], bondVersion)
	}
	copy(id[:], p[1:])
	hello := int64(binary.BigEndian.Uint16(p[17:]))
	if hello > maxHello {
		return id, fmt.Errorf("hello of %d bytes, at most %d are allowed", hello, maxHello)
	}
	_, err = io.CopyN(io.Discard, r, hello)
	return id, err
}

func writeVerdict(w io.Writer, refused error) error {
	v := []byte{verdictOK}
	if refused != nil {
		reason := refused.Error()
		reason = reason[:min(len(reason), maxReason)]
		v = append([]byte{verdictRefused, byte(len(reason))}, reason...)
	}
	_, err := w.Write(v)
	return err
}

func readVerdict(r io.Reader) error {
	var v [2]byte
	if _, err := io.ReadFull(r, v[:1]); err != nil || v[0] == verdictOK {
		return err
	}
	if _, err := io.ReadFull(r, v[1:]); err != nil {
		return err
	}
	reason := make([]byte, v[1])
	if _, err := io.ReadFull(r, reason); err != nil {
		return err
	}
	return fmt.Errorf("refused by the peer: %q", reason)
}
