package plugin

import (
	"strings"
	"time"

	"hawser/cluster"
	"hawser/mib"
)

// stateSince is the state of an entity and since when it has been so.
type stateSince struct {
	state entityState
	since time.Time
}

// entityState is a row of entStateTable but for its time.
type entityState struct {
	admin, oper, usage, standby int
	alarm                       byte
}

// nextStates keeps the times of what stayed as it was. What is new stands since now: the time of its insertion, or of our
// start (RFC 4268).
func nextStates(old map[uint32]stateSince, parts []physical, now time.Time) map[uint32]stateSince {
	out := make(map[uint32]stateSince, len(parts))
	for _, p := range parts {
		state := p.state()
		if before, ok := old[p.index]; ok && before.state == state {
			out[p.index] = before
			continue
		}
		out[p.index] = stateSince{state, now}
	}
	return out
}

func renderEntStates(f entityFacts, r *rows) {
	for _, p := range f.parts {
		is := f.states[p.index]
		r.row(p.index)
		r.time(mib.EntStateLastChanged, is.since)
		r.label(mib.EntStateAdmin, is.state.admin)
		r.label(mib.EntStateOper, is.state.oper)
		r.label(mib.EntStateUsage, is.state.usage)
		r.octets(mib.EntStateAlarm, []byte{is.state.alarm})
		r.label(mib.EntStateStandby, is.state.standby)
	}
}

// entityStates says in the words of RFC 4268 what a state of a part means; the alarm comes from its health.
var entityStates = map[int]entityState{
	mib.HwStateEnabled:  {admin: mib.AdminUnlocked, oper: mib.OperEnabled, usage: mib.UsageActive, standby: mib.StandbyProvidingService},
	mib.HwStateDisabled: {admin: mib.AdminLocked, oper: mib.OperDisabled, usage: mib.UsageIdle, standby: mib.StandbyUnknown},
	mib.HwStateAbsent:   {admin: mib.AdminUnknown, oper: mib.OperUnknown, usage: mib.UsageIdle, standby: mib.StandbyUnknown},
	mib.HwStateStarting: {admin: mib.AdminUnlocked, oper: mib.OperDisabled, usage: mib.UsageUnknown, standby: mib.StandbyUnknown},
	mib.HwStateUpdating: {admin: mib.AdminUnlocked, oper: mib.OperDisabled, usage: mib.UsageUnknown, standby: mib.StandbyUnknown},
	mib.HwStateOffline:  {admin: mib.AdminUnlocked, oper: mib.OperDisabled, usage: mib.UsageUnknown, standby: mib.StandbyUnknown},
	mib.HwStateStandby:  {admin: mib.AdminUnlocked, oper: mib.OperEnabled, usage: mib.UsageIdle, standby: mib.StandbyHot},
}

// unknownState is that of a part of which nothing is heard.
var unknownState = entityState{
	admin: mib.AdminUnknown, oper: mib.OperUnknown, usage: mib.UsageUnknown, standby: mib.StandbyUnknown, alarm: mib.AlarmStatusUnknown,
}

func (p physical) state() entityState {
	is, ok := entityStates[hwState(p.part.State)]
	if !ok {
		is = unknownState
	}
	switch strings.ToLower(p.part.State) {
	case "standbyoffline": // it has to be started first
		is.oper, is.standby = mib.OperDisabled, mib.StandbyCold
	case "intest":
		is.oper = mib.OperTesting
	case "absent":
		return is // an empty slot has no health
	}
	is.alarm = alarmStatus(p.part)
	return is
}

func alarmStatus(part cluster.HardwarePart) byte {
	switch {
	case part.Health == cluster.HealthCritical:
		return mib.AlarmStatusCritical
	case part.Health == cluster.HealthWarning || part.PredictedFailure:
		return mib.AlarmStatusWarning
	case part.Health == cluster.HealthOk:
		return 0
	}
	return mib.AlarmStatusUnknown
}
