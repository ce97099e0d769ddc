package nms

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hawser/mib/snmp"
)

// Resolve makes the paths that are relative absolute, below dir, the folder of the configuration file.
func (c *Config) Resolve(dir string) {
	for _, f := range c.files() {
		if *f.path != "" && !filepath.IsAbs(*f.path) {
			*f.path = filepath.Join(dir, *f.path)
		}
	}
}

// namedFile is a path in the configuration and where it stands there.
type namedFile struct {
	at     string
	path   *string
	secret bool
}

func (c *Config) files() []namedFile {
	files := []namedFile{{"dataDir", &c.DataDir, false}, {"web.usersFile", &c.Web.UsersFile, false}}
	for i := range c.Traps.CommunityFiles {
		files = append(files, namedFile{fmt.Sprintf("traps.communityFiles[%d]", i), &c.Traps.CommunityFiles[i], true})
	}
	for i := range c.Users {
		u, at := &c.Users[i], fmt.Sprintf("users[%d].", i)
		files = append(files, namedFile{at + "authPassphraseFile", &u.AuthPassphraseFile, true}, namedFile{at + "privPassphraseFile", &u.PrivPassphraseFile, true})
	}
	return files
}

// CheckFiles names every fault of the files that the configuration names: missing, readable by others, too short. The
// error is of type Faults.
func (c Config) CheckFiles() error {
	var found Faults
	for _, f := range c.files() {
		if !f.secret || *f.path == "" {
			continue
		}
		if _, err := readSecret(*f.path); err != nil {
			found.add(f.at, "write the secret to a file of mode 0600 that this user owns", "%s", err)
		}
	}
	c.checkUsersFile(&found)
	if len(found) > 0 {
		return found.Err()
	}
	for i, u := range c.Users {
		if _, err := u.load(); err != nil {
			found.add(fmt.Sprintf("users[%d]", i), "", "%s", err)
		}
	}
	return found.Err()
}

// readSecret reads a secret from a file that only its owner may read, without the line's end.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s has mode %s: others can read this secret; chmod 0600 it", path, info.Mode())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" {
		return "", fmt.Errorf("%s is empty: write the secret into it", path)
	}
	return secret, nil
}

// load reads the passphrases of a user.
func (u UserConfig) load() (snmp.User, error) {
	out := snmp.User{Name: u.Name}
	var err error
	if out.Auth, err = snmp.ParseAuthProtocol(u.AuthProtocol); err != nil {
		return out, fmt.Errorf("user %s: %w", u.Name, err)
	}
	if out.Priv, err = snmp.ParsePrivProtocol(u.PrivProtocol); err != nil {
		return out, fmt.Errorf("user %s: %w", u.Name, err)
	}
	if out.AuthPassphrase, err = readSecret(u.AuthPassphraseFile); err != nil {
		return out, fmt.Errorf("user %s: %w", u.Name, err)
	}
	if out.PrivPassphrase, err = readSecret(u.PrivPassphraseFile); err != nil {
		return out, fmt.Errorf("user %s: %w", u.Name, err)
	}
	return out, out.Validate()
}

// engine is the configured id of a cluster's engine, nil when it is to be learnt.
func (c ClusterConfig) engine() ([]byte, error) {
	if c.EngineID == "" {
		return nil, nil
	}
	return hex.DecodeString(c.EngineID)
}
