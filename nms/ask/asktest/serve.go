package asktest

import (
	"slices"

	"hawser/mib"
	"hawser/mib/snmp"
)

// serve answers requests until the socket is closed.
func (a *Agent) serve() {
	buffer := make([]byte, snmp.MaxMessageSize)
	for {
		n, from, err := a.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		if answer := a.handle(slices.Clone(buffer[:n])); answer != nil {
			_, _ = a.conn.WriteToUDPAddrPort(answer, from) // a lost answer is a lost datagram
		}
	}
}

func (a *Agent) handle(packet []byte) []byte {
	m, err := snmp.Parse(packet)
	if err != nil || m.Version != snmp.V3 {
		return nil
	}
	keys, report, err := a.authority.Open(m)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.knobs.Silent {
		return nil
	}
	if err != nil {
		return report
	}
	pdu, answered := a.operate(m)
	if !answered {
		return nil
	}
	answer, err := a.authority.Reply(m, keys, pdu)
	if err != nil {
		a.tb.Errorf("agent: %v", err)
	}
	return answer
}

func (a *Agent) operate(m *snmp.Message) (snmp.PDU, bool) {
	role := a.roles[m.User]
	pdu := snmp.PDU{Type: snmp.Response, RequestID: m.PDU.RequestID}
	switch m.PDU.Type {
	case snmp.GetRequest:
		rows := a.shown()
		for _, vb := range m.PDU.Varbinds {
			value := snmp.NoSuchObject
			if role.CanRead(vb.OID) {
				value = find(rows, vb.OID)
			}
			pdu.Varbinds = append(pdu.Varbinds, snmp.Varbind{OID: vb.OID, Value: value})
		}
		a.meddle(m.PDU.Varbinds)
	case snmp.GetNextRequest:
		for _, vb := range m.PDU.Varbinds {
			pdu.Varbinds = append(pdu.Varbinds, a.next(role, vb.OID))
		}
	case snmp.GetBulkRequest:
		pdu.Varbinds = a.bulk(role, m.PDU)
		a.meddle(m.PDU.Varbinds)
	case snmp.SetRequest:
		return a.set(m, role, pdu)
	default:
		return pdu, false
	}
	return pdu, true
}

// meddle makes somebody's change behind the read that it waits for.
func (a *Agent) meddle(read []snmp.Varbind) {
	change := a.knobs.Meddle
	if change == nil {
		return
	}
	o, _ := mib.ByName(change.After)
	if !slices.ContainsFunc(read, func(vb snmp.Varbind) bool { return vb.OID.HasPrefix(o.OID) }) {
		return
	}
	a.knobs.Meddle = nil
	if change.Drop != "" {
		a.drop(change.Drop, change.Instance)
	}
	a.put(change.Object, change.Instance, change.Value)
	a.bump()
}

func (a *Agent) get(oid snmp.OID) snmp.Value { return find(a.rows, oid) }

func find(rows []snmp.Varbind, oid snmp.OID) snmp.Value {
	i, found := slices.BinarySearchFunc(rows, oid, func(r snmp.Varbind, oid snmp.OID) int { return r.OID.Compare(oid) })
	if !found {
		return snmp.NoSuchInstance
	}
	return rows[i].Value
}

// shown are the rows that a GET sees: those before the last SET while the agent lags.
func (a *Agent) shown() []snmp.Varbind {
	if a.before == nil || a.knobs.LagReads == 0 {
		return a.rows
	}
	a.knobs.LagReads--
	return a.before
}

func (a *Agent) next(role mib.Role, oid snmp.OID) snmp.Varbind {
	for i := a.after(oid); i < len(a.rows); i++ {
		if role.CanRead(a.rows[i].OID) {
			return a.rows[i]
		}
	}
	return snmp.Varbind{OID: oid, Value: snmp.EndOfMibView}
}

// after is the place of the first row behind oid.
func (a *Agent) after(oid snmp.OID) int {
	i, found := slices.BinarySearchFunc(a.rows, oid, func(r snmp.Varbind, oid snmp.OID) int { return r.OID.Compare(oid) })
	if found {
		i++
	}
	return i
}

func (a *Agent) bulk(role mib.Role, request snmp.PDU) []snmp.Varbind {
	var out []snmp.Varbind
	repetitions := request.MaxRepetitions
	if a.knobs.MaxRepetition > 0 {
		repetitions = min(repetitions, a.knobs.MaxRepetition)
	}
	once := min(max(request.NonRepeaters, 0), len(request.Varbinds))
	for _, vb := range request.Varbinds[:once] {
		out = append(out, a.next(role, vb.OID))
	}
	at := slices.Clone(request.Varbinds[once:])
	for range repetitions {
		for i := range at {
			at[i] = a.next(role, at[i].OID)
			out = append(out, at[i])
		}
	}
	if a.knobs.MaxVarbinds > 0 {
		out = out[:min(len(out), a.knobs.MaxVarbinds)]
	}
	return out
}
