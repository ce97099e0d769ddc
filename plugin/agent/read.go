package agent

import (
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// reading is one GET, GETNEXT or GETBULK: it appends varbinds in BER form until there is no room.
type reading struct {
	*request
	view   *view.View
	room   int    // octets that the varbinds may take
	out    []byte // the varbinds
	count  int
	status snmp.ErrorStatus
	index  int
}

// overhead is the most octets that an answer needs around its varbinds: the parts of RFC 3412, section 6, and
// RFC 3414, section 2.4, at their largest, with the names that this message has.
func overhead(m *snmp.Message) int {
	const pduOverhead = 4 + 3*6 + 4 // header, three integers, list
	const v2Overhead = 4 + 3 + 4    // sequence, version, community
	const v3Overhead = 4 + 3 + (2 + 6 + 6 + 3 + 3) + 8 + 2 + 6 + 6 + 2 + (2 + 48) + (2 + 8) + 4 + 4 + 2 + 4
	if m.Version != snmp.V3 {
		return pduOverhead + v2Overhead + len(m.Community)
	}
	return pduOverhead + v3Overhead + len(m.EngineID) + len(m.User) + len(m.ContextEngineID) + len(m.ContextName)
}

// put appends a varbind; false says that it did not fit.
func (r *reading) put(row view.Row) bool {
	before := len(r.out)
	r.out = row.AppendBER(r.out)
	if len(r.out) > r.room {
		r.out = r.out[:before]
		return false
	}
	r.count++
	return true
}

func (r *reading) fail(status snmp.ErrorStatus, varbind int) { r.status, r.index = status, varbind+1 }

func (r *reading) get() {
	for i, vb := range r.PDU.Varbinds {
		value := snmp.NoSuchObject
		if r.read.contains(vb.OID) {
			value = r.view.Get(vb.OID)
		}
		if r.Version == snmp.V1 && (value.IsException() || value.Type == snmp.TypeCounter64) {
			r.fail(snmp.NoSuchName, i)
			return
		}
		if !r.put(view.NewRow(vb.OID, value)) {
			r.status = snmp.TooBig
			return
		}
	}
}

func (r *reading) getNext() {
	for i, vb := range r.PDU.Varbinds {
		c := r.cursor(vb.OID)
		row := c.next()
		if c.ended && r.Version == snmp.V1 {
			r.fail(snmp.NoSuchName, i)
			return
		}
		if !r.put(row) {
			r.status = snmp.TooBig
			return
		}
	}
}

// getBulk follows RFC 3416, section 4.2.3. An answer that is full is cut, which is no error.
func (r *reading) getBulk() {
	single := min(r.PDU.NonRepeaters, len(r.PDU.Varbinds))
	for _, vb := range r.PDU.Varbinds[:single] {
		c := r.cursor(vb.OID)
		if !r.put(c.next()) {
			return
		}
	}
	cursors := make([]cursor, 0, len(r.PDU.Varbinds)-single)
	for _, vb := range r.PDU.Varbinds[single:] {
		cursors = append(cursors, r.cursor(vb.OID))
	}
	for range r.PDU.MaxRepetitions {
		ended := 0
		for i := range cursors {
			if !r.put(cursors[i].next()) {
				return
			}
			if cursors[i].ended {
				ended++
			}
		}
		if ended == len(cursors) {
			return
		}
	}
}

// cursor steps through what a role may read.
type cursor struct {
	walker  view.Walker
	allowed subtrees
	within  snmp.OID // the subtree of the last row: the next row is most often in it, too
	at      snmp.OID // the last name
	started bool
	ended   bool
	v1      bool
}

func (r *reading) cursor(oid snmp.OID) cursor {
	return cursor{walker: r.view.Walk(), allowed: r.read, at: oid, v1: r.Version == snmp.V1}
}

// next returns the next instance; at the end it returns the last name with endOfMibView, time and again.
func (c *cursor) next() view.Row {
	for !c.ended {
		row, ok := c.step()
		if !ok {
			c.ended = true
			break
		}
		if c.v1 && row.Value().Type == snmp.TypeCounter64 { // no type of v1: passed over (RFC 3584, section 4.2.2.1)
			continue
		}
		c.at = row.OID()
		return row
	}
	return view.NewRow(c.at, snmp.EndOfMibView)
}

func (c *cursor) step() (row view.Row, ok bool) {
	if c.started {
		row, ok = c.walker.Next()
	} else {
		row, ok = c.walker.After(c.at)
		c.started = true
	}
	for ok && !c.visible(row.OID()) {
		i := c.allowed.after(row.OID())
		if i == len(c.allowed) {
			return view.Row{}, false
		}
		row, ok = c.walker.From(c.allowed[i])
	}
	return row, ok
}

func (c *cursor) visible(oid snmp.OID) bool {
	if c.within != nil && oid.HasPrefix(c.within) {
		return true
	}
	i := c.allowed.after(oid)
	if i == 0 || !oid.HasPrefix(c.allowed[i-1]) {
		return false
	}
	c.within = c.allowed[i-1]
	return true
}
