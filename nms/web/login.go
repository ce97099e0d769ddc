package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
)

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
	u, code := s.judge(r, name, password)
	if code != http.StatusOK {
		if wait, ok := retryAfter[code]; ok {
			w.Header().Set("Retry-After", wait)
		}
		refused(code, refusals[code])
		return
	}
	token, ok := s.sessions.start(u, s.now())
	if !ok {
		refused(http.StatusServiceUnavailable, "Too many people are logged in. Try again later.")
		return
	}
	s.log.WithFields(logrus.Fields{"user": name, "from": s.caller(r), "role": u.role}).Info("logged in")
	http.SetCookie(w, s.cookie(token, s.sessions.life))
	http.Redirect(w, r, body.Next, http.StatusSeeOther)
}

// What a login that is not taken is told, and how many seconds later it may be tried again.
var (
	refusals = map[int]string{
		http.StatusForbidden:           "Name and password do not fit.",
		http.StatusTooManyRequests:     "Too many logins failed. Wait half a minute.",
		http.StatusServiceUnavailable:  "Too many log in at this moment. Try again in a few seconds.",
		http.StatusInternalServerError: "The file of users cannot be read; the manager's log says why.",
	}
	retryAfter = map[int]string{http.StatusTooManyRequests: "30", http.StatusServiceUnavailable: "5"}
)

// judge says with a status whether name and password fit. The count of failures is asked once before the wait for the place
// to hash, and again in it: of those who wait together no more are judged than of those who come one after another.
func (s *Server) judge(r *http.Request, name, password string) (user, int) {
	from := s.caller(r)
	key := pair(name, from)
	if s.gate.closed(s.now(), key) {
		return user{}, http.StatusTooManyRequests
	}
	leave, err := s.gate.enter(r.Context(), from)
	if err != nil {
		return user{}, http.StatusServiceUnavailable
	}
	defer leave()
	if s.gate.closed(s.now(), key) {
		return user{}, http.StatusTooManyRequests
	}
	u, ok, err := s.users.check(name, password)
	log := s.log.WithFields(logrus.Fields{"user": name, "from": from})
	switch {
	case err != nil:
		log.WithError(err).Error("nobody can log in: the file of users cannot be read")
		return user{}, http.StatusInternalServerError
	case !ok:
		s.gate.failed(s.now(), key)
		log.Warn("a login failed: name and password do not fit")
		return user{}, http.StatusForbidden
	}
	s.gate.passed(key)
	return u, http.StatusOK
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request, who session) {
	if cookie, err := r.Cookie(s.cookieName()); err == nil {
		s.sessions.end(cookie.Value)
	}
	http.SetCookie(w, s.cookie("", -time.Second))
	s.log.WithField("user", who.Name).Info("logged out")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
