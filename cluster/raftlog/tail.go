package raftlog

import "github.com/hashicorp/raft"

// tail keeps the newest entries of the log in memory, without gaps and
// within a limit of bytes.
type tail struct {
	limit   int
	bytes   int
	entries []raft.Log
}

// entryOverhead is about what an entry costs beside its data.
const entryOverhead = 128

func entrySize(l *raft.Log) int { return entryOverhead + len(l.Data) + len(l.Extensions) }

// add appends an entry. One that does not follow the last starts anew.
func (t *tail) add(l raft.Log) {
	if n := len(t.entries); n > 0 && l.Index != t.entries[n-1].Index+1 {
		t.reset()
	}
	t.entries = append(t.entries, l)
	t.bytes += entrySize(&l)
	for t.bytes > t.limit && len(t.entries) > 0 {
		t.bytes -= entrySize(&t.entries[0])
		t.entries[0] = raft.Log{} // lets the data go
		t.entries = t.entries[1:]
	}
}

func (t *tail) get(index uint64, l *raft.Log) bool {
	if len(t.entries) == 0 {
		return false
	}
	first := t.entries[0].Index
	if index < first || index-first >= uint64(len(t.entries)) {
		return false
	}
	*l = t.entries[index-first]
	return true
}

func (t *tail) reset() { t.entries, t.bytes = nil, 0 }
