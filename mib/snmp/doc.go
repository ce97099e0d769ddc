// Package snmp is the wire side of SNMP: object identifiers and values, the BER codec of SNMPv1, v2c and v3
// messages, the User-based Security Model (RFC 3414, RFC 7860, RFC 3826) for both sides of a conversation, a
// Sender of traps and INFORMs and a small synchronous Client.
//
// It holds no MIB and no access control: package view holds snapshots of objects, the embedded agent decides
// who may read and write them.
//
// Invariants:
//   - A length is checked before the bytes behind it are read; nothing that arrives can make the decoder
//     allocate more than a small multiple of the datagram, recurse or panic. Each decoder has a fuzz test.
//   - Decoded values never alias the datagram, so a receiver may reuse its buffer once Parse, Authenticate and
//     Decrypt have returned.
//   - Authenticate comes before timeliness, timeliness before Decrypt, and the PDU is not looked at before.
//
// Goroutines: a Sender and a Client own one reading goroutine each, which Close ends and waits for. Nothing else
// here starts one.
package snmp
