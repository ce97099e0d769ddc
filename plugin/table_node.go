package plugin

import (
	"time"

	"hawser/cluster"
	"hawser/mib"
)

func renderNodes(s sight, r *rows) {
	for _, n := range nodes(s.known) {
		spec, _ := s.known.Spec.Node(n.name)
		node, live, hidden := s.known.Nodes[n.name], s.Nodes[n.name], s.others(n.name)
		r.row(n.index)
		r.text(mib.HawserNodeName, n.name)
		r.address(mib.HawserNodeAddressType, mib.HawserNodeAddress, firstOf(spec.Addresses))
		r.label(mib.HawserNodeRole, int(spec.Role))
		r.label(mib.HawserNodeState, int(s.NodeState(n.name)))
		r.label(mib.HawserNodeAdminState, int(nodeAdmin(node)))
		r.age(mib.HawserNodeLastBeatAge, s.now, lastBeat(s, n.name))
		if !hidden {
			r.number(mib.HawserNodeLeaseRemaining, leaseRemaining(s.now, live))
		}
		r.time(mib.HawserNodeBootTime, node.BootTime)
		renderReported(s, n.name, r)
		// This release has neither guard nor watchdog; of a node that does not answer nothing is known.
		r.label(mib.HawserNodeWatchdog, absentUnless(hidden))
		r.label(mib.HawserNodeGuardState, absentUnless(hidden))
		r.label(mib.HawserNodeHardwareHealth, int(systemHealth(s.known, n.name)))
		r.label(mib.HawserNodeBmcState, bmcState(s.known, spec))
		r.age(mib.HawserNodeBmcAge, s.now, collected(s.known, n.name))
		if !hidden {
			r.truth(mib.HawserNodeFenceReady, node.FenceReady)
		}
		r.truth(mib.HawserNodePausedVmAccepted, false) // acceptPausedVM is no option of this release
		r.octets(mib.HawserNodeEngineId, node.EngineID)
		if version := nodeVersion(s, n.name); version != "" {
			r.text(mib.HawserNodeVersion, version)
		}
	}
}

// renderReported shows what a node says of itself in its beats; nothing where it never did.
func renderReported(s sight, name string, r *rows) {
	if name == s.Local {
		r.number(mib.HawserNodeClockOffset, 0)
		r.number(mib.HawserNodeLogLag, 0)
		return
	}
	live := s.Nodes[name]
	if live.Reported.IsZero() || s.others(name) {
		return
	}
	r.millis(mib.HawserNodeClockOffset, live.ClockOffset)
	r.number(mib.HawserNodeLogLag, int64(s.State.Applied)-int64(live.Applied))
}

func lastBeat(s sight, name string) time.Time {
	if name == s.Local {
		return s.now
	}
	return s.Nodes[name].LastBeat
}

// leaseRemaining is in milliseconds; 0 if the node holds none or its last one has ended.
func leaseRemaining(now time.Time, live cluster.NodeLive) int64 {
	if live.LeaseUntil.IsZero() {
		return 0
	}
	return max(live.LeaseUntil.Sub(now).Milliseconds(), 0)
}

// nodeAdmin is what is wanted of the node; a node that never joined is wanted online, as every node is at first.
func nodeAdmin(node cluster.Node) cluster.NodeAdmin {
	if node.Admin == 0 {
		return cluster.NodeAdminOnline
	}
	return node.Admin
}

func nodeVersion(s sight, name string) string {
	if name == s.Local && s.Version != "" {
		return s.Version
	}
	return s.known.Nodes[name].Version
}

func absentUnless(hidden bool) int {
	if hidden {
		return mib.GuardStateUnknown
	}
	return mib.GuardStateAbsent
}

// systemHealth is the health of a node's hardware; unknown where no BMC has said anything.
func systemHealth(state *cluster.State, node string) cluster.Health {
	if hw := state.Hardware[node]; hw != nil {
		return healthOr(hw.System.Health)
	}
	return cluster.HealthUnknown
}

// bmcStates are the words of Hardware.BMCState.
var bmcStates = map[string]int{
	"ok": mib.BmcStateReachable, "silent": mib.BmcStateUnreachable, "refused": mib.BmcStateRefused,
	"mismatch": mib.BmcStateMismatch,
}

func bmcState(state *cluster.State, spec cluster.NodeSpec) int {
	hw := state.Hardware[spec.Name]
	switch {
	case !spec.HasBMC && hw == nil:
		return mib.BmcStateNone
	case hw == nil:
		return mib.BmcStateUnknown
	}
	if known, ok := bmcStates[hw.BMCState]; ok {
		return known
	}
	return mib.BmcStateUnknown
}

func collected(state *cluster.State, node string) time.Time {
	if hw := state.Hardware[node]; hw != nil {
		return hw.Collected
	}
	return time.Time{}
}

func firstOf(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}
