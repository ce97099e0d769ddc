package raftlog

import (
	"fmt"
	"os"

	"github.com/hashicorp/raft"
	"github.com/sirupsen/logrus"
)

// snapshotsKept is how many snapshots stay: the newest, and one to fall back
// on should it be damaged.
const snapshotsKept = 2

// Snapshots keeps raft's snapshots in dir, which it creates with mode 0700.
func Snapshots(dir string, log *logrus.Entry) (raft.SnapshotStore, error) {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, fmt.Errorf("snapshots %s: %w; check the configured data folder", dir, err)
	}
	s, err := raft.NewFileSnapshotStoreWithLogger(dir, snapshotsKept, NewLogger(log))
	if err != nil {
		return nil, fmt.Errorf("snapshots %s: %w; check the folder's owner and mode", dir, err)
	}
	return s, nil
}
