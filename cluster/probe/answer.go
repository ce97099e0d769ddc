package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"syscall"
	"time"
)

// unanswered turns a transport error into a Result by the rule of the package comment. doing says what was under way, as
// in "connect to 127.0.0.1:80".
func unanswered(ctx context.Context, start time.Time, doing string, err error) Result {
	state, cause := classify(ctx, err)
	return verdict(start, state, "%s: %s", doing, cause)
}

// classify separates a definite wrong answer from no answer.
func classify(ctx context.Context, err error) (State, string) {
	if ctx.Err() != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return Unknown, "the probe was cancelled before an answer came"
		}
		return Unknown, "no answer in time"
	}
	if asked := new(url.Error); errors.As(err, &asked) && !asked.Timeout() {
		err = asked.Err // what was asked is in the message already
	}
	var (
		certificate *tls.CertificateVerificationError
		alert       tls.AlertError
		record      tls.RecordHeaderError
		mismatch    *fingerprintError
		timeout     net.Error
	)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return Unknown, "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return Failed, "connection refused: nobody serves there"
	case errors.Is(err, fs.ErrNotExist):
		return Failed, "no such socket: nobody serves there"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Failed, "the connection was reset before the answer was complete"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Failed, "the connection was closed before the answer was complete"
	case errors.As(err, &mismatch):
		return Failed, mismatch.Error()
	case errors.As(err, &certificate), errors.As(err, &alert), errors.As(err, &record):
		return Failed, "TLS: " + err.Error()
	}
	return unreachable(err)
}

// unreachable covers errors of this node's own side, where nobody was asked, and answers that are no protocol at all.
func unreachable(err error) (State, string) {
	var operation *net.OpError
	var lookup *net.DNSError
	switch {
	case errors.As(err, &lookup):
		return Unknown, "the name is not resolved: " + lookup.Error()
	case errors.As(err, &operation):
		return Unknown, "could not ask: " + operation.Error()
	default:
		return Failed, "wrong answer: " + err.Error()
	}
}
