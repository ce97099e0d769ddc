package socket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
)

// Name is the socket's file in the data folder of a node.
const Name = "hawser.sock"

const (
	maxEvents    = 10_000
	readTimeout  = 5 * time.Second
	writeTimeout = 30 * time.Second
	closeTimeout = 2 * time.Second
)

// Source is what the socket shows.
type Source interface {
	Snapshot() *cluster.Snapshot
	Events(after cluster.Seq, limit int) ([]cluster.Event, error)
	Conditions(seq cluster.Seq) ([]cluster.Component, error)
	Clearance(ctx context.Context, node, job string) (done func(), err error)
}

// Server answers on the socket. New makes it, Run runs it once.
type Server struct {
	path   string
	source Source
	log    *logrus.Entry
	ready  chan struct{}
}

// New prepares a server for the socket at path; it opens nothing.
func New(path string, source Source, log *logrus.Entry) *Server {
	return &Server{path: path, source: source, log: log, ready: make(chan struct{})}
}

// String names the task.
func (s *Server) String() string { return "local socket" }

// Ready is closed when questions are answered.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Run answers until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	listener, err := listen(s.path)
	if err != nil {
		return fmt.Errorf("local socket %s: %w", s.path, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/snapshot", s.snapshot)
	mux.HandleFunc("GET /v1/events", s.events)
	mux.HandleFunc("GET /v1/conditions", s.conditions)
	mux.HandleFunc("POST /v1/clearance", s.clearance)
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: readTimeout, WriteTimeout: writeTimeout,
		BaseContext: func(net.Listener) context.Context { return ctx }, // a clearance ends with the daemon
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		if server.Shutdown(end) != nil {
			_ = server.Close() // its connections are cut; nothing is lost
		}
	})
	close(s.ready)
	err = server.Serve(listener)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("local socket %s: %w", s.path, err)
}

func (s *Server) snapshot(w http.ResponseWriter, _ *http.Request) {
	s.answer(w, s.source.Snapshot(), nil)
}

func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	after, err := number(r, "after", -1)
	if err != nil {
		s.refuse(w, err)
		return
	}
	limit, err := number(r, "limit", 100)
	if err != nil || limit < 1 || limit > maxEvents {
		s.refuse(w, fmt.Errorf("limit: choose 1 to %d", maxEvents))
		return
	}
	if after < 0 { // the newest
		after = max(int64(s.source.Snapshot().State.LastEvent)-limit, 0)
	}
	events, err := s.source.Events(cluster.Seq(after), int(limit))
	s.answer(w, events, err)
}

func (s *Server) conditions(w http.ResponseWriter, r *http.Request) {
	seq, err := number(r, "event", 0)
	if err != nil || seq == 0 {
		s.refuse(w, errors.New("event: name the sequence number of an event"))
		return
	}
	conditions, err := s.source.Conditions(cluster.Seq(seq))
	s.answer(w, conditions, err)
}

// clearance holds a node free until the asker goes away.
func (s *Server) clearance(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	done, err := s.source.Clearance(r.Context(), query.Get("node"), query.Get("job"))
	if err != nil {
		fail(w, http.StatusConflict, err)
		return
	}
	defer done()
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // as long as it takes: the asker decides
	w.WriteHeader(http.StatusOK)
	if control.Flush() != nil {
		return // the asker has gone
	}
	<-r.Context().Done()
}

// number reads a query parameter that fits a sequence number.
func number(r *http.Request, name string, otherwise int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%s: %q is no number from 0 to 4294967295", name, text)
	}
	return int64(n), nil
}

func (s *Server) refuse(w http.ResponseWriter, err error) { fail(w, http.StatusBadRequest, err) }

func (s *Server) answer(w http.ResponseWriter, facts any, err error) {
	if err != nil {
		fail(w, http.StatusNotFound, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(facts); err != nil {
		s.log.WithError(err).Debug("an answer was not taken")
	}
}

// problem is the body of an answer that is an error.
type problem struct {
	Error string `json:"error"`
}

func fail(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(problem{err.Error()}) // the asker has gone
}
