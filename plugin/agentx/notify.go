package agentx

import (
	"errors"
	"fmt"

	"hawser/mib/snmp"
)

// ErrNotConnected says that there is no session with snmpd to send by.
var ErrNotConnected = errors.New("agentx: not connected to snmpd: see the log for the reason")

// Notify has snmpd send a notification to its own sinks (RFC 2741, section 7.1.3): best effort, snmpd confirms that it took it
// and nothing more.
func (a *Agent) Notify(notification snmp.OID, objects []snmp.Varbind) error {
	s := a.current.Load()
	if s == nil {
		return ErrNotConnected
	}
	binds := append([]snmp.Varbind{{OID: notifyTrapOID(), Value: snmp.ObjectID(notification)}}, objects...)
	answer, err := s.call(PDU{Header: Header{Type: TypeNotify}, Varbinds: binds}, callWithin)
	if err != nil {
		return fmt.Errorf("agentx: notify: %w", err)
	}
	if answer.Error != 0 {
		return fmt.Errorf("agentx: notify: snmpd refuses it with %s: see its log", answer.Error)
	}
	a.counters.notifications.Add(1)
	return nil
}
