package agent

import (
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// The groups that every SNMP engine shows of itself.
var (
	oidSystem   = snmp.OID{1, 3, 6, 1, 2, 1, 1}        // RFC 3418
	oidSNMP     = snmp.OID{1, 3, 6, 1, 2, 1, 11}       // RFC 3418
	oidEngine   = snmp.OID{1, 3, 6, 1, 6, 3, 10, 2, 1} // RFC 3411
	oidMPDStats = snmp.OID{1, 3, 6, 1, 6, 3, 11, 2, 1} // RFC 3412
	oidTargets  = snmp.OID{1, 3, 6, 1, 6, 3, 12, 1}    // RFC 3413: the two counters of contexts
	oidUSMStats = snmp.OID{1, 3, 6, 1, 6, 3, 15, 1, 1} // RFC 3414
)

func ownSubtrees() []snmp.OID {
	return []snmp.OID{oidSystem, oidSNMP, oidEngine, oidMPDStats, oidTargets, oidUSMStats}
}

// scalars is a segment of a few scalar objects that are read when they are asked for.
type scalars struct {
	prefix snmp.OID
	rows   []scalar // in order
}

type scalar struct {
	arc  uint32
	read func() snmp.Value
}

func (s *scalars) Prefix() snmp.OID { return s.prefix }

// Get returns the value of an instance.
func (s *scalars) Get(oid snmp.OID) (snmp.Value, bool) {
	row, ok := s.object(oid)
	if !ok || len(oid) != len(s.prefix)+2 || oid[len(s.prefix)+1] != 0 {
		return snmp.Value{}, false
	}
	return row.read(), true
}

// Next returns the first instance after oid.
func (s *scalars) Next(oid snmp.OID) (snmp.Varbind, bool) {
	for _, row := range s.rows {
		if name := s.prefix.Append(row.arc, 0); name.Compare(oid) > 0 {
			return snmp.Varbind{OID: name, Value: row.read()}, true
		}
	}
	return snmp.Varbind{}, false
}

// Known says whether oid falls under one of the objects.
func (s *scalars) Known(oid snmp.OID) bool {
	_, ok := s.object(oid)
	return ok
}

func (s *scalars) object(oid snmp.OID) (scalar, bool) {
	if !oid.HasPrefix(s.prefix) || len(oid) == len(s.prefix) {
		return scalar{}, false
	}
	for _, row := range s.rows {
		if row.arc == oid[len(s.prefix)] {
			return row, true
		}
	}
	return scalar{}, false
}

func (a *Agent) ownSegments() []view.Segment {
	return []view.Segment{
		a.systemGroup(), a.snmpGroup(), a.engineGroup(), a.mpdGroup(), a.contextGroup(), a.usmGroup(),
	}
}

func (a *Agent) systemGroup() view.Segment {
	system := a.cfg.System
	text := func(s string) func() snmp.Value { return func() snmp.Value { return snmp.String(s) } }
	return &scalars{oidSystem, []scalar{
		{1, text(system.Descr)},
		{2, func() snmp.Value { return snmp.ObjectID(system.ObjectID) }},
		{3, func() snmp.Value { return snmp.TimeTicks(a.clock.ticks()) }},
		{4, text(system.Contact)},
		{5, text(system.Name)},
		{6, text(system.Location)},
		{7, func() snmp.Value { return snmp.Integer(system.Services) }},
	}}
}

// counter32 reads a counter that may be wider than the object, which wraps.
func counter32(load func() uint64) func() snmp.Value {
	return func() snmp.Value { return snmp.Counter32(uint32(load())) }
}

func (a *Agent) snmpGroup() view.Segment {
	c := &a.counters
	return &scalars{oidSNMP, []scalar{
		{1, counter32(c.inPackets.Load)},
		{3, counter32(c.badVersions.Load)},
		{4, counter32(c.badCommunityNames.Load)},
		{5, counter32(c.badCommunityUses.Load)},
		{6, counter32(c.parseErrors.Load)},
		{31, counter32(c.silentDrops.Load)},
		{32, counter32(func() uint64 { return 0 })}, // snmpProxyDrops: this agent is no proxy
	}}
}

func (a *Agent) engineGroup() view.Segment {
	return &scalars{oidEngine, []scalar{
		{1, func() snmp.Value { return snmp.Octets(a.Engine().ID) }},
		{2, func() snmp.Value { return snmp.Integer(int32(a.Engine().Boots)) }},
		{3, func() snmp.Value { return snmp.Integer(int32(a.Engine().Time)) }},
		{4, func() snmp.Value { return snmp.Integer(int32(a.cfg.MaxSize)) }},
	}}
}

func (a *Agent) mpdGroup() view.Segment {
	c := &a.counters
	return &scalars{oidMPDStats, []scalar{
		{1, counter32(c.unknownSecurityModels.Load)},
		{2, counter32(func() uint64 { return 0 })}, // snmpInvalidMsgs: such a message fails to parse here
		{3, counter32(c.unknownHandlers.Load)},
	}}
}

func (a *Agent) contextGroup() view.Segment {
	const unknownContexts = 5
	return &scalars{oidTargets, []scalar{{unknownContexts, counter32(a.counters.unknownContexts.Load)}}}
}

func (a *Agent) usmGroup() view.Segment {
	rows := make([]scalar, 0, int(snmp.StatDecryptionErrors))
	for stat := snmp.StatUnsupportedSecLevels; stat <= snmp.StatDecryptionErrors; stat++ {
		rows = append(rows, scalar{uint32(stat), func() snmp.Value { return snmp.Counter32(a.usm.Count(stat)) }})
	}
	return &scalars{oidUSMStats, rows}
}
