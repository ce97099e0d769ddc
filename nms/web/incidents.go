package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"hawser/nms/journal"
)

type incidentsBody struct {
	Incidents []journal.Incident
	Names     map[string]string
	All       bool
}

func (s *Server) incidents(w http.ResponseWriter, r *http.Request) {
	body := incidentsBody{All: r.URL.Query().Get("all") != ""}
	var err error
	if body.Incidents, err = s.deps.Store.Incidents(r.Context(), journal.IncidentFilter{OpenOnly: !body.All}); err != nil {
		s.failed(w, r, err)
		return
	}
	if body.Names, err = s.names(r.Context()); err != nil {
		s.failed(w, r, err)
		return
	}
	slices.SortStableFunc(body.Incidents, func(a, b journal.Incident) int {
		if a.State != b.State {
			return -cmp.Compare(a.State, b.State) // open before closed
		}
		return cmp.Compare(severityRank(a.Severity), severityRank(b.Severity))
	})
	s.show(w, r, http.StatusOK, "incidents", page{Title: "Incidents", Nav: "incidents", Self: r.URL.RequestURI(), Body: body})
}

type incidentBody struct {
	journal.Incident
	Cluster string
	Members []row
}

func (s *Server) incident(w http.ResponseWriter, r *http.Request) {
	one, found, err := s.incidentOf(r)
	switch {
	case err != nil:
		s.failed(w, r, err)
		return
	case !found:
		s.problem(w, r, http.StatusNotFound, "No such incident", "The list of incidents has those that are known.")
		return
	}
	names, err := s.names(r.Context())
	if err != nil {
		s.failed(w, r, err)
		return
	}
	members, err := s.deps.Store.IncidentMembers(r.Context(), one.ID)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	body := incidentBody{Incident: one, Cluster: cmp.Or(names[one.ClusterID], one.ClusterID), Members: rows(members, names)}
	s.show(w, r, http.StatusOK, "incident", page{Title: one.Title, Nav: "incidents", Self: r.URL.Path, Body: body})
}

func (s *Server) incidentOf(r *http.Request) (journal.Incident, bool, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return journal.Incident{}, false, nil
	}
	found, err := s.deps.Store.Incidents(r.Context(), journal.IncidentFilter{ID: id})
	if err != nil || len(found) == 0 {
		return journal.Incident{}, false, err
	}
	return found[0], true, nil
}
