package plugin

import (
	"maps"
	"time"

	"hawser/cluster"
)

// sight is a snapshot made ready to be shown: the state as this node may speak of it, and the moment to which ages count.
type sight struct {
	*cluster.Snapshot
	// known is State, but with the facts of other nodes unknown where the view is isolated. Everything that is shown is
	// taken from it.
	known    *cluster.State
	now      time.Time
	since    time.Duration // from Taken to now
	isolated bool
	aged     map[string]bool // nodes whose BMC has not been read for too long

	controller int    // hawserController
	mibVersion string // hawserMibVersion
	// eventTime is the time of an event, where it has been read from the log already.
	eventTime func(cluster.Seq) (time.Time, bool)
}

// newSight prepares a snapshot; since is how long ago it was taken over, so that ages go on while nothing changes.
func newSight(snap *cluster.Snapshot, since time.Duration) sight {
	s := sight{
		Snapshot: snap, now: snap.Taken.Add(since), since: since, isolated: snap.View == cluster.ViewIsolated,
		eventTime: func(cluster.Seq) (time.Time, bool) { return time.Time{}, false },
	}
	s.known = dimSilent(snap.State)
	if s.isolated {
		s.known = blindfold(s.known, snap.Local)
	}
	return s
}

// forget makes hardware unknown that nobody has read for longer than limit (0: there is none), though its BMC answered then.
func (s *sight) forget(limit time.Duration) {
	s.aged = map[string]bool{}
	for name, hw := range s.known.Hardware {
		if limit > 0 && hw != nil && hw.BMCState == "ok" && s.now.Sub(hw.Collected) > limit {
			s.aged[name] = true
		}
	}
	if len(s.aged) == 0 {
		return
	}
	known := *s.known
	known.Hardware = maps.Clone(known.Hardware)
	for name := range s.aged {
		known.Hardware[name] = unseen(known.Hardware[name])
	}
	s.known = &known
}

// sees says whether both sights show the very same state.
func (s sight) sees(old sight) bool {
	return s.Snapshot != nil && old.Snapshot != nil && s.State == old.State && s.isolated == old.isolated
}

// viewAge is the age of the state that is shown.
func (s sight) viewAge() time.Duration {
	if s.View == cluster.ViewCurrent {
		return s.ViewAge
	}
	return s.ViewAge + s.since
}

// others says whether the node is not to be spoken of: an isolated node knows itself alone.
func (s sight) others(node string) bool { return s.isolated && node != s.Local }

// blindfold returns the state with all that concerns other nodes than local made unknown. What was decided and logged
// (policy, counters, alarms, inventory) stays: it was true when the view was last current, and ViewAge says when.
func blindfold(state *cluster.State, local string) *cluster.State {
	c := *state
	c.Nodes = maps.Clone(state.Nodes)
	for name, n := range c.Nodes {
		if name != local {
			n.State, n.ReservedBy = cluster.NodeUnknown, ""
			c.Nodes[name] = n
		}
	}
	c.Instances = maps.Clone(state.Instances)
	for _, spec := range state.Spec.Nodes {
		if spec.Name == local {
			continue
		}
		for key, in := range ofNode(state, spec.Name) {
			in.State, in.Probe, in.Message = cluster.InstanceUnknown, cluster.ProbeUnknown, ""
			c.Instances[key] = in
		}
	}
	c.Hardware = maps.Clone(state.Hardware)
	for name, hw := range c.Hardware {
		if name != local && hw != nil {
			c.Hardware[name] = unseen(hw)
		}
	}
	return &c
}

// dimSilent returns the state in which hardware whose BMC does not answer is unknown: nothing stale is shown as good.
func dimSilent(state *cluster.State) *cluster.State {
	var silent []string
	for name, hw := range state.Hardware {
		if hw != nil && hw.BMCState != "ok" {
			silent = append(silent, name)
		}
	}
	if len(silent) == 0 {
		return state
	}
	c := *state
	c.Hardware = maps.Clone(state.Hardware)
	for _, name := range silent {
		bmc := c.Hardware[name].BMCState
		dim := unseen(c.Hardware[name])
		dim.BMCState = bmc
		c.Hardware[name] = dim
	}
	return &c
}

// ofNode yields the instances of one node by their keys.
func ofNode(state *cluster.State, node string) map[string]cluster.Instance {
	out := map[string]cluster.Instance{}
	for _, stack := range state.Spec.Stacks {
		for _, service := range stack.Services {
			key := cluster.InstanceKey(service.Name, node)
			if in, ok := state.Instances[key]; ok {
				out[key] = in
			}
		}
	}
	return out
}

// unseen keeps what a machine is and drops how it does.
func unseen(hw *cluster.Hardware) *cluster.Hardware {
	c := *hw
	c.System.Health, c.System.HealthReason, c.System.Power = cluster.HealthUnknown, "", cluster.PowerUnknown
	c.BMCState = ""
	c.Components = make([]cluster.HardwarePart, len(hw.Components))
	for i, part := range hw.Components {
		part.Health, part.State = cluster.HealthUnknown, ""
		c.Components[i] = part
	}
	c.Sensors = make([]cluster.HardwareSensor, len(hw.Sensors))
	for i, sensor := range hw.Sensors {
		sensor.Health, sensor.State, sensor.Value = cluster.HealthUnknown, "", nil
		c.Sensors[i] = sensor
	}
	return &c
}

// seconds rounds down and stays within a Gauge32; a clock that went back counts as no time.
func seconds(d time.Duration) uint32 {
	const most = time.Duration(1<<32-1) * time.Second
	return uint32(min(max(d, 0), most) / time.Second)
}
