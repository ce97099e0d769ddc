// Package mib holds HAWSER-MIB: its text, and as Go values its objects,
// identifiers, column numbers and enumerations.
//
// The text, HAWSER-MIB.txt, is the truth. oids_gen.go is generated from it and
// never edited:
//
//	go generate ./mib               after a change of the text
//	go run ./gen -pen 12345         in this folder: to another enterprise number
//
// A new object is SMIv2 text, go generate, and a line where its value is made.
// Identifiers and enumerations only grow: nothing is renumbered or reused.
//
// What stands where:
//
//	Text, PEN, Hawser...            the module, its enterprise number, an identifier per name
//	Col..., NodeStateOnline, ...    column numbers and labels
//	Objects, ByName, ByOID          what the module says of each name
//	Object.Check                    a SET's value against type, bounds and labels
//	NotifyOrder, NotifyMax, ...     what every notification carries, and how long it may be
//	Roles                           which role reads and writes which subtree (VACM)
//
// The tables of this package are read only: nobody may write to a slice of
// them. The package imports nothing of ours, opens nothing but the embedded
// text, and starts no goroutine. mib/snmp holds the message codec, mib/view the
// snapshot of values.
package mib

//go:generate go run ./gen
