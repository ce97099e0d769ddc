package web

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The roles of those who log in.
const (
	RoleViewer   = "viewer"   // sees everything
	RoleOperator = "operator" // approves, rejects, and throws the switch too
)

const (
	hashName   = "pbkdf2-sha256"
	iterations = 600_000 // some tenths of a second; OWASP's figure of 2023 for HMAC-SHA-256
	mostWork   = 10_000_000
	saltSize   = 16
	keySize    = 32
	passLeast  = 12
	passMost   = 1024
)

var userName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

// UserLine makes the line of the file of users for a person: name, role and a salted hash of the password.
func UserLine(name, role, password string) (string, error) {
	switch {
	case !userName.MatchString(name):
		return "", fmt.Errorf("%q is no name: use 1 to 64 letters, digits, points, hyphens, underscores and @", name)
	case role != RoleViewer && role != RoleOperator:
		return "", fmt.Errorf("%q is no role: use %s or %s", role, RoleViewer, RoleOperator)
	case len(password) < passLeast || len(password) > passMost:
		return "", fmt.Errorf("the password has %d octets: use %d to %d", len(password), passLeast, passMost)
	}
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	hash, err := derive(password, salt, iterations)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s:%s:%s$%d$%s$%s", name, role, hashName, iterations, text64(salt), text64(hash)), nil
}

func text64(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

func derive(password string, salt []byte, work int) ([]byte, error) {
	return pbkdf2.Key(sha256.New, password, salt, work, keySize)
}

// user is one person who may log in.
type user struct {
	name, role string
	salt, hash []byte
	work       int
}

// users is the file of users. It is read again when it changed, so that a removed person is out at once.
type users struct {
	path string

	mu      sync.Mutex // guards the fields below
	byName  map[string]user
	work    int // of the hardest hash: that of a name that is not there takes as long
	changed time.Time
	size    int64
}

// load reads the file. The error says what is wrong with which line; it never holds a hash.
func (u *users) load() error {
	info, err := os.Stat(u.path)
	if err != nil {
		return fmt.Errorf("%w: make it with `hawser fleet passwd`", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s has mode %s: others can read these hashes; chmod 0600 it", u.path, info.Mode())
	}
	data, err := os.ReadFile(u.path)
	if err != nil {
		return err
	}
	found, work := map[string]user{}, 0
	var errs []error
	for i, line := range bytes.Split(data, []byte("\n")) {
		text := strings.TrimSpace(string(line))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		one, err := parseUser(text)
		if _, twice := found[one.name]; err == nil && twice {
			err = fmt.Errorf("%s is there twice", one.name)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: line %d: %w", u.path, i+1, err))
			continue
		}
		found[one.name], work = one, max(work, one.work)
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.byName, u.work, u.changed, u.size = found, work, info.ModTime(), info.Size()
	return nil
}

var errLine = errors.New("is not name:role:" + hashName + "$work$salt$hash: make it with `hawser fleet passwd`")

func parseUser(line string) (user, error) {
	parts := strings.Split(line, ":")
	if len(parts) != 3 || !userName.MatchString(parts[0]) {
		return user{}, errLine
	}
	u := user{name: parts[0], role: parts[1]}
	if u.role != RoleViewer && u.role != RoleOperator {
		return user{}, fmt.Errorf("%s has the role %q: use %s or %s", u.name, u.role, RoleViewer, RoleOperator)
	}
	hash := strings.Split(parts[2], "$")
	if len(hash) != 4 || hash[0] != hashName {
		return user{}, errLine
	}
	var err1, err2, err3 error
	u.work, err1 = strconv.Atoi(hash[1])
	u.salt, err2 = base64.RawStdEncoding.DecodeString(hash[2])
	u.hash, err3 = base64.RawStdEncoding.DecodeString(hash[3])
	if errors.Join(err1, err2, err3) != nil || u.work < 1000 || u.work > mostWork || len(u.salt) < 8 || len(u.hash) != keySize {
		return user{}, errLine
	}
	return u, nil
}

// find returns a person by name, after a look whether the file changed. A file that cannot be read any more lets nobody in.
func (u *users) find(name string) (user, bool, error) {
	info, err := os.Stat(u.path)
	if err != nil {
		return user{}, false, err
	}
	u.mu.Lock()
	same := info.ModTime().Equal(u.changed) && info.Size() == u.size
	u.mu.Unlock()
	if !same {
		if err := u.load(); err != nil {
			return user{}, false, err
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	one, ok := u.byName[name]
	return one, ok, nil
}

// check says whether a password is the person's. It takes as long for a name that is not there, so that nobody learns names.
func (u *users) check(name, password string) (user, bool, error) {
	one, ok, err := u.find(name)
	if err != nil {
		return user{}, false, err
	}
	if !ok {
		u.mu.Lock()
		one = user{salt: make([]byte, saltSize), hash: make([]byte, keySize), work: max(u.work, 1)}
		u.mu.Unlock()
	}
	got, err := derive(password, one.salt, one.work)
	if err != nil {
		return user{}, false, err
	}
	return one, subtle.ConstantTimeCompare(got, one.hash) == 1 && ok, nil
}

// CheckUsersFile says what is wrong with a file of users.
func CheckUsersFile(path string) error {
	u := users{path: path}
	return u.load()
}
