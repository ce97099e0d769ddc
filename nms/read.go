package nms

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"hawser/nms/ask"
	"hawser/nms/journal"
	"hawser/nms/trapd"
)

// OpenJournal opens the journal of the manager with this data folder for queries, also while the manager runs.
func OpenJournal(dataDir string) (*journal.Reader, error) {
	return journal.OpenReader(filepath.Join(dataDir, journalFile))
}

// EngineID reads the manager's own SNMP engine from its data folder, in hexadecimal.
func EngineID(dataDir string) (string, error) {
	return trapd.ReadEngineID(filepath.Join(dataDir, engineFile))
}

// Fleet returns every cluster with its last polled state.
func Fleet(ctx context.Context, r *journal.Reader) ([]FleetCluster, error) {
	clusters, err := r.Clusters(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]FleetCluster, len(clusters))
	for i, c := range clusters {
		out[i].Cluster = c
		if c.View == "" {
			continue
		}
		out[i].State = &ask.State{}
		if err := json.Unmarshal([]byte(c.View), out[i].State); err != nil {
			return nil, fmt.Errorf("stored state of cluster %s: %w", c.Name, err)
		}
	}
	return out, nil
}

// SetOff switches all reconfiguration off or on, for good, also while the manager runs. It is in the audit chain.
func SetOff(ctx context.Context, dataDir string, off bool, by string) error {
	return withJournal(dataDir, func(j *journal.Journal) error { return j.SetProperty(ctx, journal.PropertyOff, fmt.Sprint(off), by) })
}

func withJournal(dataDir string, do func(*journal.Journal) error) error {
	j, err := journal.OpenBeside(filepath.Join(dataDir, journalFile))
	if err != nil {
		return err
	}
	if err := do(j); err != nil {
		_ = j.Close()
		return err
	}
	return j.Close()
}

// Approve lets a reconfiguration that waits for approval go on; the manager takes it up within seconds, and asks its gates
// again.
func Approve(ctx context.Context, dataDir string, id int64, by string) error {
	return withJournal(dataDir, func(j *journal.Journal) error {
		return j.Decide(ctx, id, by, journal.StateApproved, "approved")
	})
}

// Reject ends a reconfiguration that waits for approval.
func Reject(ctx context.Context, dataDir string, id int64, by, reason string) error {
	return withJournal(dataDir, func(j *journal.Journal) error {
		return j.Decide(ctx, id, by, journal.StateRejected, "rejected: "+reason)
	})
}
