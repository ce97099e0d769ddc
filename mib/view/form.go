package view

import (
	"slices"
	"sync"
	"sync/atomic"

	"hawser/mib/snmp"
)

// Form is a way to write a varbind besides BER: that of AgentX.
type Form struct {
	append func(dst []byte, vb snmp.Varbind) []byte
}

// NewForm returns a form. A Table keeps its rows in the first form that it is asked for; make one for the whole program.
func NewForm(appendVarbind func(dst []byte, vb snmp.Varbind) []byte) *Form {
	return &Form{appendVarbind}
}

// formWorth is which part of its rows, one in so many, must have been read of a table before all of them are encoded: a
// view that somebody asks for a few values only is not.
const formWorth = 4

// formed holds the rows of a table in a form, once they have been read a lot.
type formed struct {
	reads   atomic.Int64
	once    sync.Once
	form    atomic.Pointer[Form] // set when the rows are encoded
	encoded []byte
	ends    []uint32 // ends[i] is where row i ends in encoded
}

// row returns a row in the form, if the rows are encoded in it.
func (e *formed) row(rows []snmp.Varbind, i int, f *Form) ([]byte, bool) {
	done := e.form.Load()
	if done == nil {
		if e.reads.Add(1) <= int64(len(rows)/formWorth) {
			return nil, false
		}
		e.once.Do(func() { e.encode(rows, f) })
		done = e.form.Load()
	}
	if done != f {
		return nil, false
	}
	start := uint32(0)
	if i > 0 {
		start = e.ends[i-1]
	}
	return e.encoded[start:e.ends[i]], true
}

func (e *formed) encode(rows []snmp.Varbind, f *Form) {
	const usualRow = 72 // octets
	e.encoded = make([]byte, 0, usualRow*len(rows))
	e.ends = make([]uint32, len(rows))
	for i, row := range rows {
		e.encoded = f.append(e.encoded, row)
		e.ends[i] = uint32(len(e.encoded))
	}
	e.encoded = slices.Clip(e.encoded)
	e.form.Store(f)
}
