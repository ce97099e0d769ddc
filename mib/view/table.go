package view

import (
	"fmt"
	"slices"
	"sort"
	"sync"

	"hawser/mib/snmp"
)

// Segment is a part of a view: all instances under Prefix. It must be safe for use by many goroutines and must not
// change while it is in a View, but for the values of its instances.
type Segment interface {
	// Prefix is the subtree that the segment owns.
	Prefix() snmp.OID
	// Get returns the value of an instance.
	Get(oid snmp.OID) (snmp.Value, bool)
	// Next returns the first instance after oid. It is asked with any oid, also one before Prefix.
	Next(oid snmp.OID) (snmp.Varbind, bool)
}

// Table is a Segment of rows held in memory. The rows are encoded once, when they are first read.
type Table struct {
	prefix snmp.OID
	rows   []snmp.Varbind

	encode  sync.Once
	encoded []byte
	ends    []uint32 // ends[i] is where row i ends in encoded

	form formed
}

// NewTable takes the rows over and sorts them. It panics if a row lies outside prefix or a name is there twice:
// both are mistakes of the program that makes the rows.
func NewTable(prefix snmp.OID, rows []snmp.Varbind) *Table {
	byName := func(a, b snmp.Varbind) int { return a.OID.Compare(b.OID) }
	if !slices.IsSortedFunc(rows, byName) {
		slices.SortFunc(rows, byName)
	}
	for i, row := range rows {
		if !row.OID.HasPrefix(prefix) {
			panic(fmt.Sprintf("view: %s lies outside its table %s", row.OID, prefix))
		}
		if i > 0 && row.OID.Equal(rows[i-1].OID) {
			panic(fmt.Sprintf("view: %s is twice in table %s", row.OID, prefix))
		}
	}
	return &Table{prefix: prefix, rows: rows}
}

// Prefix returns the subtree of the table.
func (t *Table) Prefix() snmp.OID { return t.prefix }

// Len returns the number of instances.
func (t *Table) Len() int { return len(t.rows) }

// Get returns the value of an instance.
func (t *Table) Get(oid snmp.OID) (snmp.Value, bool) {
	if i := t.after(oid, true); i < len(t.rows) && t.rows[i].OID.Equal(oid) {
		return t.rows[i].Value, true
	}
	return snmp.Value{}, false
}

// Next returns the first instance after oid.
func (t *Table) Next(oid snmp.OID) (snmp.Varbind, bool) {
	if i := t.after(oid, false); i < len(t.rows) {
		return t.rows[i], true
	}
	return snmp.Varbind{}, false
}

// after returns the index of the first row after oid, or at it if inclusive.
func (t *Table) after(oid snmp.OID, inclusive bool) int {
	return sort.Search(len(t.rows), func(i int) bool {
		order := t.rows[i].OID.Compare(oid)
		return order > 0 || (inclusive && order == 0)
	})
}

// row returns the BER form of row i.
func (t *Table) row(i int) []byte {
	t.encode.Do(t.encodeRows)
	start := uint32(0)
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.encoded[start:t.ends[i]]
}

func (t *Table) encodeRows() {
	const usualRow = 40 // octets
	t.encoded = make([]byte, 0, usualRow*len(t.rows))
	t.ends = make([]uint32, len(t.rows))
	for i, row := range t.rows {
		t.encoded = snmp.AppendVarbind(t.encoded, row)
		t.ends[i] = uint32(len(t.encoded))
	}
	t.encoded = slices.Clip(t.encoded)
}
