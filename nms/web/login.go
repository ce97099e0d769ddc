package web

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	failuresFree = 5                // failed logins of a name or an address before it must wait
	failureRest  = 30 * time.Second // and then between two of them
	failureKept  = 15 * time.Minute // after so long without one they are forgotten
	mostFailing  = 10_000           // names and addresses that are remembered
)

// gate slows down who guesses passwords: by name and by address. Hashing is done one at a time, so that guessing cannot
// take the manager's processors.
type gate struct {
	hashing chan struct{} // one place: who holds it may hash

	mu      sync.Mutex // guards failing
	failing map[string]failures
}

type failures struct {
	n    int
	last time.Time
}

func newGate() *gate { return &gate{hashing: make(chan struct{}, 1), failing: map[string]failures{}} }

// closed says whether any of these keys must wait.
func (g *gate) closed(now time.Time, keys ...string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range keys {
		if f := g.failing[key]; f.n >= failuresFree && now.Sub(f.last) < failureRest {
			return true
		}
	}
	return false
}

// failed counts a failure of each key.
func (g *gate) failed(now time.Time, keys ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, f := range g.failing {
		if now.Sub(f.last) > failureKept {
			delete(g.failing, key)
		}
	}
	for _, key := range keys {
		if _, there := g.failing[key]; there || len(g.failing) < mostFailing {
			g.failing[key] = failures{g.failing[key].n + 1, now}
		}
	}
}

func (g *gate) passed(keys ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range keys {
		delete(g.failing, key)
	}
}

type loginBody struct {
	Next    string // where to go then
	Problem string
	Name    string
}

func (s *Server) loginForm(w http.ResponseWriter, r *http.Request) {
	if s.users == nil {
		s.problem(w, r, http.StatusNotFound, "There is no login", "These pages only show. Name a file of users under web.usersFile; `hawser fleet passwd` makes its lines.")
		return
	}
	s.show(w, r, http.StatusOK, "login", page{Title: "Log in", Nav: "login", Body: loginBody{Next: localPath(r.URL.Query().Get("next"))}})
}

// localPath is a path of these pages, and never another site.
func localPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || strings.HasPrefix(next, "/login") {
		return "/"
	}
	return next
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if s.users == nil {
		s.loginForm(w, r)
		return
	}
	if !s.readForm(w, r) {
		return
	}
	name, password := r.PostForm.Get("name"), r.PostForm.Get("password")
	body := loginBody{Next: localPath(r.PostForm.Get("next")), Name: name}
	refused := func(code int, why string) {
		body.Problem = why
		s.show(w, r, code, "login", page{Title: "Log in", Nav: "login", Body: body})
	}
	if len(name) > 64 || len(password) > passMost {
		refused(http.StatusForbidden, "Name and password do not fit.")
		return
	}
	keys := []string{"name " + name, "address " + addressOf(r)}
	if s.gate.closed(s.now(), keys...) {
		w.Header().Set("Retry-After", "30")
		refused(http.StatusTooManyRequests, "Too many logins failed. Wait half a minute.")
		return
	}
	select {
	case s.gate.hashing <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	u, ok, err := s.users.check(name, password)
	<-s.gate.hashing
	log := s.log.WithFields(logrus.Fields{"user": name, "from": addressOf(r)})
	switch {
	case err != nil:
		log.WithError(err).Error("nobody can log in: the file of users cannot be read")
		refused(http.StatusInternalServerError, "The file of users cannot be read; the manager's log says why.")
		return
	case !ok:
		s.gate.failed(s.now(), keys...)
		log.Warn("a login failed: name and password do not fit")
		refused(http.StatusForbidden, "Name and password do not fit.")
		return
	}
	s.gate.passed(keys...)
	token, ok := s.sessions.start(u, s.now())
	if !ok {
		refused(http.StatusServiceUnavailable, "Too many people are logged in. Try again later.")
		return
	}
	log.WithField("role", u.role).Info("logged in")
	http.SetCookie(w, s.cookie(token, s.sessions.life))
	http.Redirect(w, r, body.Next, http.StatusSeeOther)
}

// addressOf is where a request came from, without its port.
func addressOf(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return at.Addr().String()
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request, who session) {
	if cookie, err := r.Cookie(s.cookieName()); err == nil {
		s.sessions.end(cookie.Value)
	}
	http.SetCookie(w, s.cookie("", -time.Second))
	s.log.WithField("user", who.Name).Info("logged out")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
