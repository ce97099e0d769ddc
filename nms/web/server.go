package web

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/nms/journal"
)

// Config is how the pages are shown and who may do what.
type Config struct {
	UsersFile    string         // empty: nobody can log in, the pages only show
	RequireLogin bool           // reading needs a login too
	Origin       string         // https://ops.example.org: where a proxy shows the pages; empty: loopback alone
	SessionTime  time.Duration  // a login lasts so long
	Location     *time.Location // of times; nil: the machine's
	StaleAfter   time.Duration  // what was heard of a cluster longer ago is not known any more
	Off          bool           // reconfiguration is off by configuration
}

// Deps are what the pages show, and who carries decisions out.
type Deps struct {
	Store   Store
	Live    Live
	Decider Decider
	Trouble func() string    // why the manager cannot work as it should; empty while it can
	Now     func() time.Time // nil: the machine's clock
}

// Server serves the pages. It is an http.Handler for all paths that the manager's API does not take.
type Server struct {
	cfg      Config
	deps     Deps
	log      *logrus.Entry
	pages    map[string]*template.Template
	host     string // of Origin
	users    *users // nil: there is no login
	sessions *sessions
	gate     *gate
	handler  http.Handler
}

const renewEvery = 5 * time.Second

// New prepares the pages. The error names what is wrong with the file of users, or with Origin.
func New(cfg Config, deps Deps, log *logrus.Entry) (*Server, error) {
	s := &Server{cfg: cfg, deps: deps, log: log, sessions: newSessions(cfg.SessionTime), gate: newGate()}
	s.cfg.Location = cmp.Or(cfg.Location, time.Local)
	if cfg.Origin != "" {
		at, err := url.Parse(cfg.Origin)
		if err != nil || at.Scheme != "https" || at.Host == "" {
			return nil, fmt.Errorf("web.origin: %q is no origin: write it as https://ops.example.org", cfg.Origin)
		}
		s.host = at.Host
	}
	if cfg.UsersFile != "" {
		s.users = &users{path: cfg.UsersFile}
		if err := s.users.load(); err != nil {
			return nil, fmt.Errorf("web.usersFile: %w", err)
		}
	}
	var err error
	if s.pages, err = parsePages(); err != nil {
		return nil, err
	}
	s.handler, err = s.routes()
	return s, err
}

func (s *Server) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", static())
	mux.HandleFunc("GET /{$}", s.fleet)
	mux.HandleFunc("GET /clusters/{id}", s.cluster)
	mux.HandleFunc("GET /events", s.timeline)
	mux.HandleFunc("GET /events/{id}", s.event)
	mux.HandleFunc("GET /incidents", s.incidents)
	mux.HandleFunc("GET /incidents/{id}", s.incident)
	mux.HandleFunc("GET /reconfigurations", s.reconfigurations)
	mux.HandleFunc("GET /reconfigurations/{id}", s.reconfiguration)
	mux.HandleFunc("GET /audit", s.audit)
	mux.HandleFunc("GET /login", s.loginForm)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", s.act(RoleViewer, s.logout))
	mux.HandleFunc("POST /reconfigurations/{id}/approve", s.act(RoleOperator, s.approve))
	mux.HandleFunc("POST /reconfigurations/{id}/reject", s.act(RoleOperator, s.reject))
	mux.HandleFunc("POST /switch", s.act(RoleOperator, s.throwSwitch))
	s.api(mux)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		s.problem(w, r, http.StatusNotFound, "There is no such page", "Go back to the fleet and follow the links from there.")
	})
	guard := http.NewCrossOriginProtection()
	if s.cfg.Origin != "" {
		if err := guard.AddTrustedOrigin("https://" + s.host); err != nil {
			return nil, fmt.Errorf("web.origin: %w", err)
		}
	}
	return guard.Handler(mux), nil
}

// policy is what a browser may load and do: what comes from here, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'"

// Protect wraps a handler of the manager's listener: it refuses foreign hosts and bodies that no form has, and gives every
// answer the headers that keep a browser from being misled.
func (s *Server) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		if !s.known(r.Host) {
			http.Error(w, "this manager answers at a loopback address, or at web.origin of its configuration", http.StatusMisdirectedRequest)
			return
		}
		if s.host != "" {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if bounded(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// known says whether a Host header names this manager. A page of a stranger can make its own name lead to loopback; it
// must not read the fleet that way.
func (s *Server) known(host string) bool {
	if s.host != "" && host == s.host {
		return true
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	at, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && at.Unmap().IsLoopback()
}

// ServeHTTP serves a page, after a look at who asks.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = r.WithContext(context.WithValue(r.Context(), sessionKey{}, s.session(r)))
	if s.MayRead(r) || openPath(r.URL.Path) {
		s.handler.ServeHTTP(w, r)
		return
	}
	if isAPI(r) {
		refuse(w, http.StatusUnauthorized, "log in first")
		return
	}
	http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
}

// MayRead says whether who asks may see what the manager knows.
func (s *Server) MayRead(r *http.Request) bool {
	return !s.cfg.RequireLogin || s.users == nil || s.session(r) != nil
}

// openPath says whether a path is served to those who are not logged in, where reading needs a login.
func openPath(path string) bool {
	return path == "/login" || len(path) > len("/static/") && path[:len("/static/")] == "/static/"
}

func (s *Server) now() time.Time {
	if s.deps.Now != nil {
		return s.deps.Now()
	}
	return time.Now()
}

// strip reads the manager's own state. A page is worth showing without it, so an error becomes its text.
func (s *Server) strip(r *http.Request) strip {
	out := strip{Trouble: s.deps.Trouble(), Fixed: s.cfg.Off}
	var err error
	if out.Switch, err = s.deps.Store.Property(r.Context(), journal.PropertyOff); err != nil {
		out.Trouble = err.Error()
	}
	out.Off = s.cfg.Off || out.Switch.Value == "true"
	waiting, err := s.deps.Store.Reconfigurations(r.Context(), journal.ReconfigurationFilter{State: journal.StateWaiting})
	if err != nil {
		out.Trouble = err.Error()
	}
	out.Waiting = len(waiting)
	return out
}
