package cluster

import (
	"errors"
	"fmt"
	"time"
)

// Setter is who changes something, from where and by which way.
type Setter struct {
	User    string `json:"user"`
	Address string `json:"address,omitempty"`
	Via     Via    `json:"via"`
}

// Change is one request to change: all of its ops, or none (MIB.md, SET).
type Change struct {
	ID     string `json:"id"` // chosen by the front end; the same id is applied once
	By     Setter `json:"by"`
	Token  []byte `json:"token,omitempty"`  // hawserWriteToken, 8 to 16 octets
	Serial *int32 `json:"serial,omitempty"` // hawserConfigSerial as the setter believes it to be
	Ops    []Op   `json:"ops"`
	Hold   bool   `json:"hold,omitempty"` // nothing of it starts before its Release (AgentX: CleanupSet)
}

// HeldChange is a change that was accepted and waits for its release.
type HeldChange struct {
	Change   Change    `json:"change"`
	At       time.Time `json:"at"`
	WriteSeq uint32    `json:"writeSeq"` // the first of its rows in hawserWriteTable
}

// Op sets one object. Object is the MIB descriptor without "hawser" (ServiceReaction, NodeAdminState, HwSettingDesired).
type Op struct {
	Object string `json:"object"`
	Target Target `json:"target"`
	Int    int64  `json:"int,omitempty"`
	Text   string `json:"text,omitempty"`
}

// Target is what an op is about; which fields count depends on the object's table.
type Target struct {
	Name  string `json:"name,omitempty"`  // of the node, stack or service
	Scope uint32 `json:"scope,omitempty"` // hawserHwSettingScope
	Key   string `json:"key,omitempty"`   // hawserHwSettingName
	Index uint32 `json:"index,omitempty"` // of an alarm or job row
}

// Plan is a change that was tested against one snapshot.
type Plan struct {
	Change Change
	Serial int32 // hawserConfigSerial of the snapshot it was tested against
}

// Receipt is the proof of a committed change: the serial after it, and what Undo needs.
type Receipt struct {
	ID       string `json:"id"`
	Serial   int32  `json:"serial"`
	WriteSeq uint32 `json:"writeSeq"` // the first row of hawserWriteTable
	Repeated bool   `json:"repeated,omitempty"`
	// Unknown marks what stands for a receipt where no answer came: ID alone counts, and Undo makes sure that the change is
	// not applied, now and later.
	Unknown bool `json:"unknown,omitempty"`
}

// Refusal says which op of a change is refused, why, and what would be accepted.
type Refusal struct {
	Op     int     `json:"op"` // index into Change.Ops; -1: the serial; -2: the token
	Code   Refused `json:"code"`
	Reason string  `json:"reason"`
}

// Refused is the class of a refusal; SNMP turns it into an error-status.
type Refused string

// The classes of refusals (RFC 3416 error-status in parentheses).
const (
	RefusedInconsistent Refused = "inconsistentValue"   // serial, token or state forbid it (12)
	RefusedValue        Refused = "wrongValue"          // not a value of this object (10)
	RefusedName         Refused = "inconsistentName"    // no such row can be (18)
	RefusedNoCreation   Refused = "noCreation"          // no such row (11)
	RefusedUnavailable  Refused = "resourceUnavailable" // no leader or quorum (13)
	RefusedNotWritable  Refused = "notWritable"         // not settable under this controller (17)
)

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s", r.Code, r.Reason) }

// ErrNoLeader says that no leader or no quorum is known; nothing was changed.
var ErrNoLeader = errors.New("no leader with a quorum is known: wait until `hawser status` names one, then try again")

// ErrUnknownOutcome says that a change was sent and no answer came: the write log tells whether it was applied.
var ErrUnknownOutcome = errors.New("outcome unknown: the change was proposed and no answer came; read the write log before trying again")

// Override is a value that was SET: it wins over the file until it is reverted.
type Override struct {
	Object string    `json:"object"`
	Target Target    `json:"target"`
	Int    int64     `json:"int,omitempty"`
	Text   string    `json:"text,omitempty"`
	By     Setter    `json:"by"`
	Time   time.Time `json:"time"`
}

// Write is one row of hawserWriteTable.
type Write struct {
	Seq    uint32    `json:"seq"`
	Change uint32    `json:"change,omitempty"` // the same in all rows of one SET: the Seq of the first
	Time   time.Time `json:"time"`
	By     Setter    `json:"by"`
	Token  []byte    `json:"token,omitempty"`
	Object string    `json:"object"` // descriptor and target, as hawserServiceReaction.web
	Old    string    `json:"old,omitempty"`
	New    string    `json:"new,omitempty"`
	Result string    `json:"result"`
}
