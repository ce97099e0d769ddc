package agentx

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"hawser/mib/snmp"
)

// everyPDU is one message of each type, with everything in it that the type can carry.
func everyPDU() []PDU {
	head := func(t Type) Header { return Header{Type: t, Session: 7, Transaction: 8, Packet: 9} }
	binds := all(allTypes())[:12]
	binds = append(binds, snmp.Varbind{OID: snmp.OID{2, 1}, Value: snmp.NoSuchObject}, snmp.Varbind{OID: snmp.OID{1, 3, 6, 1, 0, 1}, Value: snmp.NoSuchInstance},
		snmp.Varbind{OID: testRoot, Value: snmp.EndOfMibView}, snmp.Varbind{OID: testRoot, Value: snmp.Null()},
		snmp.Varbind{OID: testRoot, Value: snmp.Value{Type: snmp.TypeOpaque, Bytes: []byte{0x9f}}})
	ranges := []SearchRange{
		{Start: testRoot, End: testRoot.Append(9), Include: true},
		{Start: snmp.OID{1, 3, 6, 1, 255}, End: snmp.OID{1, 3, 6, 1, 256, 4}},
		{Start: snmp.OID{}, End: snmp.OID{}},
	}
	return []PDU{
		{Header: head(TypeOpen), Timeout: 5, ID: testRoot, Description: []byte("a subagent")},
		{Header: head(TypeClose), Reason: CloseShutdown},
		{Header: head(TypeRegister), Context: "db1", Timeout: 3, Priority: 127, ID: testRoot, RangeSubID: 8, UpperBound: 99},
		{Header: head(TypeUnregister), Priority: 1, ID: snmp.OID{}},
		{Header: head(TypeGet), Context: "db1", Ranges: ranges},
		{Header: head(TypeGetNext), Ranges: ranges},
		{Header: head(TypeGetBulk), NonRepeaters: 1, MaxRepetitions: 50, Ranges: ranges},
		{Header: head(TypeTestSet), Varbinds: binds},
		{Header: head(TypeCommitSet)},
		{Header: head(TypeUndoSet)},
		{Header: head(TypeCleanupSet)},
		{Header: head(TypeNotify), Varbinds: binds[:2]},
		{Header: head(TypePing), Context: "of length 12"},
		{Header: head(TypeIndexAllocate), Varbinds: binds[:1]},
		{Header: head(TypeIndexDeallocate), Varbinds: binds[:1]},
		{Header: head(TypeAddAgentCaps), ID: testRoot, Description: []byte{}},
		{Header: head(TypeRemoveAgentCaps), ID: testRoot},
		{Header: head(TypeResponse), Uptime: 1 << 31, Error: DuplicateRegistration, Index: 3, Varbinds: binds},
	}
}

// same compares two messages by what is written of them: an empty slice is as good as none.
func same(a, b PDU) bool { return a.Header == b.Header && bytes.Equal(a.Append(nil), b.Append(nil)) }

func TestEveryPDUInBothByteOrders(t *testing.T) {
	if n := len(everyPDU()); n != int(TypeResponse) {
		t.Fatalf("%d types here, there are %d", n, TypeResponse)
	}
	for _, flags := range []Flags{0, FlagNetworkByteOrder} {
		var used PDU // again and again, as a server does
		for _, want := range everyPDU() {
			want.Flags = flags
			if want.Context != "" {
				want.Flags |= FlagNonDefaultContext
			}
			frame := want.Append([]byte("before"))[len("before"):]
			if err := used.Decode(frame); err != nil || !same(used, want) {
				t.Errorf("%s: %v\ngot  %x\nwant %x", want.Type, err, used.Append(nil), frame)
			}
			for cut := range frame { // no part of a message is one
				if err := new(PDU).Decode(frame[:cut]); !errors.Is(err, ErrMalformed) {
					t.Errorf("%s cut to %d of %d octets: %v", want.Type, cut, len(frame), err)
				}
			}
			if err := new(PDU).Decode(append(frame, 0, 0, 0, 0)); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s with four octets more: %v", want.Type, err)
			}
		}
	}
}

// TestFormOfTheRFC holds the octets of elements against RFC 2741, sections 5 and 6, by hand.
func TestFormOfTheRFC(t *testing.T) {
	for name, c := range map[string]struct {
		pdu  PDU
		want string
	}{
		"get, network order": {
			PDU{Header: Header{Type: TypeGet, Flags: FlagNetworkByteOrder, Session: 1, Transaction: 2, Packet: 3}, Ranges: []SearchRange{{Start: snmp.OID{1, 3, 6, 1, 2, 1, 1}}}},
			"01051000 00000001 00000002 00000003 00000010 02020000 00000001 00000001 00000000",
		},
		"getNext, the other order": {
			PDU{Header: Header{Type: TypeGetNext, Session: 1, Transaction: 2, Packet: 3}, Ranges: []SearchRange{{Start: snmp.OID{1, 3, 6, 1, 4, 1}, End: snmp.OID{1, 3, 7}, Include: true}}},
			"01060000 01000000 02000000 03000000 18000000 01040100 01000000 03000000 01000000 03000000 07000000",
		},
		"a string is padded": {
			PDU{Header: Header{Type: TypePing, Flags: FlagNetworkByteOrder}, Context: "abcde"},
			"010d1800 00000000 00000000 00000000 0000000c 00000005 61626364 65000000",
		},
		"a response": {
			PDU{Header: Header{Type: TypeResponse, Flags: FlagNetworkByteOrder}, Error: 5, Index: 1, Varbinds: []snmp.Varbind{{OID: snmp.OID{1, 3, 6, 1, 2}, Value: snmp.Counter64(258)}}},
			"01121000 00000000 00000000 00000000 00000018 00000000 00050001 00460000 00020000 00000000 00000102",
		},
	} {
		if got := hex.EncodeToString(c.pdu.Append(nil)); got != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("%s\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}

func TestMalformed(t *testing.T) {
	for name, text := range map[string]string{
		"version 2":               "02051000 00000001 00000002 00000003 00000000",
		"length not of four":      "01051000 00000001 00000002 00000003 00000003 000000",
		"too long":                "01051000 00000001 00000002 00000003 7ffffffc",
		"unknown type":            "01131000 00000001 00000002 00000003 00000000",
		"type 0":                  "01001000 00000001 00000002 00000003 00000000",
		"start without end":       "01051000 00000001 00000002 00000003 00000004 00000000",
		"identifier of 255":       "01051000 00000001 00000002 00000003 00000008 ff000000 00000000",
		"more than 128 by prefix": "01051000 00000001 00000002 00000003 00000008 7c010000 00000000",
		"string over the end":     "010d1800 00000001 00000002 00000003 00000004 00000001",
		"string of 4 GB":          "010d1800 00000001 00000002 00000003 00000008 ffffffff 00000000",
		"unknown value type":      "01081000 00000001 00000002 00000003 0000000c 00030000 00000000 00000000",
		"value type 258":          "01081000 00000001 00000002 00000003 0000000c 01020000 00000000 00000000",
		"address of 3":            "01081000 00000001 00000002 00000003 00000010 00400000 00000000 00000003 01020300",
		"range behind the name":   "01031000 00000001 00000002 00000003 0000000c 007f0700 00010000 00000005",
	} {
		frame, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if err := new(PDU).Decode(frame); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestImpossibleMessagesPanic(t *testing.T) {
	for name, p := range map[string]PDU{
		"type": {}, "value": {Header: Header{Type: TypeNotify}, Varbinds: []snmp.Varbind{{Value: snmp.Value{Type: 3}}}},
		"identifier": {Header: Header{Type: TypeRegister}, ID: make(snmp.OID, 129)},
	} {
		func() {
			defer func() {
				if cause, _ := recover().(string); !strings.HasPrefix(cause, "agentx: ") {
					t.Errorf("%s: %q", name, cause)
				}
			}()
			p.Append(nil)
		}()
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		TypeGetBulk.String(): "getBulk", Type(0).String(): "pdu type 0", Type(77).String(): "pdu type 77", DuplicateRegistration.String(): "duplicateRegistration",
		Status(snmp.NotWritable).String(): "notWritable", Status(99).String(): "status 99", ProcessingError.String(): "processingError", Status(269).String(): "status 269",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for reason := range byte(9) {
		if text := closedBy(reason).Error(); !strings.HasPrefix(text, "snmpd closed the session ") || strings.HasSuffix(text, " ") {
			t.Errorf("reason %d: %q", reason, text)
		}
	}
}
