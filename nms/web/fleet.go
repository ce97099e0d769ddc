package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

// Member is one cluster of the fleet with its verdict.
type Member struct {
	journal.Cluster
	Verdict
	State *ask.State `json:"state,omitempty"`
}

// Fleet judges every cluster, worst first, then by name.
func (s *Server) Fleet(ctx context.Context) ([]Member, error) {
	clusters, err := s.deps.Store.Heads(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	out := make([]Member, len(clusters))
	for i, c := range clusters {
		state, err := s.stateOf(ctx, c)
		if err != nil {
			return nil, err
		}
		out[i] = Member{Cluster: c, State: state, Verdict: Judge(c, state, now, s.cfg.StaleAfter)}
	}
	slices.SortStableFunc(out, func(a, b Member) int {
		return cmp.Or(cmp.Compare(slices.Index(Healths, a.Health), slices.Index(Healths, b.Health)), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// mostRows bounds the clusters on one page; those that are left out are the least in need.
const mostRows = 300

// count is how many clusters have a health.
type count struct {
	Health string
	N      int
}

type fleetBody struct {
	Members   []Member
	Left      int // more that match
	Total     int
	Counts    []count
	Query     string // of names
	Health    string // only this one
	Incidents []journal.Incident
	Events    []row
	Names     map[string]string
}

func (s *Server) fleet(w http.ResponseWriter, r *http.Request) {
	members, err := s.Fleet(r.Context())
	if err != nil {
		s.failed(w, r, err)
		return
	}
	q := r.URL.Query()
	body := fleetBody{Query: strings.TrimSpace(q.Get("q")), Health: q.Get("health"), Total: len(members), Names: map[string]string{}}
	for _, health := range Healths {
		n := 0
		for _, m := range members {
			if m.Health == health {
				n++
			}
		}
		body.Counts = append(body.Counts, count{health, n})
	}
	for _, m := range members {
		body.Names[m.ClusterID] = m.Name
		switch {
		case body.Query != "" && !strings.Contains(strings.ToLower(m.Name), strings.ToLower(body.Query)), body.Health != "" && m.Health != body.Health:
		case len(body.Members) == mostRows:
			body.Left++
		default:
			body.Members = append(body.Members, m)
		}
	}
	if body.Incidents, err = s.deps.Store.Incidents(r.Context(), journal.IncidentFilter{OpenOnly: true, Limit: 10}); err != nil {
		s.failed(w, r, err)
		return
	}
	events, err := s.deps.Store.Page(r.Context(), journal.PageFilter{Limit: 8, Severities: atLeast("warning"), Except: pairs, Since: s.now().Add(-24 * time.Hour)})
	if err != nil {
		s.failed(w, r, err)
		return
	}
	body.Events = rows(events, body.Names)
	s.show(w, r, http.StatusOK, "fleet", page{Title: "Fleet", Nav: "fleet", Self: r.URL.RequestURI(), Body: body})
}

// Primary says where a member's stacks are active, for one line.
func (m Member) Primary() string {
	if m.State == nil {
		return ""
	}
	var out []string
	for _, stack := range m.State.Stacks {
		if stack.PrimaryNode != "" {
			out = append(out, stack.Name+" on "+stack.PrimaryNode)
		}
	}
	return strings.Join(out, ", ")
}

// names maps the ids of clusters to their names.
func (s *Server) names(ctx context.Context) (map[string]string, error) {
	clusters, err := s.deps.Store.Heads(ctx)
	out := map[string]string{}
	for _, c := range clusters {
		out[c.ClusterID] = cmp.Or(c.Name, c.ConfigName, c.ClusterID)
	}
	return out, err
}
