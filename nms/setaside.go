package nms

import (
	"context"
	"path/filepath"

	"hawser/nms/journal"
)

// SetAside moves the journal of the manager with this data folder away, keeps it, and begins an empty one. The manager must
// not run; its next start fetches what the clusters still have.
func SetAside(ctx context.Context, dataDir, by string) (journal.Aside, error) {
	return journal.SetAside(ctx, filepath.Join(dataDir, journalFile), by)
}
