package redfish

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// credential is what authorizes one request: a session token, or, for the
// urgent lane when no session can be had, name and password. The zero value
// authorizes nothing.
type credential struct {
	token          string
	user, password string
	basic          bool
}

func (cr credential) apply(req *http.Request) {
	switch {
	case cr.token != "":
		req.Header.Set("X-Auth-Token", cr.token)
	case cr.basic:
		req.SetBasicAuth(cr.user, cr.password)
	}
}

// session is the one session at the BMC.
type session struct {
	cfg Config

	login chan struct{} // capacity 1: whoever logs in holds it; made lazily under mu

	mu       sync.Mutex // guards all below; never held during I/O
	token    string
	uri      string // to DELETE
	sessions string // where to POST, from the service root
	refused  [sha256.Size]byte
	until    time.Time // no new attempt with the refused password before
}

// refusalPause is how long a refused password is not tried again: BMCs lock
// accounts after a few attempts.
const refusalPause = time.Minute

// defaultSessions is where sessions are made when the root does not say.
const defaultSessions = "/redfish/v1/SessionService/Sessions"

func (s *session) current() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token
}

func (s *session) lock() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.login == nil {
		s.login = make(chan struct{}, 1)
	}
	return s.login
}

// credential returns what to authorize with. stale is the credential that the
// BMC just refused, zero at the first attempt.
func (c *client) credential(ctx context.Context, l *lane, stale credential) (credential, error) {
	if t := c.session.current(); t != "" && t != stale.token {
		return credential{token: t}, nil
	}
	if l.urgent {
		return c.urgentCredential(ctx, l, stale)
	}
	if stale.basic {
		return credential{}, ErrCredentials
	}
	gate := c.session.lock()
	select {
	case gate <- struct{}{}:
	case <-ctx.Done():
		return credential{}, fmt.Errorf("wait for login: %w", ctx.Err())
	}
	defer func() { <-gate }()
	if t := c.session.current(); t != "" && t != stale.token {
		return credential{token: t}, nil // somebody else logged in meanwhile
	}
	cr, err := c.newSession(ctx, l)
	if st := statusOf(err); st == http.StatusServiceUnavailable || st == http.StatusTooManyRequests {
		// Its sessions are all taken, by former lives of killed nodes perhaps: it answers, so it is asked without one.
		pw, err := c.session.cfg.password()
		return credential{user: c.session.cfg.Username, password: pw, basic: true}, err
	}
	return cr, err
}

// urgentCredential never waits for a login that is under way elsewhere. When
// the BMC makes no session (its limit is reached, its session service hangs)
// name and password go with the request itself.
func (c *client) urgentCredential(ctx context.Context, l *lane, stale credential) (credential, error) {
	if stale.basic {
		return credential{}, ErrCredentials
	}
	pw, err := c.session.cfg.password()
	if err != nil {
		return credential{}, err
	}
	basic := credential{user: c.session.cfg.Username, password: pw, basic: true}
	gate := c.session.lock()
	select {
	case gate <- struct{}{}:
		defer func() { <-gate }()
	default:
		return basic, nil
	}
	cr, err := c.newSession(ctx, l)
	if err == nil || errors.Is(err, ErrCredentials) {
		return cr, err
	}
	return basic, nil
}

// loginGrace is how long a login may outlive a caller that has given up. One
// that is broken off may leave a session at the BMC that nobody ends, and BMCs
// have few.
const loginGrace = time.Second

// graced is ctx, but that it outlives a cancellation by loginGrace; a deadline
// is kept: a fence has no time to lose. done frees it.
func graced(ctx context.Context) (longer context.Context, done func()) {
	var cancel context.CancelFunc
	longer = context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		longer, cancel = context.WithDeadline(longer, deadline)
	} else {
		longer, cancel = context.WithCancel(longer)
	}
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(loginGrace, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}

// newSession logs in; the caller holds the login gate.
func (c *client) newSession(ctx context.Context, l *lane) (credential, error) {
	ctx, done := graced(ctx)
	defer done()
	s := c.session
	pw, err := s.cfg.password()
	if err != nil {
		return credential{}, fmt.Errorf("log in to %s: %w", c.name, err)
	}
	sum := sha256.Sum256([]byte(pw))
	s.mu.Lock()
	held := sum == s.refused && time.Now().Before(s.until) && !l.urgent
	path := s.sessions
	s.mu.Unlock()
	if held {
		return credential{}, fmt.Errorf("log in to %s: %w less than %v ago; correct the password, it is tried again at once", c.name, ErrCredentials, refusalPause)
	}
	if path == "" {
		path = defaultSessions
	}
	resp, err := c.send(ctx, request{
		method: http.MethodPost, path: path, lane: l,
		body: map[string]string{"UserName": s.cfg.Username, "Password": pw},
	}, credential{})
	if err != nil {
		return credential{}, c.loginError(err, sum)
	}
	return c.adopt(resp)
}

func (c *client) loginError(err error, sum [sha256.Size]byte) error {
	if st := statusOf(err); st != http.StatusUnauthorized && st != http.StatusForbidden {
		return fmt.Errorf("log in to %s: %w", c.name, err)
	}
	c.session.mu.Lock()
	c.session.refused, c.session.until = sum, time.Now().Add(refusalPause)
	c.session.mu.Unlock()
	return fmt.Errorf("log in to %s as %q: %w; check username and password file: %w", c.name, c.session.cfg.Username, ErrCredentials, err)
}

// adopt keeps the token of a new session and where to end it.
func (c *client) adopt(resp *response) (credential, error) {
	var body struct {
		ID string `json:"@odata.id"`
	}
	_ = json.Unmarshal(resp.body, &body) // the body may be empty; the headers decide
	if resp.token == "" {
		return credential{}, fmt.Errorf("log in to %s: the BMC made a session but sent no X-Auth-Token", c.name)
	}
	where := first(resp.location, body.ID)
	uri, err := c.origin.resolve(where)
	if err != nil {
		uri = "" // the session will end by its timeout
	}
	s := c.session
	s.mu.Lock()
	s.token, s.uri = resp.token, uri
	s.refused, s.until = [sha256.Size]byte{}, time.Time{}
	s.mu.Unlock()
	return credential{token: resp.token}, nil
}

// logout deletes the session at the BMC.
func (c *client) logout(ctx context.Context) error {
	s := c.session
	s.mu.Lock()
	token, uri := s.token, s.uri
	s.token, s.uri = "", ""
	s.mu.Unlock()
	if token == "" || uri == "" {
		return nil
	}
	_, err := c.send(ctx, request{method: http.MethodDelete, path: uri, lane: c.bulk}, credential{token: token})
	if st := statusOf(err); st == http.StatusNotFound || st == http.StatusUnauthorized {
		return nil // already ended
	}
	if err != nil {
		return fmt.Errorf("log out of %s: %w", c.name, err)
	}
	return nil
}

// baseURL returns scheme and authority of raw, without a trailing slash.
func baseURL(raw string) string {
	return strings.TrimRight(raw, "/")
}

// unwrapURL drops the *url.Error around a transport error, which repeats
// method and URL.
func unwrapURL(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}
