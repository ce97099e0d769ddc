package plugin

import (
	"fmt"
	"math"
	"strings"
	"time"

	"hawser/mib"
	"hawser/mib/snmp"
)

// never is the HawserTcAge of what never happened or does not apply.
const never = math.MaxUint32

// rows collects the varbinds of one table or group. row begins a row; each column method then adds one varbind to it. A
// column that is not named has no instance in that row, which is how an unknown fact is shown.
type rows struct {
	columns []column // by column number; [0] is not used
	depth   int      // length of the prefix of a column
	index   []uint32
	slab    []uint32 // where names are made, many in one allocation
	count   int
}

type column struct {
	object mib.Object
	binds  []snmp.Varbind
}

// newRows makes the collector of a table or group, with the module's word on each of its columns.
func newRows(prefix []uint32) *rows {
	depth := len(prefix) + 1
	if top, _, _ := mib.ByOID(prefix); top.Kind == mib.Table {
		depth++
	}
	return rowsOf(mib.Objects, prefix, depth)
}

// rowsOf makes the collector of the objects under prefix whose identifiers have this length.
func rowsOf(objects []mib.Object, prefix []uint32, depth int) *rows {
	r := &rows{depth: depth}
	for _, o := range objects {
		if len(o.OID) != depth || !snmp.OID(o.OID).HasPrefix(prefix) || (o.Kind != mib.Column && o.Kind != mib.Scalar) {
			continue
		}
		for len(r.columns) <= int(o.OID[depth-1]) {
			r.columns = append(r.columns, column{})
		}
		r.columns[o.OID[depth-1]].object = o
	}
	r.row(0) // the instance of scalars
	return r
}

// fresh returns an empty collector of the same table.
func (r *rows) fresh() *rows {
	f := &rows{columns: make([]column, len(r.columns)), depth: r.depth}
	for i, c := range r.columns {
		f.columns[i].object = c.object
	}
	f.row(0)
	return f
}

// row begins the row with this index. The values may lie in any order; walking is quickest if they rise.
func (r *rows) row(index ...uint32) { r.index = index }

// indexText encodes a string as an index of its own length, or its length and its octets (RFC 2578 section 7.7).
func indexText(text string) []uint32 {
	out := make([]uint32, 0, len(text)+1)
	out = append(out, uint32(len(text)))
	for i := range len(text) {
		out = append(out, uint32(text[i]))
	}
	return out
}

// varbinds returns all that was collected, column by column, which is the order of a walk.
func (r *rows) varbinds() []snmp.Varbind {
	out := make([]snmp.Varbind, 0, r.count)
	for _, c := range r.columns {
		out = append(out, c.binds...)
	}
	return out
}

func (r *rows) column(oid []uint32) *column {
	c := &r.columns[oid[len(oid)-1]]
	if len(oid) != r.depth || c.object.Name == "" {
		panic(fmt.Sprintf("plugin: %v is no column of this table", oid))
	}
	return c
}

// put adds a value as it is.
func (r *rows) put(oid []uint32, value snmp.Value) {
	c := r.column(oid)
	c.binds = append(c.binds, snmp.Varbind{OID: r.name(oid), Value: value})
	r.count++
}

// name is the column followed by the index of the row.
func (r *rows) name(oid []uint32) snmp.OID {
	const chunk = 4096
	need := len(oid) + len(r.index)
	if cap(r.slab)-len(r.slab) < need {
		r.slab = make([]uint32, 0, max(chunk, need))
	}
	start := len(r.slab)
	r.slab = append(append(r.slab, oid...), r.index...)
	return snmp.OID(r.slab[start:len(r.slab):len(r.slab)])
}

// text adds a string, cut at a character where the module allows no more octets. One that is shorter than the module
// allows (an empty name) has no instance.
func (r *rows) text(oid []uint32, text string) {
	ranges := r.column(oid).object.Ranges
	text = clip(strings.ToValidUTF8(text, "?"), longest(ranges))
	if !allowed(int64(len(text)), ranges) {
		if !allowed(0, ranges) {
			return
		}
		text = ""
	}
	r.put(oid, snmp.String(text))
}

// octets adds an octet string; one of a length that the module does not allow has no instance.
func (r *rows) octets(oid []uint32, octets []byte) {
	if allowed(int64(len(octets)), r.column(oid).object.Ranges) {
		r.put(oid, snmp.Octets(octets))
	}
}

// number adds a number as the type that the module gives to the column. Counters wrap, all others stay at the bound that
// they pass.
func (r *rows) number(oid []uint32, n int64) {
	object := r.column(oid).object
	low, high := bounds(object)
	clamped := min(max(n, low), high)
	switch object.Base {
	case mib.Integer32:
		r.put(oid, snmp.Integer(int32(clamped)))
	case mib.Counter32:
		r.put(oid, snmp.Counter32(uint32(n)))
	case mib.Counter64:
		r.put(oid, snmp.Counter64(uint64(n)))
	case mib.Unsigned32, mib.Gauge32:
		r.put(oid, snmp.Gauge(uint32(clamped)))
	case mib.TimeTicks:
		r.put(oid, snmp.TimeTicks(uint32(clamped)))
	default:
		panic(fmt.Sprintf("plugin: %s is no number", object.Name))
	}
}

// label adds a value of an enumeration. One that the enumeration does not have is unknown, where it has that word; else
// there is no instance.
func (r *rows) label(oid []uint32, n int) {
	object := r.column(oid).object
	if object.Label(int64(n)) == "" {
		unknown, ok := object.Number("unknown")
		if !ok {
			return
		}
		n = int(unknown)
	}
	r.put(oid, snmp.Integer(int32(n)))
}

// truth adds a TruthValue.
func (r *rows) truth(oid []uint32, is bool) {
	if is {
		r.put(oid, snmp.Integer(mib.TruthValueTrue))
		return
	}
	r.put(oid, snmp.Integer(mib.TruthValueFalse))
}

// age adds the seconds from then to now.
func (r *rows) age(oid []uint32, now, then time.Time) {
	if then.IsZero() {
		r.put(oid, snmp.Gauge(never))
		return
	}
	r.put(oid, snmp.Gauge(min(seconds(now.Sub(then)), never-1)))
}

// time adds a DateAndTime; a moment that is not known has no instance.
func (r *rows) time(oid []uint32, t time.Time) {
	if !t.IsZero() {
		r.put(oid, snmp.Octets(dateAndTime(t)))
	}
}

// timeOrZero adds a DateAndTime; what has not happened is eight octets of zero.
func (r *rows) timeOrZero(oid []uint32, t time.Time) {
	if t.IsZero() {
		r.put(oid, snmp.Octets(make([]byte, 8)))
		return
	}
	r.time(oid, t)
}

// millis adds a duration in milliseconds.
func (r *rows) millis(oid []uint32, d time.Duration) { r.number(oid, d.Milliseconds()) }

// address adds an InetAddressType and InetAddress pair (RFC 4001) from "address" or "address:port"; what is no address,
// such as a host name that was not resolved, is of type unknown(0) and empty.
func (r *rows) address(typeOID, addressOID []uint32, text string) {
	const unknown, ipv4, ipv6 = 0, 1, 2
	address := parseAddress(text)
	switch {
	case address.Is4():
		r.put(typeOID, snmp.Integer(ipv4))
	case address.Is6():
		r.put(typeOID, snmp.Integer(ipv6))
	default:
		r.put(typeOID, snmp.Integer(unknown))
	}
	r.put(addressOID, snmp.Octets(address.AsSlice()))
}
