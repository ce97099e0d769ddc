package native

import (
	"fmt"
	"io"

	"github.com/hashicorp/raft"

	"hawser/cluster/ledger"
)

// fsm gives raft the ledger. An entry that cannot be applied stops the node: it must not go on with a state that the
// others do not have. Raft calls its methods from one goroutine.
type fsm struct {
	ledger *ledger.Ledger
	notify func()
	fatal  chan<- error
	failed error // from then on nothing is applied, and no snapshot hides the entry that is missing
}

// applied is the answer of Apply.
type applied struct {
	result ledger.Result
	index  uint64
	err    error
}

// Apply applies one committed entry (raft.FSM).
func (f *fsm) Apply(log *raft.Log) any {
	if f.failed != nil {
		return applied{err: f.failed}
	}
	entry, err := ledger.Decode(log.Data)
	var result ledger.Result
	if err == nil {
		result, err = f.ledger.Apply(log.Index, entry)
	}
	if err != nil {
		f.failed = fmt.Errorf("log entry %d: %w", log.Index, err)
		f.fatal <- f.failed // its room for one is ours alone
		return applied{err: f.failed}
	}
	f.notify()
	return applied{result: result, index: log.Index}
}

// Snapshot takes the state as it is now (raft.FSM).
func (f *fsm) Snapshot() (raft.FSMSnapshot, error) {
	if f.failed != nil {
		return nil, f.failed
	}
	return image{f.ledger.Image()}, nil
}

// Restore replaces the state (raft.FSM).
func (f *fsm) Restore(from io.ReadCloser) error {
	defer func() { _ = from.Close() }() // read to its end or refused: there is nothing to lose
	if err := f.ledger.Restore(from); err != nil {
		return err
	}
	f.notify()
	return nil
}

type image struct{ *ledger.Image }

// Persist writes the snapshot (raft.FSMSnapshot).
func (i image) Persist(sink raft.SnapshotSink) error {
	if err := i.Write(sink); err != nil {
		_ = sink.Cancel() // the write's error tells more
		return err
	}
	return sink.Close()
}

// Release has nothing to release (raft.FSMSnapshot).
func (i image) Release() {}
