package web

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hawser/nms/journal"
)

func TestApproveNeedsOperator(t *testing.T) {
	s := newSite(t, withUsers(t))
	s.add(newEvent("c1", 1))
	id := s.propose("c1")
	approve := "/reconfigurations/1/approve"
	s.want(s.do(http.MethodPost, approve, url.Values{"csrf": {""}}), http.StatusUnauthorized, "nobody approves")
	s.login("bob")
	page := s.get("/reconfigurations/1")
	mustHold(t, "what a viewer sees", page, "An operator who is logged in can decide here", "bob")
	mustLack(t, "what a viewer sees", page, approve)
	s.want(s.do(http.MethodPost, approve, url.Values{"csrf": {s.csrf()}}), http.StatusForbidden, "a viewer approves")
	s.want(s.do(http.MethodPost, "/switch", url.Values{"csrf": {s.csrf()}, "to": {"off"}}), http.StatusForbidden, "a viewer throws the switch")
	s.login("ann")
	mustHold(t, "what an operator sees", s.get("/reconfigurations/1"), `action="`+approve)
	s.want(s.do(http.MethodPost, approve, url.Values{"csrf": {"guessed"}}), http.StatusForbidden, "a foreign form")
	s.want(s.do(http.MethodPost, approve, url.Values{}), http.StatusForbidden, "a form without token")
	if got := s.state(id); got.State != journal.StateWaiting {
		t.Fatalf("it is %s already", got.State)
	}
	token := s.csrf()
	s.want(s.do(http.MethodPost, approve, url.Values{"csrf": {token}}), http.StatusSeeOther, "an operator approves")
	if got := s.state(id); got.State != journal.StateApproved || got.ApprovedBy != "ann" {
		t.Errorf("approved: %+v", got)
	}
	s.want(s.do(http.MethodPost, approve, url.Values{"csrf": {token}}), http.StatusConflict, "again")
	lines, err := s.journal.Audit(t.Context(), 1)
	if err != nil || len(lines) != 1 || lines[0].Actor != "ann" || lines[0].Action != "reconfiguration approved" {
		t.Errorf("audit chain: %v, %v", lines, err)
	}
	mustHold(t, "approved", s.get("/reconfigurations/1"), "approved by ann")
}

func TestRejectNeedsReason(t *testing.T) {
	s := newSite(t, withUsers(t))
	s.add(newEvent("c1", 1))
	id := s.propose("c1")
	s.login("ann")
	for _, reason := range []string{"", "  ", strings.Repeat("x", reasonMost+1)} {
		s.want(s.do(http.MethodPost, "/reconfigurations/1/reject", url.Values{"csrf": {s.csrf()}, "reason": {reason}}), http.StatusBadRequest, "reason "+reason)
	}
	s.want(s.do(http.MethodPost, "/reconfigurations/1/reject", url.Values{"csrf": {s.csrf()}, "reason": {"not at night\xff"}}), http.StatusSeeOther, "reject")
	if got := s.state(id); got.State != journal.StateRejected || got.Reason != "rejected: not at night\uFFFD" || got.Ended.IsZero() {
		t.Errorf("rejected: %+v", got)
	}
	s.want(s.do(http.MethodPost, "/reconfigurations/x/reject", url.Values{"csrf": {s.csrf()}, "reason": {"x"}}), http.StatusNotFound, "no number")
}

func TestSwitch(t *testing.T) {
	s := newSite(t, withUsers(t))
	s.login("ann")
	s.want(s.do(http.MethodPost, "/switch", url.Values{"csrf": {s.csrf()}, "to": {"sideways"}}), http.StatusBadRequest, "no way")
	for _, to := range []string{"off", "on"} {
		s.want(s.do(http.MethodPost, "/switch", url.Values{"csrf": {s.csrf()}, "to": {to}}), http.StatusSeeOther, "switch "+to)
		p, err := s.journal.Property(t.Context(), journal.PropertyOff)
		if err != nil || (p.Value == "true") != (to == "off") || p.By != "ann" {
			t.Errorf("switched %s: %+v, %v", to, p, err)
		}
		if page := s.get("/"); strings.Contains(page, "Reconfiguration is switched off</strong> by ann") != (to == "off") {
			t.Errorf("the fleet does not say that it is switched %s:\n%s", to, page)
		}
	}
}

func TestWithoutUsersNobodyActs(t *testing.T) {
	s := newSite(t)
	s.add(newEvent("c1", 1))
	id := s.propose("c1")
	for _, path := range []string{"/reconfigurations/1/approve", "/reconfigurations/1/reject", "/switch", "/logout"} {
		s.want(s.do(http.MethodPost, path, url.Values{"reason": {"x"}, "to": {"off"}}), http.StatusForbidden, path)
	}
	s.want(s.do(http.MethodGet, "/login", nil), http.StatusNotFound, "login")
	s.want(s.do(http.MethodPost, "/login", url.Values{"name": {"ann"}, "password": {password}}), http.StatusNotFound, "login")
	if got := s.state(id); got.State != journal.StateWaiting {
		t.Errorf("it is %s", got.State)
	}
}

func TestLogin(t *testing.T) {
	s := newSite(t, withUsers(t))
	for _, form := range []url.Values{
		{"name": {"ann"}, "password": {"wrong"}},
		{"name": {"carl"}, "password": {password}},
		{"name": {""}, "password": {""}},
		{"name": {strings.Repeat("a", 65)}, "password": {password}},
		{"name": {"ann"}, "password": {strings.Repeat("a", passMost+1)}},
	} {
		r := s.do(http.MethodPost, "/login", form)
		mustHold(t, "refused login", s.want(r, http.StatusForbidden, "login"), "do not fit")
		if len(r.Cookies()) > 0 {
			t.Errorf("%v: a cookie for a refused login", form)
		}
	}
	r := s.do(http.MethodPost, "/login", url.Values{"name": {"ann"}, "password": {password}, "next": {"/audit"}})
	s.want(r, http.StatusSeeOther, "login")
	c := r.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Secure || len(c.Value) < 20 || r.Header.Get("Location") != "/audit" {
		t.Errorf("cookie %v to %s", c, r.Header.Get("Location"))
	}
	mustHold(t, "fleet", s.get("/"), "ann", "(operator)", "Log out")
	s.want(s.do(http.MethodPost, "/logout", url.Values{"csrf": {s.csrf()}}), http.StatusSeeOther, "logout")
	s.cookies = []*http.Cookie{c} // a stolen cookie is worth nothing any more
	mustHold(t, "after logout", s.get("/"), "Log in")
}

func TestWhereALoginLeads(t *testing.T) {
	for next, want := range map[string]string{
		"/events?x=1": "/events?x=1", "": "/", "//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/", "/\t/evil.example": "/", "/login?next=/": "/",
	} {
		if got := localPath(next); got != want {
			t.Errorf("localPath(%q) = %q, want %q", next, got, want)
		}
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	s := newSite(t, withUsers(t))
	wrong := url.Values{"name": {"ann"}, "password": {"wrong"}}
	for range failuresFree {
		s.want(s.do(http.MethodPost, "/login", wrong), http.StatusForbidden, "wrong")
	}
	r := s.do(http.MethodPost, "/login", url.Values{"name": {"ann"}, "password": {password}})
	s.want(r, http.StatusTooManyRequests, "after five failures")
	if r.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	s.now = s.now.Add(failureRest)
	s.login("ann")
	s.now = s.now.Add(time.Second)
	s.want(s.do(http.MethodPost, "/login", wrong), http.StatusForbidden, "a success forgives")
}

func TestSessionsEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	writeUsers(t, path, "ann:operator", "bob:viewer")
	s := newSite(t, func(c *Config) { c.UsersFile = path })
	s.login("ann")
	mustHold(t, "logged in", s.get("/"), "(operator)")
	for _, people := range [][]string{{"ann:viewer"}, {"bob:viewer"}} { // another role, then gone
		s.login("bob")
		writeUsers(t, path, "ann:operator", "bob:viewer", "zoe:viewer")
		s.login("ann")
		writeUsers(t, path, people...)
		mustLack(t, "after the file changed", s.get("/"), "(operator)")
		writeUsers(t, path, "ann:operator", "bob:viewer")
	}
	s.login("ann")
	s.now = s.now.Add(time.Hour)
	mustLack(t, "an hour later", s.get("/"), "(operator)")
	s.login("ann")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	mustLack(t, "without the file", s.get("/"), "(operator)")
	s.want(s.do(http.MethodPost, "/login", url.Values{"name": {"ann"}, "password": {password}}), http.StatusInternalServerError, "login without the file")
}

func TestReadingNeedsLogin(t *testing.T) {
	s := newSite(t, withUsers(t), func(c *Config) { c.RequireLogin = true })
	r := s.do(http.MethodGet, "/events?cluster=c1", nil)
	if s.want(r, http.StatusSeeOther, "timeline"); r.Header.Get("Location") != "/login?next=%2Fevents%3Fcluster%3Dc1" {
		t.Errorf("it leads to %s", r.Header.Get("Location"))
	}
	s.want(s.do(http.MethodGet, "/api/v1/clusters", nil), http.StatusUnauthorized, "API")
	s.get("/login")
	s.get("/static/hawser.css")
	s.login("bob")
	s.get("/events?cluster=c1")
	s.get("/api/v1/clusters")
}

func TestUsersFile(t *testing.T) {
	line, err := UserLine("ann@example.org", RoleOperator, password)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "users")
	write := func(text string, mode os.FileMode) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	write(line+"\n", 0o600)
	u := users{path: path}
	if one, ok, err := u.check("ann@example.org", password); !ok || err != nil || one.role != RoleOperator || one.work < 600_000 {
		t.Errorf("check: %+v, %t, %v", one, ok, err)
	}
	if _, ok, _ := u.check("ann@example.org", password+"x"); ok {
		t.Error("a wrong password passes")
	}
	for _, c := range []struct{ name, text, want string }{
		{"no hash", "ann:operator\n", "line 1: is not name:role"},
		{"role", strings.Replace(line, "operator", "god", 1), `the role "god"`},
		{"twice", line + "\n" + line, "there twice"},
		{"no work", strings.Replace(line, "$600000$", "$1$", 1), "is not name:role"},
		{"too much work", strings.Replace(line, "$600000$", "$99999999999$", 1), "is not name:role"},
		{"short salt", "ann:viewer:pbkdf2-sha256$600000$YQ$YQ", "is not name:role"},
	} {
		write(c.text, 0o600)
		if err := CheckUsersFile(path); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "$6000") {
			t.Errorf("%s: %v, want %q and no hash", c.name, err, c.want)
		}
	}
	write(line, 0o644)
	if err := CheckUsersFile(path); err == nil || !strings.Contains(err.Error(), "chmod 0600") {
		t.Errorf("readable by all: %v", err)
	}
	for _, c := range [][3]string{{"a b", RoleViewer, password}, {"ann", "god", password}, {"ann", RoleViewer, "short"}, {"ann:x", RoleViewer, password}} {
		if _, err := UserLine(c[0], c[1], c[2]); err == nil {
			t.Errorf("UserLine(%q) takes it", c)
		}
	}
}

func TestSessionsAreBounded(t *testing.T) {
	open := newSessions(time.Minute)
	for range mostSessions {
		if _, ok := open.start(user{name: "ann"}, noon); !ok {
			t.Fatal("refused before there were too many")
		}
	}
	if _, ok := open.start(user{name: "ann"}, noon); ok {
		t.Error("one too many")
	}
	if _, ok := open.start(user{name: "ann"}, noon.Add(time.Minute)); !ok {
		t.Error("those that ended still count")
	}
}
