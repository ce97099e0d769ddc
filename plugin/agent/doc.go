// Package agent is the embedded SNMP agent: UDP, SNMPv3 with USM and VACM, GET, GETNEXT, GETBULK and SET over one
// view. It needs no net-snmp beside it.
//
// It does not know the MIB: objects and the meaning of a SET are the view.Backend's. Of its own it shows the system
// group and what an SNMP engine has to show (RFC 3411 to 3414, RFC 3418), readable by every role.
//
// Invariants:
//   - No answer leaves before snmpEngineBoots is on disk, one higher than ever before.
//   - One request reads one snapshot. A SET never delays a read.
//   - A backend that is a view.Contexts is read in each of its contexts, by the same roles, and set in the default one only.
//     A contextName that it does not have is counted and reported (RFC 3413).
//   - A SET is answered within Config.SetTimeout: by its result; by undoFailed if the outcome is not known by then;
//     by resourceUnavailable if it is known that nothing was changed.
//   - An authenticated SET is carried out once: seen again within its time window it gets the same answer.
//   - v1 and v2c read only, and only where a Community is configured.
//   - An answer leaves from the address that was asked.
//   - An address that cannot be bound, because somebody holds the port or the machine does not have it yet, is tried again
//     every 5 s, and said so once for each reason. The other addresses answer.
//
// Goroutines: Run owns a few readers per address and one goroutine per SET under way, at most maxSets, and returns
// when all have ended.
package agent
