// Package agentx is an AgentX subagent (RFC 2741): it shows a view.Backend through the snmpd of the machine.
//
// It does not know the MIB: objects and the meaning of a SET are the backend's. It knows which subtrees to register, in
// which contexts, and nothing of what stands there. SNMP users and access are snmpd's.
//
// Invariants:
//   - Every request is answered once, whole, and within Config.Timeout of its arrival: by its result, or by genErr (in
//     the phases of a SET by the code that says "not done"), whatever the backend does. snmpd closes a session of which one answer is late.
//   - One request reads one snapshot.
//   - Nothing of snmpd is waited for by anybody but this package's own goroutines.
//   - A SET is taken only if Config.Write says so. What was committed and neither cleaned up nor undone within voidAfter,
//     or before the session ended, is taken back.
//   - A subtree that somebody else has registered is logged once and tried again; the others are served.
//
// # Codec
//
// PDU is every message of the protocol, decoded; Decode and Append are apart from any socket and read both byte orders.
//
// # Goroutines
//
// Run owns all: one keeper (connects, opens, registers, pings), and for each session a few servers, of which one at a time
// reads, and an overseer, which lets the next server read when a request takes long, and answers what is overdue. Each SET
// under way has a guard. Run returns when all have ended.
package agentx
