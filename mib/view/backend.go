package view

import (
	"context"
	"fmt"

	"hawser/mib/snmp"
)

// Via says by which way a change came in. The numbers are those of hawserWriteVia.
type Via int

// The ways of a change.
const (
	ViaSNMP Via = 1 + iota
	ViaAgentX
	ViaCLI
	ViaWeb
	ViaRule
)

var viaNames = [...]string{ViaSNMP: "snmp", ViaAgentX: "agentx", ViaCLI: "cli", ViaWeb: "web", ViaRule: "rule"}

// String returns the label of the enumeration.
func (v Via) String() string {
	if v >= ViaSNMP && int(v) < len(viaNames) {
		return viaNames[v]
	}
	return fmt.Sprintf("via(%d)", int(v))
}

// Setter is who changes something: a user's name, the address it came from, and the way.
type Setter struct {
	User, Address string
	Via           Via
}

// String returns the setter for logs: "policy@10.0.0.7:40112 by snmp".
func (s Setter) String() string {
	if s.Address == "" {
		return fmt.Sprintf("%s by %s", s.User, s.Via)
	}
	return fmt.Sprintf("%s@%s by %s", s.User, s.Address, s.Via)
}

// Backend is what a front end serves.
type Backend interface {
	// View returns the present snapshot. It is called for each request and must return at once.
	View() *View
	// Test checks a whole SET and changes nothing. A refusal is a *SetError.
	Test(ctx context.Context, by Setter, binds []snmp.Varbind) (Pending, error)
}

// Contexts is implemented by a Backend that shows more than the default context: the ENTITY modules of other nodes, each in
// the context of its node's name. They are read only.
type Contexts interface {
	// Contexts lists the names of the contexts beside the default one, sorted.
	Contexts() []string
	// Context returns the present snapshot of a context, false if there is none of that name. The empty name is the
	// default context: it gives what View gives.
	Context(name string) (*View, bool)
}

// Pending is a SET that passed its test. Commit is called at most once, Undo only after it, Cleanup always and last.
type Pending interface {
	// Commit carries out the whole SET or nothing. An error that is a *SetError has changed nothing, but for
	// Status UndoFailed, which means that the outcome is unknown. After another error the front end calls Undo.
	Commit(ctx context.Context) error
	// Undo restores what Commit changed.
	Undo(ctx context.Context) error
	// Cleanup releases what the SET held; what it causes may start now.
	Cleanup()
}

// SetError refuses a SET. Index is the faulty varbind, from 1; 0 means the SET as a whole. Err is the reason for
// people, for the log and the write log.
type SetError struct {
	Status snmp.ErrorStatus
	Index  int
	Err    error
}

// Error names status, varbind and reason.
func (e *SetError) Error() string {
	text := e.Status.String()
	if e.Index > 0 {
		text = fmt.Sprintf("%s for varbind %d", text, e.Index)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the reason.
func (e *SetError) Unwrap() error { return e.Err }
