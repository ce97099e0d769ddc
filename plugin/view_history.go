package plugin

import (
	"math"
	"sync"

	"github.com/sirupsen/logrus"

	"hawser/mib"
	"hawser/mib/snmp"
)

// pageRows is how many rows of a history are read and rendered at once.
const pageRows = 64

// history is the rows of a history whose index is a sequence number: events and writes.
type history struct {
	pages *pages
	// read gives at most limit rendered rows after an index.
	read func(after uint32, limit int) ([]record, error)
}

func newHistory(most int, read func(after uint32, limit int) ([]record, error)) *history {
	l := &history{read: read}
	l.pages = newPages(most, func(key uint32) ([]record, error) { return read(key*pageRows, pageRows) })
	return l
}

// page returns the rows of the page that holds an index.
func (l *history) page(index, last uint32) ([]record, error) {
	key := (index - 1) / pageRows
	end := uint32(min(uint64(key+1)*pageRows, math.MaxUint32))
	rows, err := l.pages.get(key, end, last)
	// A log that has aged answers with rows of a later page.
	for i, row := range rows {
		if row.index > end {
			return rows[:i], err
		}
	}
	return rows, err
}

// logSegment shows a history, bounded to what it held when the view was made.
type logSegment struct {
	shape
	log         *history
	first, last uint32 // first 0: not known yet
	find        sync.Once
	warn        *logrus.Entry
}

// begin is the oldest row; it is asked of the log once, when somebody reads the table.
func (s *logSegment) begin() uint32 {
	s.find.Do(func() {
		if s.first != 0 || s.last == 0 {
			return
		}
		rows, err := s.log.read(0, 1)
		if err != nil {
			s.complain(err)
		} else if len(rows) > 0 {
			s.first = rows[0].index
		}
	})
	return s.first
}

// Get returns the value of one cell.
func (s *logSegment) Get(oid snmp.OID) (snmp.Value, bool) {
	column, index, ok := s.cell(oid)
	if !ok || len(index) != 1 || index[0] < s.begin() || index[0] > s.last || s.first == 0 {
		return snmp.Value{}, false
	}
	rows, err := s.log.page(index[0], s.last)
	if err != nil {
		s.complain(err)
		return snmp.Value{}, false
	}
	row, ok := at(rows, index[0])
	if !ok {
		return snmp.Value{}, false
	}
	return row.value(column)
}

// Next returns the first cell after oid, column by column.
func (s *logSegment) Next(oid snmp.OID) (snmp.Varbind, bool) {
	if s.begin() == 0 {
		return snmp.Varbind{}, false
	}
	for column, index := range s.after(oid) {
		if vb, ok := s.inColumn(column, index); ok {
			return vb, true
		}
	}
	return snmp.Varbind{}, false
}

// inColumn returns the first cell of a column after an index.
func (s *logSegment) inColumn(column uint32, index []uint32) (snmp.Varbind, bool) {
	seq := s.first
	if len(index) > 0 {
		if index[0] >= s.last {
			return snmp.Varbind{}, false
		}
		seq = max(seq, index[0]+1)
	}
	for seq <= s.last {
		rows, err := s.log.page(seq, s.last)
		if err != nil {
			s.complain(err)
			return snmp.Varbind{}, false
		}
		for _, row := range from(rows, seq) {
			if value, ok := row.value(column); ok && row.index <= s.last {
				return snmp.Varbind{OID: s.name(column, row.index), Value: value}, true
			}
		}
		next := (uint64(seq-1)/pageRows+1)*pageRows + 1
		if next > uint64(s.last) {
			break
		}
		seq = uint32(next)
	}
	return snmp.Varbind{}, false
}

func (s *logSegment) complain(err error) {
	s.warn.WithError(err).WithField("table", s.table).Warn("history not read: its rows are missing from this answer")
}

func (r record) value(column uint32) (snmp.Value, bool) {
	if int(column) >= len(r.values) || r.values[column].Type == 0 {
		return snmp.Value{}, false
	}
	return r.values[column], true
}

// shape is where a table stands and which columns it shows.
type shape struct {
	table   string
	prefix  snmp.OID // of the table
	columns []uint32 // in order
}

func newShape(table string) shape {
	top, _ := mib.ByName(table)
	s := shape{table: table, prefix: top.OID}
	for _, o := range mib.Objects {
		if o.Kind == mib.Column && o.Access.Readable() && snmp.OID(o.OID).HasPrefix(top.OID) {
			s.columns = append(s.columns, o.OID[len(o.OID)-1])
		}
	}
	return s
}

// Prefix returns the subtree of the table.
func (s *shape) Prefix() snmp.OID { return s.prefix }

// cell splits a name into column and index.
func (s *shape) cell(oid snmp.OID) (column uint32, index []uint32, ok bool) {
	n := len(s.prefix)
	if len(oid) < n+3 || !oid.HasPrefix(s.prefix) || oid[n] != 1 {
		return 0, nil, false
	}
	return oid[n+1], oid[n+2:], true
}

// name is the name of a cell.
func (s *shape) name(column uint32, index ...uint32) snmp.OID {
	out := make(snmp.OID, 0, len(s.prefix)+2+len(index))
	return append(append(append(out, s.prefix...), 1, column), index...)
}

// after yields the columns in which the cell after oid may be, each with the index behind which it lies there; an empty
// index is before all rows.
func (s *shape) after(oid snmp.OID) func(yield func(column uint32, index []uint32) bool) {
	return func(yield func(uint32, []uint32) bool) {
		for _, column := range s.columns {
			name := s.name(column)
			switch {
			case oid.HasPrefix(name):
				if !yield(column, oid[len(name):]) {
					return
				}
			case oid.Compare(name) < 0:
				if !yield(column, nil) {
					return
				}
			}
		}
	}
}
