package nms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"hawser/nms/ask"
	"hawser/nms/journal"
	"hawser/nms/trapd"
)

// statusServer answers GET /healthz, /metrics, /api/v1/fleet, /api/v1/events, and hands the rest to the pages.
type statusServer struct{ m *Manager }

// String names the task.
func (s *statusServer) String() string { return "status server" }

const (
	statusTimeout = 10 * time.Second
	maxEvents     = 10000
)

// Run serves until ctx ends.
func (s *statusServer) Run(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /api/v1/fleet", s.reading(s.fleet))
	mux.HandleFunc("GET /api/v1/events", s.reading(s.events))
	metrics, err := s.m.metrics()
	if err != nil {
		return err
	}
	mux.HandleFunc("GET /metrics", s.reading(metrics.ServeHTTP))
	mux.Handle("/", s.m.web)
	server := &http.Server{Handler: s.m.web.Protect(mux), ReadHeaderTimeout: statusTimeout, ReadTimeout: statusTimeout, WriteTimeout: statusTimeout, MaxHeaderBytes: 16 << 10}
	stopped := make(chan error, 1) // one result of one shutdown
	stop := context.AfterFunc(ctx, func() {
		shutdown, cancel := context.WithTimeout(context.Background(), statusTimeout)
		defer cancel()
		stopped <- server.Shutdown(shutdown)
	})
	err = server.Serve(s.m.http)
	if !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve the status: %w", err)
	}
	return <-stopped
}

// reading serves those who may see what the manager knows.
func (s *statusServer) reading(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.m.web.MayRead(r) {
			s.fail(w, http.StatusUnauthorized, errors.New("log in first"))
			return
		}
		next(w, r)
	}
}

// Health is the answer of /healthz.
type Health struct {
	Ready    bool        `json:"ready"`  // every cluster was asked
	Status   string      `json:"status"` // ok, or why not
	EngineID string      `json:"engineId"`
	Traps    trapd.Stats `json:"traps"`
}

func (s *statusServer) health(w http.ResponseWriter, r *http.Request) {
	h := Health{Ready: s.m.Ready(), Status: "ok", EngineID: s.m.EngineID(), Traps: s.m.receiver.Stats()}
	code := http.StatusOK
	if _, err := s.m.journal.Property(r.Context(), journal.PropertyOff); err != nil {
		h.Status, code = err.Error(), http.StatusServiceUnavailable
	}
	if failing := s.m.receiver.Failing(); failing != "" {
		h.Status, code = failing, http.StatusServiceUnavailable
	}
	s.reply(w, code, h)
}

// FleetCluster is one cluster in the answer of /api/v1/fleet.
type FleetCluster struct {
	journal.Cluster
	State *ask.State `json:"state,omitempty"`
}

func (s *statusServer) fleet(w http.ResponseWriter, r *http.Request) {
	clusters, err := Fleet(r.Context(), s.m.Journal())
	if err != nil {
		s.fail(w, http.StatusInternalServerError, err)
		return
	}
	s.reply(w, http.StatusOK, clusters)
}

func (s *statusServer) events(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f := journal.EventFilter{ClusterID: q.Get("cluster"), Component: q.Get("component"), Type: q.Get("type"), Severity: q.Get("severity")}
	for name, to := range map[string]func(int64){"limit": func(n int64) { f.Limit = int(min(n, maxEvents)) }, "after": func(n int64) { f.AfterID, f.Oldest = n, true }} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			s.fail(w, http.StatusBadRequest, fmt.Errorf("%s=%q: use a number of 0 or more", name, text))
			return
		}
		to(n)
	}
	events, err := s.m.journal.Events(r.Context(), f)
	if err != nil {
		s.fail(w, http.StatusInternalServerError, err)
		return
	}
	s.reply(w, http.StatusOK, events)
}

func (s *statusServer) fail(w http.ResponseWriter, code int, err error) {
	s.reply(w, code, map[string]string{"error": err.Error()})
}

func (s *statusServer) reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.m.log.WithError(err).Debug("status not delivered; the client went away")
	}
}
