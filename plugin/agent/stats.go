package agent

import (
	"sync/atomic"

	"hawser/mib/snmp"
)

// Stats are the agent's counters since it was made.
type Stats struct {
	InPackets, OutPackets, OutErrors uint64
	// What was asked, by operation.
	Gets, GetNexts, GetBulks, Sets uint64
	// Varbinds that were read or set.
	Varbinds uint64
	// Errors by kind: answers with this error-status, by snmp.ErrorStatus.
	Errors [snmp.InconsistentName + 1]uint64
	// What was dropped or refused before it was a request, by cause.
	BadVersions, ParseErrors, UnknownSecurityModels, UnknownContexts, UnknownHandlers uint64
	BadCommunityNames, BadCommunityUses, SilentDrops                                  uint64
	USM                                                                               [snmp.StatDecryptionErrors + 1]uint32
	// SETs that were seen again and not carried out again; SETs not known to be done within the timeout.
	ReplaysRefused, SetsOverdue uint64
	// Requests that ended in a panic of a segment or backend; each is logged.
	Panics uint64
}

// counters are the live form of Stats.
type counters struct {
	inPackets, outPackets, outErrors                                                  atomic.Uint64
	gets, getNexts, getBulks, sets, varbinds                                          atomic.Uint64
	badVersions, parseErrors, unknownSecurityModels, unknownContexts, unknownHandlers atomic.Uint64
	badCommunityNames, badCommunityUses, silentDrops                                  atomic.Uint64
	replaysRefused, setsOverdue, panics                                               atomic.Uint64
	errors                                                                            [snmp.InconsistentName + 1]atomic.Uint64
}

// Stats returns the counters as they are now.
func (a *Agent) Stats() Stats {
	c := &a.counters
	s := Stats{
		InPackets: c.inPackets.Load(), OutPackets: c.outPackets.Load(), OutErrors: c.outErrors.Load(),
		Gets: c.gets.Load(), GetNexts: c.getNexts.Load(), GetBulks: c.getBulks.Load(), Sets: c.sets.Load(),
		Varbinds: c.varbinds.Load(), BadVersions: c.badVersions.Load(), ParseErrors: c.parseErrors.Load(),
		UnknownSecurityModels: c.unknownSecurityModels.Load(), UnknownContexts: c.unknownContexts.Load(),
		UnknownHandlers: c.unknownHandlers.Load(), BadCommunityNames: c.badCommunityNames.Load(),
		BadCommunityUses: c.badCommunityUses.Load(), SilentDrops: c.silentDrops.Load(),
		ReplaysRefused: c.replaysRefused.Load(), SetsOverdue: c.setsOverdue.Load(), Panics: c.panics.Load(),
	}
	for status := range s.Errors {
		s.Errors[status] = c.errors[status].Load()
	}
	for stat := snmp.StatUnsupportedSecLevels; stat <= snmp.StatDecryptionErrors; stat++ {
		s.USM[stat] = a.usm.Count(stat)
	}
	return s
}

func (c *counters) countAnswer(pdu snmp.PDU) {
	if status := pdu.ErrorStatus; status > 0 && int(status) < len(c.errors) {
		c.errors[status].Add(1)
	}
}
