package socket

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// maxPath is what a socket address holds (unix(7), less the final zero).
const maxPath = 107

// listen binds the socket for its owner alone. One that a daemon left behind is replaced, one that answers is not.
func listen(path string) (net.Listener, error) {
	short, done, err := shorten(path)
	if err != nil {
		return nil, err
	}
	defer done()
	if conn, err := net.Dial("unix", short); err == nil {
		_ = conn.Close()
		return nil, errors.New("another node runs on this data folder: stop it first")
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	// The data folder is the owner's alone, so nobody else can come in before the mode is set.
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false) // by the short name, which is gone by then
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return &unlinking{listener, path}, nil
}

// unlinking removes the socket's file when it is closed.
type unlinking struct {
	net.Listener
	path string
}

// Close closes the socket and removes its file.
func (u *unlinking) Close() error {
	err := u.Listener.Close()
	if gone := os.Remove(u.path); gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// shorten gives a name for path that fits a socket address, valid until done.
func shorten(path string) (short string, done func(), err error) {
	if len(path) <= maxPath {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)), func() { _ = dir.Close() }, nil
}
