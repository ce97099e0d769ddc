package plugin

import (
	"slices"
	"time"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// entity is the hardware of one node in the words of the standard modules: ENTITY-MIB, ENTITY-SENSOR-MIB and
// ENTITY-STATE-MIB, from the facts that hawserHwComponentTable and hawserHwSensorTable show too.
type entity struct {
	view     *view.View // of the node's context
	segments []view.Segment
	tables   [][]snmp.Varbind // what the segments were made of
	from     entitySource
	changed  uint32 // entLastChangeTime
	states   map[uint32]stateSince
	classes  map[uint32]int // by index
}

// entitySource is what the tables of a node depend on. As long as it stays the same they are not made anew; the log
// replaces a node's hardware whole, with the numbers of its parts.
type entitySource struct {
	hardware *cluster.Hardware
	unseen   bool // by an isolated node, or too old
}

// standardTable is one table or group of a standard module.
type standardTable struct {
	prefix []uint32
	depth  int // length of the names of its columns or scalars
	render func(entityFacts, *rows)
}

// standardTables are all that is shown, in the order of their names. The physical tables come first: what they say decides
// when entLastChangeTime was.
var standardTables = []standardTable{
	{mib.EntPhysicalTable, len(mib.EntPhysicalDescr), renderEntPhysical},
	{mib.EntPhysicalContainsTable, len(mib.EntPhysicalChildIndex), renderEntContains},
	{mib.EntityGeneral, len(mib.EntLastChangeTime), renderEntGeneral},
	{mib.EntPhySensorTable, len(mib.EntPhySensorType), renderEntSensors},
	{mib.EntStateTable, len(mib.EntStateAdmin), renderEntStates},
}

// physicalTables is how many of them entLastChangeTime counts.
const physicalTables = 2

// entityFacts is what the tables of one node are rendered from.
type entityFacts struct {
	hardware cluster.Hardware
	parts    []physical // by index
	states   map[uint32]stateSince
	changed  uint32 // entLastChangeTime
	uptime   func(time.Time) uint32
	every    time.Duration // between two collections, 0 if it is not regular
}

// entityClock counts time as the agent's sysUpTime does.
type entityClock struct{ started, now time.Time }

// at is sysUpTime at a moment, in hundredths of a second; 0 before the start.
func (c entityClock) at(then time.Time) uint32 {
	if then.After(c.now) {
		then = c.now
	}
	return uint32(max(then.Sub(c.started), 0) / (10 * time.Millisecond)) // wraps after 497 days, as TimeTicks do
}

// nextEntity is the hardware of a node as it is to be shown now. Where nothing changed it is old, segment by segment.
func nextEntity(old *entity, s sight, node string, clock entityClock, every time.Duration) *entity {
	from := entitySource{hardware: s.State.Hardware[node], unseen: s.others(node) || s.aged[node]}
	if old != nil && old.from == from {
		return old
	}
	facts := entityFacts{hardware: hardwareOf(s.known, node), uptime: clock.at, every: every}
	next := &entity{from: from, changed: clock.at(clock.now), classes: map[uint32]int{}}
	var before entity
	if old != nil {
		before, next.changed = *old, old.changed
	}
	facts.parts = physicalParts(facts.hardware, s.known.Indexes[hwKind(node)].Names, before.classes)
	facts.states = nextStates(before.states, facts.parts, clock.now)
	for _, p := range facts.parts {
		next.classes[p.index] = p.class
	}
	next.states = facts.states
	next.render(old, facts, clock)
	return next
}

// render makes the tables; one that came out as it was keeps its segment, which holds it encoded.
func (e *entity) render(old *entity, facts entityFacts, clock entityClock) {
	for i, t := range standardTables {
		if i == physicalTables {
			if old != nil && !e.shares(old, physicalTables) {
				e.changed = clock.at(clock.now)
			}
			facts.changed = e.changed
		}
		r := rowsOf(mib.StandardObjects, t.prefix, t.depth)
		t.render(facts, r)
		binds := r.varbinds()
		if old != nil && slices.EqualFunc(binds, old.tables[i], sameVarbind) {
			e.tables, e.segments = append(e.tables, old.tables[i]), append(e.segments, old.segments[i])
			continue
		}
		e.tables = append(e.tables, binds)
		e.segments = append(e.segments, view.NewTable(t.prefix, binds))
	}
	if old != nil && e.shares(old, len(e.segments)) {
		e.view = old.view
		return
	}
	e.view = view.New(knownStandard, e.segments...)
}

// shares says whether the first n segments are those of the old one.
func (e *entity) shares(old *entity, n int) bool {
	return slices.Equal(e.segments[:n], old.segments[:n])
}

func sameVarbind(a, b snmp.Varbind) bool { return a.OID.Equal(b.OID) && a.Value.Equal(b.Value) }

// knownStandard says whether an identifier falls under an object of the standard modules that is implemented.
func knownStandard(oid snmp.OID) bool {
	_, _, found := mib.StandardByOID(oid)
	return found
}
