package plugin

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hawser/mib/snmp"
)

// beatKeyOctets is the least length of a beat key.
const beatKeyOctets = 16

// ReadSecret reads a secret from a file that only its owner may read, without the line's end.
func ReadSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s has mode %s: others can read this secret; chmod 0600 it", path, info.Mode())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(data), "\r\n")
	if secret == "" {
		return "", fmt.Errorf("%s is empty: write the secret into it", path)
	}
	return secret, nil
}

// ReadBeatKey reads the key of the beats, in hexadecimal.
func ReadBeatKey(path string) ([]byte, error) {
	text, err := ReadSecret(path)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(text)
	if err != nil || len(key) < beatKeyOctets {
		return nil, fmt.Errorf("%s is no key: write at least %d octets in hexadecimal", path, beatKeyOctets)
	}
	return key, nil
}

// Resolve makes the paths that are relative absolute, below dir, the folder of the configuration file.
func (c *Config) Resolve(dir string) {
	for _, f := range c.files() {
		if *f.path != "" && !filepath.IsAbs(*f.path) {
			*f.path = filepath.Join(dir, *f.path)
		}
	}
	for i, path := range c.Cluster.BeatKeyFiles {
		if path != "" && !filepath.IsAbs(path) {
			c.Cluster.BeatKeyFiles[i] = filepath.Join(dir, path)
		}
	}
}

// namedFile is a path in the configuration and where it stands there.
type namedFile struct {
	at     string
	path   *string
	secret bool
}

// files lists every path but the beat keys.
func (c *Config) files() []namedFile {
	files := []namedFile{
		{"dataDir", &c.DataDir, false},
		{"cluster.caFile", &c.Cluster.CAFile, false},
		{"cluster.certFile", &c.Cluster.CertFile, false},
		{"cluster.keyFile", &c.Cluster.KeyFile, true},
		{"emulation.bootIdFile", &c.Emulation.BootIDFile, false},
	}
	for i := range c.Nodes {
		b, at := &c.Nodes[i].BMC, fmt.Sprintf("nodes[%d].bmc.", i)
		files = append(files, namedFile{at + "usernameFile", &b.UsernameFile, true},
			namedFile{at + "passwordFile", &b.PasswordFile, true}, namedFile{at + "caFile", &b.CAFile, false})
	}
	for i := range c.Sinks {
		files = append(files, namedFile{fmt.Sprintf("sinks[%d].communityFile", i), &c.Sinks[i].CommunityFile, true})
	}
	for i := range c.SNMP.Users {
		u, at := &c.SNMP.Users[i], fmt.Sprintf("snmp.users[%d].", i)
		files = append(files, namedFile{at + "authPassphraseFile", &u.AuthPassphraseFile, true},
			namedFile{at + "privPassphraseFile", &u.PrivPassphraseFile, true})
	}
	for i := range c.SNMP.Communities {
		files = append(files, namedFile{fmt.Sprintf("snmp.communities[%d].communityFile", i), &c.SNMP.Communities[i].CommunityFile, true})
	}
	return files
}

// CheckFiles names every fault of the files that the configuration names: missing, readable by others, not what they
// should be. The error is of type Faults.
func (c Config) CheckFiles() error {
	var found Faults
	for _, f := range c.files() {
		if *f.path == "" || f.at == "dataDir" {
			continue
		}
		checkFile(&found, f)
	}
	for i, path := range c.Cluster.BeatKeyFiles {
		if _, err := ReadBeatKey(path); err != nil {
			found.add(fmt.Sprintf("cluster.beatKeyFiles[%d]", i), "make one with `hawser init`; mode 0600", "%v", err)
		}
	}
	c.checkDataDir(&found)
	c.checkCertificate(&found)
	return found.Err()
}

func checkFile(found *Faults, f namedFile) {
	if !f.secret {
		if info, err := os.Stat(*f.path); err != nil {
			found.add(f.at, "put the file there, or correct the path", "%v", err)
		} else if info.IsDir() {
			found.add(f.at, "name a file", "%s is a folder", *f.path)
		}
		return
	}
	secret, err := ReadSecret(*f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		found.add(f.at, "put the file there with mode 0600, or correct the path", "%v", err)
	case err != nil:
		found.add(f.at, "chmod 0600 "+*f.path, "%v", err)
	case strings.HasSuffix(f.at, "PassphraseFile") && len(secret) < snmp.MinPassphrase:
		found.add(f.at, fmt.Sprintf("write at least %d characters", snmp.MinPassphrase), "the passphrase in %s is too short", *f.path)
	}
}

func (c Config) checkDataDir(found *Faults) {
	info, err := os.Stat(c.DataDir)
	switch {
	case c.DataDir == "" || errors.Is(err, fs.ErrNotExist): // the node makes it
	case err != nil:
		found.add("dataDir", "make the folder accessible to the user that runs the node", "%v", err)
	case !info.IsDir():
		found.add("dataDir", "name a folder", "%s is a file", c.DataDir)
	case info.Mode().Perm()&0o022 != 0:
		found.add("dataDir", "chmod 0700 "+c.DataDir, "others can write to %s (mode %s)", c.DataDir, info.Mode().Perm())
	}
}

// checkCertificate makes sure that the certificate is this node's in this cluster, and its CA's.
func (c Config) checkCertificate(found *Faults) {
	pair, err := tls.LoadX509KeyPair(c.Cluster.CertFile, c.Cluster.KeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return // named above
	}
	const renew = "issue this node's certificate anew with `hawser init`"
	if err != nil {
		found.add("cluster.certFile", renew, "%v", err)
		return
	}
	want := "hawser://" + c.Cluster.ID + "/" + c.Node
	if len(pair.Leaf.URIs) != 1 || pair.Leaf.URIs[0].String() != want {
		found.add("cluster.certFile", renew, "is for %v, not for %s", pair.Leaf.URIs, want)
	}
	ca, err := os.ReadFile(c.Cluster.CAFile)
	if err != nil {
		return // named above
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		found.add("cluster.caFile", "name the CA's certificate in PEM", "%s holds no certificate", c.Cluster.CAFile)
		return
	}
	// An expired certificate is accepted (DESIGN.md, section 8): the chain is checked as of its own time.
	opts := x509.VerifyOptions{Roots: roots, CurrentTime: pair.Leaf.NotBefore.Add(time.Second), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	if _, err := pair.Leaf.Verify(opts); err != nil {
		found.add("cluster.certFile", renew, "is not by the authority of %s: %v", c.Cluster.CAFile, err)
	}
}
