package native

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/hashicorp/raft"

	"hawser/cluster/raftlog"
)

// anew is what an operator does with a node whose store cannot be used any more.
const anew = "the cluster goes on without this node: move its data folder away and let it join again with an empty store (hawser forget, hawser join)"

// emptied refuses a store that lost its content: the file is empty, but the folder tells of a former life. An empty store
// would vote as if it had never voted before.
func emptied(dataDir string) error {
	path := filepath.Join(dataDir, storeFile)
	info, err := os.Stat(path)
	if err != nil || info.Size() > 0 {
		return nil // what is wrong with it, opening it tells
	}
	if _, err := os.Stat(filepath.Join(dataDir, outboxFile)); err != nil {
		return nil // the very first start did not come far
	}
	return fmt.Errorf("store %s: %w: the file is empty, but this node has run before; %s", path, raftlog.ErrDamaged, anew)
}

// checkSnapshots makes sure that the log reaches back to a snapshot that can be read. A damaged one is named; raft takes
// the one before it, if the log reaches back that far.
func checkSnapshots(log raft.LogStore, snaps raft.SnapshotStore, dataDir string, complain func(path string, err error)) error {
	first, err := log.FirstIndex()
	if err != nil {
		return err
	}
	list, err := snaps.List()
	if err != nil {
		return fmt.Errorf("snapshots in %s: %w; make the folder readable", dataDir, err)
	}
	var damage []error
	for _, meta := range list { // the newest first
		path := filepath.Join(dataDir, "snapshots", meta.ID, "state.bin")
		if err := readSnapshot(snaps, meta.ID); err != nil {
			complain(path, err)
			damage = append(damage, fmt.Errorf("%s: %w", path, err))
			continue
		}
		if first > meta.Index+1 {
			break
		}
		return nil
	}
	if len(damage) == 0 && first <= 1 {
		return nil // never compacted
	}
	return errors.Join(append(damage, fmt.Errorf("no snapshot in %s can be read that the log, which begins with entry %d, goes on from: %s",
		filepath.Join(dataDir, "snapshots"), first, anew))...)
}

// readSnapshot reads all of a snapshot; its checksum is compared.
func readSnapshot(snaps raft.SnapshotStore, id string) error {
	_, content, err := snaps.Open(id)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, content)
	return errors.Join(err, content.Close())
}
