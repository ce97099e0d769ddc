package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
	"time"

	"hawser/cluster/raftlog"
	"hawser/mib"
	"hawser/mib/snmp"
)

const (
	// certificateLifetime is of a node's first certificate; an expired one does not stop a running cluster.
	certificateLifetime = 5 * 365 * 24 * time.Hour
	beatKeyLength       = 32
	passphraseLength    = 24
)

// initUser is an SNMP user that init made. Its name has 8 characters or more, all letters.
type initUser struct {
	Name     string `json:"name"`
	Role     string `json:"role"`
	AuthFile string `json:"authPassphraseFile"`
	PrivFile string `json:"privPassphraseFile"`
}

// firstUsers are one user per role.
func firstUsers() []initUser {
	var users []initUser
	for _, role := range mib.Roles {
		name := "hawser" + string(bytes.ToUpper([]byte(role.Name[:1]))) + role.Name[1:]
		users = append(users, initUser{
			Name: name, Role: role.Name,
			AuthFile: filepath.Join("users", name+".auth"), PrivFile: filepath.Join("users", name+".priv"),
		})
	}
	return users
}

// founder writes the files of a new cluster; the first error stays.
type founder struct {
	dir string
	err error
}

func (f *founder) write(mode os.FileMode, data []byte, path ...string) {
	if f.err != nil {
		return
	}
	file := filepath.Join(append([]string{f.dir}, path...)...)
	if f.err = os.MkdirAll(filepath.Dir(file), 0o700); f.err == nil {
		f.err = os.WriteFile(file, data, mode)
	}
}

// found makes a new cluster: nothing of it existed before.
func found(o initOptions, nodes []initNode) (initResult, error) {
	made := initResult{Cluster: o.name, ID: newUUID(), EngineID: hex.EncodeToString(snmp.NewEngineID(mib.PEN)), Dir: o.dir, Users: firstUsers()}
	ca, err := raftlog.NewCA(made.ID, o.name)
	if err != nil {
		return made, err
	}
	f := &founder{dir: o.dir}
	f.write(0o644, ca.Cert, "ca", "ca.pem")
	f.write(0o600, ca.Key, "ca", "ca.key")
	secrets := newSecrets(made.Users)
	for _, n := range nodes {
		pair, err := raftlog.Issue(ca, made.ID, n.Name, n.Hosts, certificateLifetime)
		if err != nil {
			return made, err
		}
		f.node(made, o, nodes, n, pair, ca.Cert, secrets)
		made.Nodes = append(made.Nodes, n.Name)
		made.Configs = append(made.Configs, filepath.Join(o.dir, n.Name, configName))
	}
	for path, secret := range secrets {
		if path != beatKeyFile { // a manager is no node
			f.write(0o600, secret, "manager", path)
		}
	}
	f.template("manager.yaml", managerTemplate, map[string]any{"Made": made, "Manager": o.manager, "Nodes": nodes}, "manager", "manager.yaml")
	return made, f.err
}

// beatKeyFile is the key of the beats, which the nodes share.
const beatKeyFile = "beat.key"

// secrets are the contents of the secret files, by path within a node's folder.
type secrets map[string][]byte

func newSecrets(users []initUser) secrets {
	key := make([]byte, beatKeyLength)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	s := secrets{beatKeyFile: []byte(hex.EncodeToString(key) + "\n")}
	for _, u := range users {
		s[u.AuthFile], s[u.PrivFile] = newPassphrase(), newPassphrase()
	}
	return s
}

// newPassphrase is letters and digits, so that it needs no quotes anywhere.
func newPassphrase() []byte {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789" // 57; none that look alike
	out := make([]byte, 0, passphraseLength+1)
	for b := [1]byte{}; len(out) < passphraseLength; {
		_, _ = rand.Read(b[:])
		if int(b[0]) < 4*len(letters) { // each letter as likely as another
			out = append(out, letters[int(b[0])%len(letters)])
		}
	}
	return append(out, '\n')
}

// newUUID is a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (f *founder) node(made initResult, o initOptions, nodes []initNode, self initNode, pair raftlog.KeyPair, ca []byte, s secrets) {
	f.write(0o644, ca, self.Name, "ca.pem")
	f.write(0o644, pair.Cert, self.Name, "node.pem")
	f.write(0o600, pair.Key, self.Name, "node.key")
	for path, secret := range s {
		f.write(0o600, secret, self.Name, path)
	}
	f.template("hawser.yaml", nodeTemplate, map[string]any{"Made": made, "Manager": o.manager, "Nodes": nodes, "Self": self}, self.Name, configName)
}

func (f *founder) template(name, text string, data any, path ...string) {
	var out bytes.Buffer
	t, err := template.New(name).Parse(text)
	if err != nil {
		panic("hawser: " + err.Error())
	}
	if err := t.Execute(&out, data); err != nil {
		f.err = errors.Join(f.err, err)
	}
	f.write(0o600, out.Bytes(), path...)
}
