package plugin

import (
	"slices"
	"sync"

	"hawser/mib/snmp"
)

// record is one rendered row of a history: its last index and its values by column number; a value without a type has no
// instance.
type record struct {
	index  uint32
	values []snmp.Value
}

// page is a run of rendered rows, sorted by index.
type page struct {
	rows []record
	// through is the newest index of the log when the page was read: rows up to it are complete.
	through uint32
}

// pages keeps the pages used last. Rows of a history never change, so that a page once complete stays right.
type pages struct {
	load func(key uint32) ([]record, error)
	most int

	mu    sync.Mutex // guards what follows; never held during load
	held  map[uint32]page
	order []uint32 // keys, the one used longest ago first
}

func newPages(most int, load func(key uint32) ([]record, error)) *pages {
	return &pages{load: load, most: most, held: map[uint32]page{}}
}

// get returns the rows of a page. end is the last index that the page can hold, last the newest of the log.
func (p *pages) get(key, end, last uint32) ([]record, error) {
	if kept, ok := p.kept(key); ok && kept.through >= min(end, last) {
		return kept.rows, nil
	}
	rows, err := p.load(key)
	if err != nil {
		return nil, err
	}
	p.keep(key, page{rows: rows, through: last})
	return rows, nil
}

// kept returns a page that is held, and marks it as used.
func (p *pages) kept(key uint32) (page, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	held, ok := p.held[key]
	if ok {
		p.touch(key)
	}
	return held, ok
}

func (p *pages) keep(key uint32, new page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[key] = new
	p.touch(key)
	for len(p.order) > p.most {
		delete(p.held, p.order[0])
		p.order = p.order[1:]
	}
}

func (p *pages) touch(key uint32) {
	if n := len(p.order); n > 0 && p.order[n-1] == key {
		return
	}
	p.order = append(slices.DeleteFunc(p.order, func(k uint32) bool { return k == key }), key)
}

// at finds the row with this index.
func at(rows []record, index uint32) (record, bool) {
	i, ok := slices.BinarySearchFunc(rows, index, byIndex)
	if !ok {
		return record{}, false
	}
	return rows[i], true
}

// from is the part of the rows that begins at this index.
func from(rows []record, index uint32) []record {
	i, _ := slices.BinarySearchFunc(rows, index, byIndex)
	return rows[i:]
}

func byIndex(r record, index uint32) int {
	switch {
	case r.index < index:
		return -1
	case r.index > index:
		return 1
	}
	return 0
}

// take returns the values of the one row that was collected, by column number, and empties the collector.
func (r *rows) take() []snmp.Value {
	values := make([]snmp.Value, len(r.columns))
	for i := range r.columns {
		if binds := r.columns[i].binds; len(binds) > 0 {
			values[i] = binds[0].Value
			r.columns[i].binds = binds[:0]
		}
	}
	r.count = 0
	r.slab = r.slab[:0]
	return values
}
