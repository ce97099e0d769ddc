package native

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// TestMain lets this binary be the service that the nodes run.
func TestMain(m *testing.M) {
	if addr := os.Getenv("HAWSER_TEST_LISTEN"); addr != "" {
		os.Exit(serviceMain(addr))
	}
	os.Exit(m.Run())
}

// serviceMain answers who it is until SIGTERM, and writes a line into its record as long as it lives.
func serviceMain(addr string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	listen, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	record, err := os.OpenFile(os.Getenv("HAWSER_TEST_RECORD"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	who := os.Getenv("HAWSER_NODE") + " " + os.Getenv("HAWSER_EPOCH")
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, who)
	}), ReadHeaderTimeout: time.Second}
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			_, _ = fmt.Fprintln(record, who, boottime().Nanoseconds())
			<-tick.C
		}
	}()
	go func() { <-ctx.Done(); _ = server.Close() }()
	_ = server.Serve(listen)
	return 0
}
