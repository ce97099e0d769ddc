// Package asktest is a node's SNMP agent for tests of the manager: HAWSER-MIB objects in memory, served by SNMPv3 with
// the roles of the MIB, and SETs with serial, token and write log as MIB.md has them. It can be made to be silent, to
// swallow answers and to lose rows.
//
// Goroutines: one per Agent, which the end of the test stops and waits for.
package asktest
