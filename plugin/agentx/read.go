package agentx

import (
	"hawser/mib/snmp"
	"hawser/mib/view"
)

const (
	// maxAnswer is how many octets of varbinds an answer to GetBulk has at most; there may be fewer than asked for
	// (RFC 2741, section 7.2.3.3).
	maxAnswer = 64 << 10
)

// reading is one Get, GetNext or GetBulk: it appends varbinds to the answer.
type reading struct {
	pdu   *PDU
	view  *view.View // nil: there is no such context
	form  *view.Form
	w     writer
	count int
	last  *[]cursor // where the last GetNext of this server ended, range by range
}

// read answers a request to read from one snapshot.
func (s *session) read(j *job, do func(*reading)) (status Status, index int) {
	head := PDU{Header: answerHeader(j.pdu.Header)}
	r := &reading{pdu: &j.pdu, view: s.agent.view(j.pdu.Context), form: s.agent.form, last: &j.last}
	r.w = writer{buf: head.Append(j.out[:0]), little: j.pdu.Flags.little()}
	do(r)
	r.w.finish(0)
	j.out = r.w.buf
	s.agent.counters.varbinds.Add(uint64(r.count))
	return 0, 0
}

// put appends a row, as it was encoded once or anew.
func (r *reading) put(row *view.Row) {
	r.count++
	if r.w.little {
		r.w.varbind(row.Varbind())
		return
	}
	r.w.buf = row.Append(r.w.buf, r.form)
}

func (r *reading) value(name snmp.OID, value snmp.Value) {
	r.count++
	r.w.varbind(snmp.Varbind{OID: name, Value: value})
}

// get follows RFC 2741, section 7.2.3.1.
func (r *reading) get() {
	for _, wanted := range r.pdu.Ranges {
		name, value := wanted.Start, snmp.NoSuchObject
		if r.view != nil {
			value = r.view.Get(name)
		}
		r.value(name, value)
	}
}

// getNext follows RFC 2741, section 7.2.3.2. A walk comes as a row of GetNexts, each of which begins where the one before
// ended, so that its cursors go on.
func (r *reading) getNext() {
	last := *r.last
	for i, wanted := range r.pdu.Ranges {
		if i >= len(last) {
			last = append(last, cursor{})
		}
		if c := &last[i]; !c.goesOn(r.view, wanted) {
			*c = r.cursor(wanted)
		}
		r.step(&last[i])
	}
	*r.last = last[:min(len(last), maxCursors)]
}

// maxCursors is how many cursors a server keeps.
const maxCursors = 64

// goesOn says whether a request continues where the cursor stands; then it is the request's cursor.
func (c *cursor) goesOn(v *view.View, wanted SearchRange) bool {
	if v == nil || c.view != v || !c.started || c.ended || wanted.Include || !c.at.Equal(wanted.Start) {
		return false
	}
	c.wanted = wanted
	return true
}

// getBulk follows RFC 2741, section 7.2.3.3. An answer that is full is cut, which is no error.
func (r *reading) getBulk() {
	single := min(int(r.pdu.NonRepeaters), len(r.pdu.Ranges))
	for _, wanted := range r.pdu.Ranges[:single] {
		c := r.cursor(wanted)
		r.step(&c)
	}
	cursors := make([]cursor, 0, len(r.pdu.Ranges)-single)
	for _, wanted := range r.pdu.Ranges[single:] {
		cursors = append(cursors, r.cursor(wanted))
	}
	for range r.pdu.MaxRepetitions {
		ended := 0
		for i := range cursors {
			if len(r.w.buf) > maxAnswer || r.count >= snmp.MaxVarbinds {
				return
			}
			r.step(&cursors[i])
			if cursors[i].ended {
				ended++
			}
		}
		if ended == len(cursors) {
			return
		}
	}
}

// cursor steps through one search range.
type cursor struct {
	view    *view.View
	walker  view.Walker
	wanted  SearchRange
	at      snmp.OID // the last name
	started bool
	ended   bool
}

func (r *reading) cursor(wanted SearchRange) cursor {
	c := cursor{view: r.view, wanted: wanted, at: wanted.Start, ended: r.view == nil}
	if r.view != nil {
		c.walker = r.view.Walk()
	}
	return c
}

// step appends the next instance of the range; at its end the last name with endOfMibView, time and again.
func (r *reading) step(c *cursor) {
	if !c.ended {
		row, ok := c.next()
		if ok && (len(c.wanted.End) == 0 || row.OID().Compare(c.wanted.End) < 0) {
			c.at = row.OID()
			r.put(&row)
			return
		}
		c.ended = true
	}
	r.value(c.at, snmp.EndOfMibView)
}

func (c *cursor) next() (view.Row, bool) {
	switch {
	case c.started:
		return c.walker.Next()
	case c.wanted.Include:
		c.started = true
		return c.walker.From(c.wanted.Start)
	default:
		c.started = true
		return c.walker.After(c.wanted.Start)
	}
}
