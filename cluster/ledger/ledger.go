package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"hawser/cluster"
)

// ErrUnknownEntry says that the log holds an entry that this program cannot read: a later version wrote it.
var ErrUnknownEntry = errors.New("log entry of a later version: install the version of hawser that the other nodes run, then start again")

// EventsPerDecision is how many events one decision makes at most: the end of a job that applied settings, with the end of
// their alarm. A proposer sets so many numbers aside for each.
const EventsPerDecision = 3

// Result is what an applied entry has to tell its proposer.
type Result struct {
	Receipt *cluster.Receipt // of a Change
	Refusal *cluster.Refusal // of a Change, or of a word about a job that has ended
	Events  []cluster.Event  // numbered
}

// Ledger holds the state and the history.
type Ledger struct {
	mu      sync.RWMutex // guards all below; never held during I/O
	state   *cluster.State
	history history
	changed chan struct{} // closed at the next change, then replaced
}

// New gives an empty ledger: no cluster is founded yet.
func New() *Ledger {
	return &Ledger{state: emptyState(), history: newHistory(), changed: make(chan struct{})}
}

func emptyState() *cluster.State {
	return &cluster.State{
		Version: cluster.StateVersion, FirstEvent: 1, FirstCondition: 1, NextAlarm: 1, NextJob: 1, NextHwJob: 1,
		Overrides: map[string]cluster.Override{}, Indexes: map[string]cluster.IndexTable{},
		Nodes: map[string]cluster.Node{}, Stacks: map[string]cluster.Stack{}, Services: map[string]cluster.Service{},
		Instances: map[string]cluster.Instance{}, Links: map[string]cluster.LinkState{}, Alarms: map[uint32]cluster.Alarm{},
		Fences: map[string]cluster.Fence{}, Hardware: map[string]*cluster.Hardware{}, Desired: map[string]cluster.Desired{},
		Jobs: map[uint32]cluster.Job{}, HwJobs: map[uint32]cluster.Job{}, Sinks: map[string]cluster.SinkStatus{},
		Origins: map[string]uint64{}, Handed: map[string]cluster.HandedMark{},
	}
}

// Decode reads a log entry, strictly: an unknown version or field is ErrUnknownEntry.
func Decode(data []byte) (cluster.Entry, error) {
	var head struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return cluster.Entry{}, fmt.Errorf("log entry: %w", err)
	}
	if head.Version < 1 || head.Version > cluster.EntryVersion {
		return cluster.Entry{}, fmt.Errorf("log entry version %d: %w", head.Version, ErrUnknownEntry)
	}
	var e cluster.Entry
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return cluster.Entry{}, fmt.Errorf("%w: %w", ErrUnknownEntry, err)
	}
	return e, nil
}

// Encode writes a log entry.
func Encode(e cluster.Entry) ([]byte, error) {
	e.Version = cluster.EntryVersion
	data, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("log entry: %w", err)
	}
	return data, nil
}

// Apply applies one entry, found at a raft index, and publishes the new state. An error means that this program does not
// know the entry; nothing has changed then.
func (l *Ledger) Apply(index uint64, entry cluster.Entry) (Result, error) {
	for i, d := range entry.Decisions {
		if err := known(d); err != nil {
			return Result{}, fmt.Errorf("log entry %d, decision %d: %w", index, i, err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w := newWriter(l.state.Clone(), &l.history, entry)
	for _, d := range entry.Decisions {
		w.apply(d)
	}
	w.expire()
	w.finish(index)
	l.state = w.s
	close(l.changed)
	l.changed = make(chan struct{})
	return w.result, nil
}

// State is the state after the last entry; it never changes.
func (l *Ledger) State() *cluster.State {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.state
}

// Changed is closed when the next entry is applied.
func (l *Ledger) Changed() <-chan struct{} {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.changed
}
