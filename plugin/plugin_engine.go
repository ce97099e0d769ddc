package plugin

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"hawser/mib"
	"hawser/mib/snmp"
)

// engineIDFile holds the node's own snmpEngineID.
const engineIDFile = "snmp-engine-id"

// EngineID reads the node's own snmpEngineID from its data folder, or makes one there. It is bound to the machine: a folder
// that was copied to another machine gets a new one, so that no two engines share an id.
func EngineID(dataDir, machine string) ([]byte, error) {
	if machine == "" {
		machine = "-" // not known, as to an ordinary user: the id is not bound
	}
	path := filepath.Join(dataDir, engineIDFile)
	data, err := os.ReadFile(path)
	switch {
	case err == nil:
		if id, ok := ownEngineID(data, machine); ok {
			return id, nil
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("engine id: %w", err)
	}
	id := snmp.NewEngineID(mib.PEN)
	if err := writeFile(path, fmt.Appendf(nil, "%x %s\n", id, machine)); err != nil {
		return nil, fmt.Errorf("engine id: %w", err)
	}
	return id, nil
}

// ownEngineID reads "HEX MACHINE"; false if it is another machine's, or damaged.
func ownEngineID(data []byte, machine string) ([]byte, bool) {
	digits, of, ok := bytes.Cut(bytes.TrimSuffix(data, []byte("\n")), []byte(" "))
	id, err := hex.DecodeString(string(digits))
	if !ok || err != nil || string(of) != machine || len(id) < snmp.MinEngineID || len(id) > mib.EngineIDMax {
		return nil, false
	}
	return id, true
}

// writeFile writes a file whole or not at all, durably.
func writeFile(path string, data []byte) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already if all went well
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// syncFolder makes a rename durable.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
