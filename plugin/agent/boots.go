package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"hawser/mib/snmp"
)

// raiseBoots returns one more than any value that the file or others remember, durable when it returns. A file that
// cannot be read is an error and never taken for 0: managers would refuse everything that follows (RFC 3414, 2.2).
func raiseBoots(file string, replicated uint32) (uint32, error) {
	own, err := readBoots(file)
	if err != nil {
		return 0, err
	}
	last := max(own, replicated)
	if last >= snmp.MaxBoots {
		return 0, fmt.Errorf("snmpEngineBoots in %s is used up: give the node a new engine id and remove the file", file)
	}
	boots := last + 1
	if err := writeDurably(file, []byte(strconv.FormatUint(uint64(boots), 10)+"\n")); err != nil {
		return 0, fmt.Errorf("keep snmpEngineBoots: %w: make the folder writable", err)
	}
	return boots, nil
}

func readBoots(file string) (uint32, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read snmpEngineBoots: %w: make the file readable", err)
	}
	boots, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%s holds no snmpEngineBoots: %w: write a number there that is higher than any that managers have seen", file, err)
	}
	return uint32(boots), nil
}

// writeDurably replaces a file at once, so that a crash leaves the old or the new content, on disk.
func writeDurably(file string, content []byte) (err error) {
	next := file + ".new"
	defer func() {
		if err != nil {
			_ = os.Remove(next) // it may not be there
		}
	}()
	out, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if err = os.Rename(next, file); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(file))
}

func syncFolder(folder string) error {
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
