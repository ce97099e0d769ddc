package web

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"hawser/nms/journal"
)

// api puts the JSON forms of the pages beside them.
func (s *Server) api(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/clusters", s.apiClusters)
	mux.HandleFunc("GET /api/v1/clusters/{id}", s.apiCluster)
	mux.HandleFunc("GET /api/v1/events/{id}", s.apiEvent)
	mux.HandleFunc("GET /api/v1/incidents", s.apiIncidents)
	mux.HandleFunc("GET /api/v1/incidents/{id}", s.apiIncident)
	mux.HandleFunc("GET /api/v1/reconfigurations", s.apiChanges)
	mux.HandleFunc("GET /api/v1/reconfigurations/{id}", s.apiChange)
	mux.HandleFunc("GET /api/v1/audit", s.apiAudit)
	mux.HandleFunc("GET /api/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "there is no such resource")
	})
}

// all is a list that is never null in JSON.
func all[T any](found []T) []T {
	if found == nil {
		return []T{}
	}
	return found
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// refuse answers with a problem, as JSON.
func refuse(w http.ResponseWriter, code int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": why}) // a client that went away reads no error either
}

// answer answers with a body, an error, or that there is none.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, body any, found bool, err error) {
	switch {
	case r.Context().Err() != nil:
		return
	case err != nil:
		s.log.WithError(err).WithField("path", r.URL.Path).Error("the journal could not be read")
		refuse(w, http.StatusInternalServerError, err.Error())
	case !found:
		refuse(w, http.StatusNotFound, "there is none of this number")
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if err := json.NewEncoder(w).Encode(body); err != nil {
			s.log.WithError(err).Debug("answer not delivered; the client went away")
		}
	}
}

func (s *Server) apiClusters(w http.ResponseWriter, r *http.Request) {
	members, err := s.Fleet(r.Context())
	s.answer(w, r, members, true, err)
}

func (s *Server) apiCluster(w http.ResponseWriter, r *http.Request) {
	m, found, err := s.member(r.Context(), r.PathValue("id"))
	s.answer(w, r, m, found, err)
}

// apiEventBody is an event with the state of every component at that moment.
type apiEventBody struct {
	journal.Event
	Incident  int64     `json:"incident,omitempty"`
	Condition Condition `json:"condition"`
}

func (s *Server) apiEvent(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		refuse(w, http.StatusBadRequest, "an event has a number")
		return
	}
	body, found, err := s.eventBody(r.Context(), id)
	s.answer(w, r, apiEventBody{Event: body.Event, Incident: body.Incident, Condition: body.Condition}, found, err)
}

func (s *Server) apiIncidents(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	incidents, err := s.deps.Store.Incidents(r.Context(), journal.IncidentFilter{ClusterID: q.Get("cluster"), OpenOnly: q.Get("all") == ""})
	s.answer(w, r, all(incidents), true, err)
}

// apiIncidentBody is an incident with its events, the root first.
type apiIncidentBody struct {
	journal.Incident
	Members []journal.Event `json:"members"`
}

func (s *Server) apiIncident(w http.ResponseWriter, r *http.Request) {
	one, found, err := s.incidentOf(r)
	if err != nil || !found {
		s.answer(w, r, nil, found, err)
		return
	}
	members, err := s.deps.Store.IncidentMembers(r.Context(), one.ID)
	s.answer(w, r, apiIncidentBody{one, all(members)}, true, err)
}

func (s *Server) apiChanges(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	changes, err := s.deps.Store.Reconfigurations(r.Context(), journal.ReconfigurationFilter{ClusterID: q.Get("cluster"), State: q.Get("state")})
	s.answer(w, r, all(changes), true, err)
}

// apiChangeBody is a reconfiguration with its steps and what the audit chain says of it.
type apiChangeBody struct {
	journal.Reconfiguration
	Steps []journal.Step  `json:"steps"`
	Audit []journal.Audit `json:"audit"`
}

func (s *Server) apiChange(w http.ResponseWriter, r *http.Request) {
	body, found, err := s.change(r)
	s.answer(w, r, apiChangeBody{body.Reconfiguration, all(body.Steps), all(body.Audit)}, found, err)
}

func (s *Server) apiAudit(w http.ResponseWriter, r *http.Request) {
	lines, err := s.deps.Store.Audit(r.Context(), auditLines)
	s.answer(w, r, all(lines), true, err)
}
