// Package view holds what an agent shows: an immutable, sorted snapshot of objects, swapped as a whole, and the
// contract by which a front end (the embedded agent, AgentX) reads it and carries out a SET.
//
// A View is made of Segments, one per table or group, each owning the objects under its prefix. With replaces
// single segments and shares the rest, so that publishing one changed table costs that table only. One request
// reads one View, hence one moment.
//
// Invariants:
//   - A View and a Table never change after they were made; every method is safe for use by many goroutines.
//   - No prefix of a segment lies under another's: New and With panic on that, it is a mistake of the program.
//   - Next returns names in strictly rising order, whatever a segment answers.
//
// It starts no goroutine.
package view
