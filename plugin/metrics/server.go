package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sirupsen/logrus"
)

const (
	serveTimeout = 10 * time.Second
	mostScrapes  = 4 // at one time: the rest are told to come back
	headerSize   = 16 << 10
)

// Server answers GET /metrics at one address, from New to the end of Run.
type Server struct {
	address string
	handler http.Handler
	log     *logrus.Entry
	ready   chan struct{}  // closed when it answers
	bound   netip.AddrPort // after ready
}

// New prepares the answers. The address is bound by Run: a node whose metrics cannot be shown runs all the same.
func New(address string, source Source, log *logrus.Entry) (*Server, error) {
	handler, err := Handler(source, log)
	if err != nil {
		return nil, err
	}
	return &Server{address: address, handler: handler, log: log, ready: make(chan struct{})}, nil
}

// Handler answers with the figures of a source, of this process and of its runtime.
func Handler(source Source, log *logrus.Entry) (http.Handler, error) {
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{NewCollector(source), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: log, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: mostScrapes, Timeout: serveTimeout,
	}))
	return mux, nil
}

// Ready is closed when it answers.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Addr is where it answers once it is Ready, with the port the kernel chose.
func (s *Server) Addr() netip.AddrPort { return s.bound }

// String names the task.
func (s *Server) String() string { return "metrics" }

// Run binds the address and answers until ctx ends. The error names the address.
func (s *Server) Run(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("metrics.listen: %w: name a free address, or none to do without", err)
	}
	s.bound = listener.Addr().(*net.TCPAddr).AddrPort()
	close(s.ready)
	server := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: serveTimeout, ReadTimeout: serveTimeout, WriteTimeout: 2 * serveTimeout, IdleTimeout: time.Minute, MaxHeaderBytes: headerSize,
	}
	s.log.WithField("address", s.Addr()).Info("metrics for Prometheus")
	stopped := make(chan error, 1) // one result of one shutdown
	stop := context.AfterFunc(ctx, func() {
		shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), serveTimeout)
		defer cancel()
		stopped <- server.Shutdown(shutdown)
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve metrics: %w", err)
	}
	return <-stopped
}
