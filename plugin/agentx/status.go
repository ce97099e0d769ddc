package agentx

import (
	"fmt"

	"hawser/mib/snmp"
)

// Status is res.error of a response (RFC 2741, section 6.2.16): the values of SNMP, and those of AgentX from 256 up.
type Status uint16

// The values that AgentX has of its own.
const (
	OpenFailed Status = 256 + iota
	NotOpen
	IndexWrongType
	IndexAlreadyAllocated
	IndexNoneAvailable
	IndexNotAllocated
	UnsupportedContext
	DuplicateRegistration
	UnknownRegistration
	UnknownAgentCaps
	ParseError
	RequestDenied
	ProcessingError
)

var statusNames = [...]string{
	"openFailed", "notOpen", "indexWrongType", "indexAlreadyAllocated", "indexNoneAvailable", "indexNotAllocated",
	"unsupportedContext", "duplicateRegistration", "unknownRegistration", "unknownAgentCaps", "parseError", "requestDenied",
	"processingError",
}

// String returns the name of the status.
func (s Status) String() string {
	if s >= OpenFailed && int(s-OpenFailed) < len(statusNames) {
		return statusNames[s-OpenFailed]
	}
	if s <= Status(snmp.InconsistentName) {
		return snmp.ErrorStatus(s).String()
	}
	return fmt.Sprintf("status %d", uint16(s))
}

// testStatus is what a TestSet may be answered (RFC 2741, section 7.2.4.1); anything else is genErr.
func testStatus(s snmp.ErrorStatus) Status {
	switch s {
	case snmp.NoAccess, snmp.WrongType, snmp.WrongLength, snmp.WrongEncoding, snmp.WrongValue, snmp.NoCreation,
		snmp.InconsistentValue, snmp.ResourceUnavailable, snmp.NotWritable, snmp.InconsistentName:
		return Status(s)
	default:
		return Status(snmp.GenErr)
	}
}
