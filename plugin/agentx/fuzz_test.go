package agentx

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// captured are messages that net-snmp's snmpd and a subagent of its own sent each other; capture_test.go took them.
func captured(tb testing.TB) (frames [][]byte) {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "captured.txt"))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			tb.Fatalf("captured.txt: %q", line)
		}
		frame, err := hex.DecodeString(fields[2])
		if err != nil {
			tb.Fatal(err)
		}
		frames = append(frames, frame)
	}
	return frames
}

// TestCaptured reads what net-snmp writes, and writes it again to the octet.
func TestCaptured(t *testing.T) {
	types := map[Type]int{}
	for _, frame := range captured(t) {
		var p PDU
		if err := p.Decode(frame); err != nil {
			t.Errorf("%x: %v", frame, err)
			continue
		}
		types[p.Type]++
		// net-snmp does not use the prefix everywhere and pads with what it has: what is read is compared, not the octets.
		var again PDU
		if err := again.Decode(p.Append(nil)); err != nil || !same(p, again) {
			t.Errorf("%x: written and read again: %v, as %x", frame, err, again.Append(nil))
		}
	}
	for _, kind := range []Type{
		TypeOpen, TypeClose, TypeRegister, TypeGet, TypeGetNext, TypeTestSet, TypeCommitSet, TypeUndoSet, TypeCleanupSet, TypePing, TypeResponse,
	} {
		if types[kind] == 0 {
			t.Errorf("no %s was captured", kind)
		}
	}
}

// FuzzDecode: whatever comes, decoding ends, and what it takes is the same when it is written and read again.
func FuzzDecode(f *testing.F) {
	for _, frame := range captured(f) {
		f.Add(frame)
	}
	for _, p := range everyPDU() {
		f.Add(p.Append(nil))
		p.Flags = FlagNetworkByteOrder
		f.Add(p.Append(nil))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		var p, again PDU
		if p.Decode(frame) != nil {
			return
		}
		if p.Flags&FlagNonDefaultContext != 0 && p.Context == "" || p.Flags&FlagNonDefaultContext == 0 && p.Context != "" {
			p.Flags &^= FlagNonDefaultContext // an empty context is the default one
		}
		if err := again.Decode(p.Append(nil)); err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		if !same(p, again) {
			t.Fatalf("%x is written and read again as %x", frame, again.Append(nil))
		}
	})
}

// FuzzRead: a stream of octets gives whole messages or an end, never more than its length.
func FuzzRead(f *testing.F) {
	var stream []byte
	for _, frame := range captured(f)[:5] {
		stream = append(stream, frame...)
	}
	f.Add(stream)
	f.Fuzz(func(t *testing.T, stream []byte) {
		r, j, read := bufio.NewReader(bytes.NewReader(stream)), &job{}, 0
		for j.read(r) == nil {
			read += len(j.frame)
		}
		if read > len(stream) {
			t.Fatalf("%d octets read of %d", read, len(stream))
		}
	})
}
