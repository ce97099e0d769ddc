package plugin

import (
	"slices"

	"hawser/cluster"
	"hawser/mib"
)

// object is one table or group of HAWSER-MIB: what it is called, where it stands, and how it is rendered.
type object struct {
	name   string
	prefix []uint32
	render func(sight, *rows)
	// volatile: it shows ages or live figures, and is rendered anew though the replicated state stayed the same.
	volatile bool
	// same says whether two states give the same rows, ages aside. Nil: only the very same state does, and nothing does for
	// a volatile object, because the snapshot has its figures beside the state.
	same func(old, now *cluster.State) bool
}

// objects is every table and group that is held in memory. Events, conditions and writes are rendered on demand
// (view_history.go), the counters of the daemon by self.
var objects = []object{
	{name: "hawserCluster", prefix: mib.HawserCluster, render: renderCluster, volatile: true},
	{name: "hawserNodeTable", prefix: mib.HawserNodeTable, render: renderNodes, volatile: true},
	{name: "hawserLinkTable", prefix: mib.HawserLinkTable, render: renderLinks, volatile: true},
	{name: "hawserStackTable", prefix: mib.HawserStackTable, render: renderStacks, volatile: true},
	{name: "hawserServiceTable", prefix: mib.HawserServiceTable, render: renderServices, volatile: true},
	{name: "hawserInstanceTable", prefix: mib.HawserInstanceTable, render: renderInstances, volatile: true},
	{name: "hawserAlarmTable", prefix: mib.HawserAlarmTable, render: renderAlarms, volatile: true},
	{name: "hawserSinkTable", prefix: mib.HawserSinkTable, render: renderSinks, volatile: true},
	{name: "hawserHwSystemTable", prefix: mib.HawserHwSystemTable, render: renderHwSystems, volatile: true},
	{name: "hawserHwComponentTable", prefix: mib.HawserHwComponentTable, render: renderHwComponents, same: sameComponents},
	{name: "hawserHwSensorTable", prefix: mib.HawserHwSensorTable, render: renderHwSensors, volatile: true, same: sameSensors},
	{name: "hawserHwSettingTable", prefix: mib.HawserHwSettingTable, render: renderHwSettings, same: sameSettings},
	{name: "hawserPolicy", prefix: mib.HawserPolicy, render: renderPolicy},
	{name: "hawserJobTable", prefix: mib.HawserJobTable, render: renderJobs},
	{name: "hawserHwRequest", prefix: mib.HawserHwRequest, render: renderHwRequest},
	{name: "hawserHwJobTable", prefix: mib.HawserHwJobTable, render: renderHwJobs},
}

// sortedBy returns the names in the order of their indexes, so that rows are made in the order in which they are walked.
// Names without an index are left out: they are not in the replicated state yet.
func sortedBy(state *cluster.State, kind string, names []string) []indexed {
	out := make([]indexed, 0, len(names))
	for _, name := range names {
		if index := state.Index(kind, name); index != 0 {
			out = append(out, indexed{name, index})
		}
	}
	slices.SortFunc(out, func(a, b indexed) int { return int(int64(a.index) - int64(b.index)) })
	return out
}

// indexed is a name with the number allotted to it.
type indexed struct {
	name  string
	index uint32
}

// The kinds of State.Indexes.
const (
	kindNode    = "node"
	kindStack   = "stack"
	kindService = "service"
	kindSink    = "sink"
)

// hwKind is the kind of the numbers of the hardware parts of one node; components and sensors share them.
func hwKind(node string) string { return "hw/" + node }

func nodes(state *cluster.State) []indexed {
	names := make([]string, 0, len(state.Spec.Nodes))
	for _, n := range state.Spec.Nodes {
		names = append(names, n.Name)
	}
	return sortedBy(state, kindNode, names)
}

func stacks(state *cluster.State) []indexed {
	names := make([]string, 0, len(state.Spec.Stacks))
	for _, st := range state.Spec.Stacks {
		names = append(names, st.Name)
	}
	return sortedBy(state, kindStack, names)
}

func services(state *cluster.State) []indexed {
	var names []string
	for _, st := range state.Spec.Stacks {
		for _, sv := range st.Services {
			names = append(names, sv.Name)
		}
	}
	return sortedBy(state, kindService, names)
}
