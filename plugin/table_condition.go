package plugin

import (
	"math"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

func renderComponent(c cluster.Component, r *rows) {
	r.label(mib.HawserConditionComponentType, int(c.Type))
	r.text(mib.HawserConditionComponentName, c.Name)
	r.text(mib.HawserConditionNodeName, c.Node)
	r.text(mib.HawserConditionState, c.State)
	r.text(mib.HawserConditionDetail, c.Detail)
}

// readCondition renders the whole condition at one event, its components numbered from 1.
func readCondition(source Source) func(seq uint32) ([]record, error) {
	template := newRows(mib.HawserConditionTable)
	return func(seq uint32) ([]record, error) {
		components, err := source.Conditions(cluster.Seq(seq))
		if err != nil {
			return nil, err
		}
		r, out := template.fresh(), make([]record, 0, len(components))
		for i, component := range components {
			r.row(seq, uint32(i+1))
			renderComponent(component, r)
			out = append(out, record{uint32(i + 1), r.take()})
		}
		return out, nil
	}
}

// conditionSegment shows the conditions of the events that still have theirs. Each is expanded when it is asked for; one
// that has aged out since the view was made has no rows.
type conditionSegment struct {
	shape
	pages       *pages
	first, last uint32
}

// at is the condition at an event.
func (s *conditionSegment) at(seq uint32) []record {
	if s.first == 0 || seq < s.first || seq > s.last {
		return nil
	}
	rows, err := s.pages.get(seq, seq, seq)
	if err != nil {
		return nil
	}
	return rows
}

// Get returns the value of one cell.
func (s *conditionSegment) Get(oid snmp.OID) (snmp.Value, bool) {
	column, index, ok := s.cell(oid)
	if !ok || len(index) != 2 {
		return snmp.Value{}, false
	}
	row, ok := at(s.at(index[0]), index[1])
	if !ok {
		return snmp.Value{}, false
	}
	return row.value(column)
}

// Next returns the first cell after oid, column by column.
func (s *conditionSegment) Next(oid snmp.OID) (snmp.Varbind, bool) {
	for column, index := range s.after(oid) {
		if vb, ok := s.inColumn(column, index); ok {
			return vb, true
		}
	}
	return snmp.Varbind{}, false
}

func (s *conditionSegment) inColumn(column uint32, index []uint32) (snmp.Varbind, bool) {
	if s.first == 0 {
		return snmp.Varbind{}, false
	}
	// In 64 bits, so that neither the last event nor the last component wraps.
	seq, number := uint64(s.first), uint64(1)
	if len(index) > 0 && index[0] >= s.first {
		seq = uint64(index[0])
		if len(index) > 1 {
			number = uint64(index[1]) + 1
		}
	}
	for ; seq <= uint64(s.last); seq, number = seq+1, 1 {
		if number > math.MaxUint32 {
			continue
		}
		for _, row := range from(s.at(uint32(seq)), uint32(number)) {
			if value, ok := row.value(column); ok {
				return snmp.Varbind{OID: s.name(column, uint32(seq), row.index), Value: value}, true
			}
		}
	}
	return snmp.Varbind{}, false
}
