package snmp

import "fmt"

// ErrorStatus is the error-status of a response (RFC 3416, section 3).
type ErrorStatus int

// The values of error-status. NoSuchName, BadValue and ReadOnly appear in SNMPv1 only.
const (
	NoError ErrorStatus = iota
	TooBig
	NoSuchName
	BadValue
	ReadOnly
	GenErr
	NoAccess
	WrongType
	WrongLength
	WrongEncoding
	WrongValue
	NoCreation
	InconsistentValue
	ResourceUnavailable
	CommitFailed
	UndoFailed
	AuthorizationError
	NotWritable
	InconsistentName
)

var errorStatusNames = [...]string{
	NoError: "noError", TooBig: "tooBig", NoSuchName: "noSuchName", BadValue: "badValue", ReadOnly: "readOnly",
	GenErr: "genError", NoAccess: "noAccess", WrongType: "wrongType", WrongLength: "wrongLength",
	WrongEncoding: "wrongEncoding", WrongValue: "wrongValue", NoCreation: "noCreation",
	InconsistentValue: "inconsistentValue", ResourceUnavailable: "resourceUnavailable",
	CommitFailed: "commitFailed", UndoFailed: "undoFailed", AuthorizationError: "authorizationError",
	NotWritable: "notWritable", InconsistentName: "inconsistentName",
}

// String returns the status in the words that net-snmp's programs print.
func (s ErrorStatus) String() string {
	if s >= 0 && int(s) < len(errorStatusNames) {
		return errorStatusNames[s]
	}
	return fmt.Sprintf("errorStatus(%d)", int(s))
}

// V1 returns the status that an SNMPv1 manager is told instead (RFC 3584, section 4.4).
func (s ErrorStatus) V1() ErrorStatus {
	switch s {
	case NoError, TooBig, NoSuchName, BadValue, ReadOnly, GenErr:
		return s
	case WrongValue, WrongEncoding, WrongType, WrongLength, InconsistentValue:
		return BadValue
	case NoAccess, NotWritable, NoCreation, InconsistentName, AuthorizationError:
		return NoSuchName
	default:
		return GenErr
	}
}
