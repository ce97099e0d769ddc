package agentx

import (
	"fmt"

	"hawser/mib/snmp"
)

// Type is the type of a PDU (RFC 2741, section 6.1).
type Type byte

// The types of PDUs.
const (
	TypeOpen Type = 1 + iota
	TypeClose
	TypeRegister
	TypeUnregister
	TypeGet
	TypeGetNext
	TypeGetBulk
	TypeTestSet
	TypeCommitSet
	TypeUndoSet
	TypeCleanupSet
	TypeNotify
	TypePing
	TypeIndexAllocate
	TypeIndexDeallocate
	TypeAddAgentCaps
	TypeRemoveAgentCaps
	TypeResponse
)

var typeNames = [...]string{
	TypeOpen: "open", TypeClose: "close", TypeRegister: "register", TypeUnregister: "unregister", TypeGet: "get",
	TypeGetNext: "getNext", TypeGetBulk: "getBulk", TypeTestSet: "testSet", TypeCommitSet: "commitSet", TypeUndoSet: "undoSet",
	TypeCleanupSet: "cleanupSet", TypeNotify: "notify", TypePing: "ping", TypeIndexAllocate: "indexAllocate",
	TypeIndexDeallocate: "indexDeallocate", TypeAddAgentCaps: "addAgentCaps", TypeRemoveAgentCaps: "removeAgentCaps",
	TypeResponse: "response",
}

// String returns the name of the PDU as the RFC spells it, without "agentx-".
func (t Type) String() string {
	if t >= TypeOpen && int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("pdu type %d", byte(t))
}

// Flags are the bits of h.flags (RFC 2741, section 6.1).
type Flags byte

// The flags of a PDU.
const (
	FlagInstanceRegistration Flags = 1 << iota
	FlagNewIndex
	FlagAnyIndex
	FlagNonDefaultContext
	FlagNetworkByteOrder
)

// Sizes and limits.
const (
	version      = 1       // h.version (RFC 2741, section 6.1)
	headerSize   = 20      // octets of the header (section 6.1)
	prefixLength = 5       // sub-identifiers that a prefix stands for: 1.3.6.1 and itself (section 5.1)
	align        = 4       // everything is aligned to this (section 6)
	maxPayload   = 2 << 20 // octets of a payload that are taken: far above what snmpd makes of a 64 kB request
)

// Priority of a registration unless there is a reason for another (RFC 2741, section 6.2.3).
const defaultPriority = 127

// Reasons for closing a session (RFC 2741, section 6.2.2).
const (
	CloseOther byte = 1 + iota
	CloseParseError
	CloseProtocolError
	CloseTimeouts
	CloseShutdown
	CloseByManager
)

// Header stands before each PDU (RFC 2741, section 6.1). The payload length is not kept: it is that of the frame.
type Header struct {
	Type        Type
	Flags       Flags
	Session     uint32
	Transaction uint32
	Packet      uint32
}

// PDU is one message, decoded. Which fields count depends on Header.Type; the numbers of the sections are those of RFC 2741.
type PDU struct {
	Header
	Context string // of all but Open, Close, CommitSet, UndoSet, CleanupSet and Response; empty: the default context

	Timeout  byte // 6.2.1 Open, 6.2.3 Register: seconds, 0 is the master's choice
	Priority byte // 6.2.3 Register, 6.2.4 Unregister
	Reason   byte // 6.2.2 Close

	// ID is the subagent (6.2.1 Open), the subtree (6.2.3, 6.2.4) or the capability (6.2.14, 6.2.15); Description goes with
	// the first and the last.
	ID          snmp.OID
	Description []byte
	RangeSubID  byte   // 6.2.3, 6.2.4: which sub-identifier of ID is a range, from 1; 0: none
	UpperBound  uint32 // of that range

	Ranges         []SearchRange  // 6.2.5 Get, 6.2.6 GetNext, 6.2.7 GetBulk
	NonRepeaters   uint16         // 6.2.7
	MaxRepetitions uint16         // 6.2.7
	Varbinds       []snmp.Varbind // 6.2.8 TestSet, 6.2.10 Notify, 6.2.12, 6.2.13 Index..., 6.2.16 Response

	// 6.2.16 Response. Index counts from 1; 0: none.
	Uptime uint32 // of the master, hundredths of a second
	Error  Status
	Index  uint16

	// Encoded, if not nil, is written instead of Varbinds: varbinds one after another, as AppendVarbind makes them, in
	// the byte order of Flags. Decoding never fills it.
	Encoded []byte

	arena []uint32 // of the identifiers of Ranges
}

// SearchRange is where to look for a variable: from Start (at it, if Include) up to End, which is not in it. An empty End is
// no limit (RFC 2741, section 5.2).
type SearchRange struct {
	Start, End snmp.OID
	Include    bool
}
