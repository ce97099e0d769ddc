package native

import (
	"errors"
	"fmt"
	"reflect"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// errNotWhole says that a decision must not enter the log: every node would stop at it.
var errNotWhole = errors.New("a decision has exactly one content: the program that sent it is of a later version or faulty")

// whole says whether a decision may enter the log.
func whole(d cluster.Decision) error {
	count := 0
	for _, field := range reflect.ValueOf(d).Fields() {
		if !field.IsNil() {
			count++
		}
	}
	if count != 1 {
		return fmt.Errorf("%w: it has %d", errNotWhole, count)
	}
	return nil
}

// fromOutside says whether a decision may come from another node or from a front end. What the engine decides comes from
// the leader itself, on the state that it has: from anywhere else it would be old (A1). So does what is said of jobs and of
// settings that are applied: one node works on them, the leader.
func fromOutside(d cluster.Decision) bool {
	return d.Change != nil || d.Refuse != nil || d.Undo != nil || d.Release != nil || d.Hardware != nil ||
		d.Sink != nil || d.Event != nil || d.Reserve != nil || d.Fenced != nil || d.Handed != nil
}

// split packs groups of decisions into entries below the size limit, in order. A group stays together, because its event
// belongs to its change of state; one that is too large alone is cut between decisions, and a decision that is too large
// alone goes alone.
func split(groups [][]cluster.Decision) [][]cluster.Decision {
	var p packer
	for _, group := range groups {
		if size := sizeOf(group...); size <= maxEntry {
			p.add(size, group...)
			continue
		}
		for _, d := range group {
			p.add(sizeOf(d), d)
		}
	}
	return p.entries
}

// packer fills entries.
type packer struct {
	entries [][]cluster.Decision
	size    int // of the last
}

func (p *packer) add(size int, ds ...cluster.Decision) {
	if len(ds) == 0 {
		return
	}
	if len(p.entries) == 0 || p.size+size > maxEntry {
		p.entries, p.size = append(p.entries, nil), 0
	}
	last := len(p.entries) - 1
	p.entries[last] = append(p.entries[last], ds...)
	p.size += size
}

// sizeOf is what decisions take in an entry, its head included.
func sizeOf(ds ...cluster.Decision) int {
	data, err := ledger.Encode(cluster.Entry{Decisions: ds})
	if err != nil {
		panic("native: a decision does not encode: " + err.Error())
	}
	return len(data)
}
