package journal

import (
	"context"
	"sync"
	"time"
)

// CommitBounds are the upper bounds of the classes in Stats.Within.
var CommitBounds = []time.Duration{
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// Stats are counters of the writer since the journal was opened.
type Stats struct {
	Commits uint64        // groups that are on the disk
	Failed  uint64        // groups that are not
	Changes uint64        // of callers, in those commits
	Rows    uint64        // about so many, in those commits
	Took    time.Duration // all commits together
	Within  []uint64      // commits that took at most the bound of the same place
}

// meter counts commits.
type meter struct {
	mu sync.Mutex // guards s
	s  Stats
}

func (m *meter) observe(group []*job, took time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.s.Failed++
		return
	}
	if m.s.Within == nil {
		m.s.Within = make([]uint64, len(CommitBounds))
	}
	m.s.Commits++
	m.s.Changes += uint64(len(group))
	for _, item := range group {
		m.s.Rows += uint64(item.rows)
	}
	m.s.Took += took
	for i, bound := range CommitBounds {
		if took <= bound {
			m.s.Within[i]++
		}
	}
}

// Stats returns the counters as they stand.
func (j *Journal) Stats() Stats {
	j.meter.mu.Lock()
	defer j.meter.mu.Unlock()
	s := j.meter.s
	s.Within = append(make([]uint64, 0, len(CommitBounds)), s.Within...)
	if len(s.Within) == 0 {
		s.Within = make([]uint64, len(CommitBounds))
	}
	return s
}

// Missing is how much of one kind is or was missing.
type Missing struct {
	What, State string // event or condition; open, filled or lost
	Events      int64
}

// Tally is what stands in the journal, in numbers.
type Tally struct {
	Backlog          int64 // authentic events that no rule has seen yet
	OpenIncidents    int64
	Missing          []Missing
	Reconfigurations map[string]int64 // by state
}

// Tally counts. It reads indexes only, so that it may be asked often.
func (r *Reader) Tally(ctx context.Context) (Tally, error) {
	t := Tally{Reconfigurations: map[string]int64{}}
	var err error
	if t.Backlog, err = r.number(ctx, `SELECT count(*) FROM event WHERE analysed_at = 0 AND authentic = 1`); err != nil {
		return t, err
	}
	if t.OpenIncidents, err = r.number(ctx, `SELECT count(*) FROM incident WHERE state = 'open'`); err != nil {
		return t, err
	}
	t.Missing, err = query(ctx, r, `SELECT what, state, sum(last_seq - first_seq + 1) FROM gap GROUP BY what, state`, nil, func(scan func(...any) error) (Missing, error) {
		var m Missing
		err := scan(&m.What, &m.State, &m.Events)
		return m, err
	})
	if err != nil {
		return t, err
	}
	_, err = query(ctx, r, `SELECT state, count(*) FROM reconfiguration GROUP BY state`, nil, func(scan func(...any) error) (struct{}, error) {
		var state string
		var n int64
		err := scan(&state, &n)
		t.Reconfigurations[state] = n
		return struct{}{}, err
	})
	return t, err
}

// Heads returns all clusters as Clusters does, but without their View, which is most of it.
func (r *Reader) Heads(ctx context.Context) ([]Cluster, error) {
	return query(ctx, r, `SELECT cluster_id, name, config_name, generation, first_seen, last_heard, last_polled, poll_error, silent_since
		FROM cluster ORDER BY name, cluster_id`, nil, func(scan func(...any) error) (Cluster, error) {
		var c Cluster
		var generation, first, heard, polled, silent int64
		err := scan(&c.ClusterID, &c.Name, &c.ConfigName, &generation, &first, &heard, &polled, &c.PollError, &silent)
		c.Generation, c.FirstSeen, c.LastHeard, c.LastPolled, c.SilentSince = uint64(generation), instant(first), instant(heard), instant(polled), instant(silent)
		return c, err
	})
}

// View returns the last polled state of one cluster as the poller wrote it, empty when there is none.
func (r *Reader) View(ctx context.Context, clusterID string) (string, error) {
	found, err := query(ctx, r, `SELECT view FROM cluster WHERE cluster_id = ?`, []any{clusterID}, func(scan func(...any) error) (string, error) {
		var view string
		err := scan(&view)
		return view, err
	})
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}
