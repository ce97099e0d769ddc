package redfish

import (
	"fmt"
	"os"
	"strings"
)

// maxSecret bounds what is read from a password file, in octets.
const maxSecret = 4096

// readSecret returns the first line of a file that only its owner writes and
// that others cannot read.
func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("password file: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("password file: %w", err)
	}
	if !st.Mode().IsRegular() {
		return "", fmt.Errorf("password file %s is not a regular file", path)
	}
	if st.Mode().Perm()&0o037 != 0 {
		return "", fmt.Errorf("password file %s has mode %04o; run: chmod 600 %s", path, st.Mode().Perm(), path)
	}
	if st.Size() > maxSecret {
		return "", fmt.Errorf("password file %s has %d octets, more than %d", path, st.Size(), maxSecret)
	}
	b := make([]byte, st.Size())
	n, err := f.Read(b)
	if err != nil && st.Size() > 0 {
		return "", fmt.Errorf("password file %s: %w", path, err)
	}
	line, _, _ := strings.Cut(string(b[:n]), "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" {
		return "", fmt.Errorf("password file %s is empty; write the BMC password into its first line", path)
	}
	return line, nil
}

// password returns the current password of the BMC account.
func (c Config) password() (string, error) {
	if c.Password != nil {
		return c.Password()
	}
	return readSecret(c.PasswordFile)
}
