package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"hawser/nms/journal"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pages are the pages that there are, each in a file of its name.
var pages = []string{"fleet", "cluster", "timeline", "event", "incidents", "incident", "reconfigurations", "reconfiguration", "audit", "login", "problem"}

// page is what every page shows, and its own part in Body.
type page struct {
	Title string
	Nav   string // the entry of the menu that it belongs to
	Self  string // the address under which it is renewed; empty: it is not
	Every int    // seconds between two renewals
	Now   time.Time
	Who   *session // nil: nobody is logged in
	Login bool     // there is a login
	Strip strip
	Body  any

	location *time.Location
}

// strip is the manager's own state, which every page shows.
type strip struct {
	Trouble string           // why the manager itself cannot work as it should
	Off     bool             // reconfiguration is switched off
	Switch  journal.Property // by whom and when
	Fixed   bool             // off by configuration: the switch changes nothing
	Waiting int              // reconfigurations that wait for approval
}

// moment is a time as it is shown: with zone, and with its age.
type moment struct{ ISO, Text, Age string }

// At makes a time ready to be shown.
func (p page) At(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	return moment{ISO: t.UTC().Format(time.RFC3339Nano), Text: t.In(p.location).Format("2006-01-02 15:04:05 MST"), Age: ago(p.Now, t)}
}

// part is a piece of a page with what it shows.
type part struct {
	P page
	V any
}

// With hands a value to a piece that needs the page too.
func (p page) With(v any) part { return part{p, v} }

// list is events with the columns that are shown.
type list struct {
	Rows  []row
	Fleet bool // of many clusters: each row names its own
}

// List hands events to the piece that lists them.
func (p page) List(rows []row, fleet bool) part { return part{p, list{rows, fleet}} }

// Clock is the time of the page itself.
func (p page) Clock() string { return p.Now.In(p.location).Format("15:04:05 MST") }

// Zone names the zone in which times are shown and taken.
func (p page) Zone() string { return p.Now.In(p.location).Format("MST") }

// May says whether the viewer may decide.
func (p page) May() bool { return p.Who != nil && p.Who.Role == RoleOperator }

func parsePages() (map[string]*template.Template, error) {
	funcs := template.FuncMap{
		"tone": tone, "words": words, "human": human, "plural": plural,
		"plural64": func(n int64, one, many string) string { return plural(int(n), one, many) },
		"seconds":  seconds, "sentence": sentence,
		"clusterAt": clusterPath,
	}
	base, err := template.New("layout.html").Funcs(funcs).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("the pages' layout: %w", err)
	}
	out := map[string]*template.Template{}
	for _, name := range pages {
		clone, err := base.Clone()
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", name, err)
		}
		if out[name], err = clone.ParseFS(templateFiles, "templates/"+name+".html"); err != nil {
			return nil, fmt.Errorf("page %s: %w", name, err)
		}
	}
	return out, nil
}

// clusterPath is the address of a cluster's page. Its id comes from the network.
func clusterPath(id string) string { return "/clusters/" + url.PathEscape(id) }

// show writes a page; for a renewal only its main part.
func (s *Server) show(w http.ResponseWriter, r *http.Request, code int, name string, p page) {
	p.Now, p.Who, p.Login, p.location = s.now(), s.who(r), s.cfg.UsersFile != "", s.cfg.Location
	p.Strip = s.strip(r)
	if p.Self != "" && p.Every == 0 {
		p.Every = int(renewEvery / time.Second)
	}
	part := "layout.html"
	w.Header().Add("Vary", "HX-Request")
	if r.Header.Get("HX-Request") == "true" {
		part = "live"
	}
	var out bytes.Buffer // whole before the first octet is sent: an error must not end in half a page
	if err := s.pages[name].ExecuteTemplate(&out, part, p); err != nil {
		s.log.WithError(err).WithField("page", name).Error("page not shown: its template does not fit its data")
		http.Error(w, "this page cannot be shown; the manager's log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	if _, err := w.Write(out.Bytes()); err != nil {
		s.log.WithError(err).Debug("page not delivered; the client went away")
	}
}

// problem shows what is wrong instead of a page.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, code int, what, next string) {
	s.show(w, r, code, "problem", page{Title: what, Body: struct{ What, Next string }{what, next}})
}

// failed shows that the journal could not be read.
func (s *Server) failed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the client went away
	}
	s.log.WithError(err).WithField("page", r.URL.Path).Error("page not shown: the journal could not be read")
	s.problem(w, r, http.StatusInternalServerError, "The journal could not be read", err.Error())
}
