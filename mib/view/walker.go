package view

import "hawser/mib/snmp"

// Walker reads a view in order. It remembers where it stands, so that one step costs no search. It belongs to one
// goroutine.
type Walker struct {
	view    *View
	segment int      // where the walker stands; len(view.segments) at the end
	table   *Table   // the segment, if it is a Table
	next    int      // in table: the row that Next will return
	at      snmp.OID // elsewhere: the name that Next will go on from
}

// Row is one instance of a walk.
type Row struct {
	table   *Table
	index   int
	varbind snmp.Varbind
}

// Walk returns a walker that stands before the first instance.
func (v *View) Walk() Walker {
	w := Walker{view: v}
	w.enter(0)
	return w
}

// After moves the walker behind oid and returns the first instance there.
func (w *Walker) After(oid snmp.OID) (Row, bool) { return w.seek(oid, false) }

// From moves the walker to oid and returns the first instance at or after it.
func (w *Walker) From(oid snmp.OID) (Row, bool) { return w.seek(oid, true) }

func (w *Walker) seek(oid snmp.OID, inclusive bool) (Row, bool) {
	w.enter(w.view.from(oid))
	switch {
	case w.table != nil:
		w.next = w.table.after(oid, inclusive)
	case w.segment < len(w.view.segments):
		if w.at = oid; inclusive {
			if value, ok := w.view.segments[w.segment].Get(oid); ok {
				w.at = oid.Clone() // it outlives the call, and the caller may use its space again
				return Row{varbind: snmp.Varbind{OID: w.at, Value: value}}, true
			}
		}
	}
	return w.Next()
}

// Next returns the next instance; ok is false at the end of the view.
func (w *Walker) Next() (row Row, ok bool) {
	for w.segment < len(w.view.segments) {
		if w.table != nil {
			if w.next < len(w.table.rows) {
				w.next++
				return Row{table: w.table, index: w.next - 1}, true
			}
		} else if vb, ok := w.step(); ok {
			w.at = vb.OID
			return Row{varbind: vb}, true
		}
		w.enter(w.segment + 1)
	}
	return Row{}, false
}

// step asks a segment that is no Table. What does not rise or leaves the prefix ends the segment: a walk must end.
func (w *Walker) step() (snmp.Varbind, bool) {
	segment := w.view.segments[w.segment]
	vb, ok := segment.Next(w.at)
	return vb, ok && vb.OID.Compare(w.at) > 0 && vb.OID.HasPrefix(segment.Prefix())
}

// enter moves to the beginning of a segment.
func (w *Walker) enter(segment int) {
	w.segment, w.table, w.next, w.at = segment, nil, 0, nil
	if segment < len(w.view.segments) {
		w.table, _ = w.view.segments[segment].(*Table)
	}
}

// OID returns the name of the instance.
func (r *Row) OID() snmp.OID {
	if r.table != nil {
		return r.table.rows[r.index].OID
	}
	return r.varbind.OID
}

// Value returns its value.
func (r *Row) Value() snmp.Value { return r.Varbind().Value }

// Varbind returns name and value.
func (r *Row) Varbind() snmp.Varbind {
	if r.table != nil {
		return r.table.rows[r.index]
	}
	return r.varbind
}

// AppendBER appends the BER form of the varbind: for a row of a Table a copy of bytes made once.
func (r *Row) AppendBER(dst []byte) []byte {
	if r.table != nil {
		return append(dst, r.table.row(r.index)...)
	}
	return snmp.AppendVarbind(dst, r.varbind)
}

// Append appends the varbind in a form: for a row of a Table that is read a lot, a copy of bytes made once.
func (r *Row) Append(dst []byte, f *Form) []byte {
	if r.table != nil {
		if encoded, ok := r.table.form.row(r.table.rows, r.index, f); ok {
			return append(dst, encoded...)
		}
	}
	return f.append(dst, r.Varbind())
}

// NewRow returns a row of its own, in no segment.
func NewRow(oid snmp.OID, value snmp.Value) Row {
	return Row{varbind: snmp.Varbind{OID: oid, Value: value}}
}
