package journal

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// applicationID marks the file as a hawser journal ("hwsj").
const applicationID = 0x6877736a

// schemaVersion is the number of the newest migration that this program knows.
func schemaVersion() (int, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	return len(names), err
}

// migrate brings the schema to the newest version, each step in its own transaction. A file of a newer program is
// refused, because this one would misread it.
func migrate(ctx context.Context, conn *sql.Conn) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	slices.Sort(names)
	have, err := checkSchema(ctx, conn, len(names))
	if err != nil {
		return err
	}
	for i, name := range names[have:] {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			return err
		}
		script := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;\nCOMMIT;", text, applicationID, have+i+1)
		if _, err := conn.ExecContext(ctx, script); err != nil {
			_, _ = conn.ExecContext(ctx, "ROLLBACK")
			return fmt.Errorf("migration %s: %w", strings.TrimPrefix(name, "migrations/"), err)
		}
	}
	return nil
}

// checkSchema returns the version of the file, and refuses a file of another program or of a newer version.
func checkSchema(ctx context.Context, conn *sql.Conn, newest int) (int, error) {
	var id, version, tables int
	if err := conn.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return 0, err
	}
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
		return 0, err
	}
	switch {
	case id == applicationID && version > newest:
		return 0, fmt.Errorf("%w: its schema is version %d, this program knows %d: start the newer hawser that wrote it, or restore the backup made before the upgrade", ErrForeign, version, newest)
	case id != applicationID && (id != 0 || version != 0 || tables > 0):
		return 0, fmt.Errorf("%w: it holds another program's data: name another dataDir", ErrForeign)
	}
	return version, nil
}
