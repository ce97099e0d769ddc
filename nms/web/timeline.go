package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hawser/mib"
	"hawser/nms/journal"
)

// row is an event in a list.
type row struct {
	journal.Event
	Cluster string // its name
}

func rows(events []journal.Event, names map[string]string) []row {
	out := make([]row, len(events))
	for i, e := range events {
		name := names[e.ClusterID]
		if name == "" {
			name = e.ClusterName
		}
		if name == "" {
			name = e.ClusterID
		}
		out[i] = row{e, name}
	}
	return out
}

// pairs are the events that only say that an alarm was raised or cleared: the event beside them tells the story.
var pairs = []string{"alarmRaised", "alarmCleared"}

// pageLength is how many events stand on a page of the timeline.
const pageLength = 50

// formTime is how a browser sends a datetime-local field.
const formTime = "2006-01-02T15:04"

// spans are the ranges that the timeline offers besides exact times.
var spans = []struct {
	Value, Text string
	Back        time.Duration
}{
	{"1h", "last hour", time.Hour},
	{"24h", "last 24 hours", 24 * time.Hour},
	{"7d", "last 7 days", 7 * 24 * time.Hour},
	{"", "any time", 0},
}

// filter is what the timeline's form says.
type filter struct {
	Cluster, Severity, Type, Node, Component, Span, From, To, Story string
	Before                                                          int64
}

type timelineBody struct {
	Filter     filter
	Clusters   []journal.Cluster
	Types      []string
	Severities []string
	Spans      []struct{ Value, Text string }
	Name       string // of the cluster that is filtered by
	Events     []row
	Older      string // address of the next page
	First      string // address of the first page; empty on it
	Filtered   bool
}

func (s *Server) timeline(w http.ResponseWriter, r *http.Request) {
	f, choose, err := s.readFilter(r)
	if err != nil {
		s.problem(w, r, http.StatusBadRequest, "The filter cannot be read", err.Error())
		return
	}
	body := timelineBody{Filter: f, Types: eventTypes(), Severities: severities[:4], Filtered: f != filter{Cluster: f.Cluster}}
	for _, span := range spans {
		body.Spans = append(body.Spans, struct{ Value, Text string }{span.Value, span.Text})
	}
	if body.Clusters, err = s.deps.Store.Heads(r.Context()); err != nil {
		s.failed(w, r, err)
		return
	}
	names := map[string]string{}
	for _, c := range body.Clusters {
		names[c.ClusterID] = c.Name
	}
	body.Name = names[f.Cluster]
	choose.Limit = pageLength + 1 // one more tells whether there is another page
	events, err := s.deps.Store.Page(r.Context(), choose)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	if len(events) > pageLength {
		events = events[:pageLength]
		body.Older = "/events?" + f.query(events[pageLength-1].ID)
	}
	p := page{Title: "Timeline", Nav: "timeline"}
	if f.Before > 0 {
		body.First = "/events?" + f.query(0)
	} else {
		p.Self = r.URL.RequestURI() // only the newest page changes
	}
	body.Events = rows(events, names)
	p.Body = body
	s.show(w, r, http.StatusOK, "timeline", p)
}

// readFilter reads the form. The error names the field and how to write it.
func (s *Server) readFilter(r *http.Request) (filter, journal.PageFilter, error) {
	q := r.URL.Query()
	value := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	f := filter{
		Cluster: value("cluster"), Severity: value("severity"), Type: value("type"), Node: value("node"), Component: value("component"),
		Span: value("span"), From: value("from"), To: value("to"), Story: value("story"),
	}
	p := journal.PageFilter{ClusterID: f.Cluster, Type: f.Type, Node: f.Node, Component: f.Component}
	if f.Severity != "" {
		if p.Severities = atLeast(f.Severity); p.Severities == nil {
			return f, p, fmt.Errorf("severity %q: use one of %s", f.Severity, strings.Join(severities, ", "))
		}
	}
	i := slices.IndexFunc(spans, func(span struct {
		Value, Text string
		Back        time.Duration
	},
	) bool {
		return span.Value == f.Span
	})
	if i < 0 {
		return f, p, fmt.Errorf("span %q: use 1h, 24h or 7d", f.Span)
	}
	if spans[i].Back > 0 {
		p.Since = s.now().Add(-spans[i].Back)
	}
	for _, at := range []struct {
		name, text string
		to         *time.Time
		add        time.Duration
	}{{"from", f.From, &p.Since, 0}, {"to", f.To, &p.Until, time.Minute - 1}} {
		if at.text == "" {
			continue
		}
		when, err := time.ParseInLocation(formTime, at.text, s.cfg.Location)
		if err != nil {
			return f, p, fmt.Errorf("%s %q: write it as 2026-11-22T03:15", at.name, at.text)
		}
		*at.to = when.Add(at.add)
	}
	if f.Story != "" {
		p.Except = pairs
	}
	if text := value("before"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return f, p, fmt.Errorf("before %q: follow the link to older events", text)
		}
		f.Before, p.Before = n, n
	}
	return f, p, nil
}

// query is the filter as the query of an address, from before on.
func (f filter) query(before int64) string {
	q := url.Values{}
	for name, value := range map[string]string{
		"cluster": f.Cluster, "severity": f.Severity, "type": f.Type, "node": f.Node, "component": f.Component, "span": f.Span, "from": f.From, "to": f.To, "story": f.Story,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if before > 0 {
		q.Set("before", strconv.FormatInt(before, 10))
	}
	return q.Encode()
}

// eventTypes are the types that the MIB knows, in the order of their names.
func eventTypes() []string {
	o, _ := mib.ByName("hawserEventType")
	var out []string
	for _, e := range o.Enum {
		out = append(out, e.Name)
	}
	slices.Sort(out)
	return out
}
