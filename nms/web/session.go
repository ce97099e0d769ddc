package web

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"
)

// sessionKey is where a request's context holds its session.
type sessionKey struct{}

// session is one login.
type session struct {
	Name string
	Role string
	CSRF string // what each form of this login carries

	hash  [keySize]byte // of the person's password hash: a changed password ends the login
	until time.Time
}

// mostSessions bounds the logins at one time.
const mostSessions = 1000

// sessions are the logins, by the digest of their token: who reads the memory of this process learns no token.
type sessions struct {
	life time.Duration

	mu   sync.Mutex // guards open
	open map[[sha256.Size]byte]session
}

func newSessions(life time.Duration) *sessions {
	if life <= 0 {
		life = 12 * time.Hour
	}
	return &sessions{life: life, open: map[[sha256.Size]byte]session{}}
}

// start opens a session and returns its token; false when there are too many.
func (s *sessions) start(u user, now time.Time) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, one := range s.open {
		if !now.Before(one.until) {
			delete(s.open, key)
		}
	}
	if len(s.open) >= mostSessions {
		return "", false
	}
	token := rand.Text()
	s.open[sha256.Sum256([]byte(token))] = session{Name: u.name, Role: u.role, CSRF: rand.Text(), hash: sha256.Sum256(u.hash), until: now.Add(s.life)}
	return token, true
}

func (s *sessions) find(token string, now time.Time) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.open[sha256.Sum256([]byte(token))]
	return one, ok && now.Before(one.until)
}

func (s *sessions) end(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, sha256.Sum256([]byte(token)))
}

// cookieName is that of the session's cookie. __Host- binds it to one origin, where it is sent by TLS alone.
func (s *Server) cookieName() string {
	if s.host != "" {
		return "__Host-hawser"
	}
	return "hawser"
}

func (s *Server) cookie(value string, age time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: s.cookieName(), Value: value, Path: "/", MaxAge: int(age / time.Second), HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.host != "",
	}
}

// session is the request's login, nil for none: its token is known, and the person is still in the file with the same
// password and role.
func (s *Server) session(r *http.Request) *session {
	if known, ok := r.Context().Value(sessionKey{}).(*session); ok {
		return known
	}
	cookie, err := r.Cookie(s.cookieName())
	if err != nil || s.users == nil {
		return nil
	}
	found, ok := s.sessions.find(cookie.Value, s.now())
	if !ok {
		return nil
	}
	u, ok, err := s.users.find(found.Name)
	if err != nil {
		s.log.WithError(err).Error("a login is not taken: the file of users cannot be read")
		return nil
	}
	if !ok || u.role != found.Role || sha256.Sum256(u.hash) != found.hash {
		s.sessions.end(cookie.Value)
		return nil
	}
	return &found
}

// who is the login of a request that ServeHTTP let through.
func (s *Server) who(r *http.Request) *session { return s.session(r) }
