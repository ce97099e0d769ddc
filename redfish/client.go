package redfish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
)

// lane is a set of connections and request slots. Collection and settings use
// the bulk lane, an operator's power acts the urgent one, fencing its own, so
// that a fence never waits for a connection or a slot that another holds.
type lane struct {
	http   *http.Client
	slots  chan struct{}
	urgent bool
}

// acquire takes a slot or gives up with ctx.
func (l *lane) acquire(ctx context.Context) error {
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *lane) release() { <-l.slots }

// client sends requests to one BMC.
type client struct {
	name    string
	base    string // scheme://host[:port]
	origin  origin
	timeout time.Duration
	maxBody int64
	log     *logrus.Entry
	bulk    *lane
	urgent  *lane
	fence   *lane
	session *session
	cache   *cache
	sent    atomic.Uint64
}

// request is one request to the BMC. path was resolved against the origin.
type request struct {
	method  string
	path    string
	body    any
	ifMatch string
	// fresh forbids every cache on the way, ours and the BMC's.
	fresh bool
	// repeatable allows a write to be sent again when a kept connection
	// turned out dead.
	repeatable bool
	lane       *lane
}

// response is a successful answer, its body read whole.
type response struct {
	status   int
	body     []byte
	etag     string
	location string
	token    string
	retry    time.Duration
}

func newClient(cfg Config, log *logrus.Entry) (*client, error) {
	tlsCfg, err := cfg.tlsConfig()
	if err != nil {
		return nil, err
	}
	org, err := parseOrigin(cfg.URL)
	if err != nil {
		return nil, err
	}
	c := &client{
		name: cfg.Name, base: baseURL(cfg.URL), origin: org, timeout: cfg.Timeout, maxBody: cfg.MaxResponse, log: log,
		cache: newCache(maxCacheBytes),
	}
	// A kept connection that died silently is found within 11 s, not when a
	// fence needs it.
	dialer := &net.Dialer{Timeout: cfg.Timeout, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3,
	}}
	newLane := func(slots int, urgent bool) *lane {
		tr := &http.Transport{
			TLSClientConfig:     tlsCfg.Clone(),
			DialContext:         dialer.DialContext,
			TLSHandshakeTimeout: cfg.Timeout,
			MaxConnsPerHost:     slots, MaxIdleConnsPerHost: slots,
			IdleConnTimeout:        5 * time.Minute,
			MaxResponseHeaderBytes: 64 << 10,
		}
		return &lane{
			http: &http.Client{Transport: tr, CheckRedirect: c.checkRedirect}, slots: make(chan struct{}, slots), urgent: urgent,
		}
	}
	c.bulk = newLane(cfg.MaxConcurrent, false)
	c.urgent = newLane(2, true)
	c.fence = newLane(2, true) // two: Warm may hang in one while Fence uses the other
	c.session = &session{cfg: cfg}
	return c, nil
}

// checkRedirect lets a read follow the BMC to itself only. Go's client would
// hand the X-Auth-Token to any host it is redirected to.
func (c *client) checkRedirect(req *http.Request, via []*http.Request) error {
	if via[0].Method != http.MethodGet {
		return http.ErrUseLastResponse
	}
	if originOf(req.URL) != c.origin {
		return fmt.Errorf("redirected to %s: %w", req.URL.Redacted(), ErrForeignLink)
	}
	if len(via) > 3 {
		return errors.New("more than 3 redirects")
	}
	return nil
}

// do sends r with the session's token, logs in again once on 401, and repeats
// reads that met a busy BMC. A status other than 2xx is a *StatusError.
func (c *client) do(ctx context.Context, r request) (*response, error) {
	if r.lane == nil {
		r.lane = c.bulk
	}
	if err := r.lane.acquire(ctx); err != nil {
		return nil, fmt.Errorf("%s %s: wait for a free slot: %w", r.method, r.path, err)
	}
	defer r.lane.release()
	for attempt := 1; ; attempt++ {
		resp, err := c.authorized(ctx, r)
		if err == nil {
			return resp, nil
		}
		pause, again := retryAfter(r, resp, err, attempt)
		if !again {
			return nil, err
		}
		if sleep(ctx, pause) != nil {
			return nil, err
		}
	}
}

// Reads are tried this often when the BMC is busy, with at most this pause.
const (
	maxAttempts   = 3
	maxRetryPause = 5 * time.Second
)

// retryAfter says whether a failed request may be sent again, and when.
func retryAfter(r request, resp *response, err error, attempt int) (time.Duration, bool) {
	if attempt >= maxAttempts || r.method != http.MethodGet || r.lane.urgent {
		return 0, false
	}
	switch statusOf(err) {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
	default:
		return 0, false
	}
	pause := time.Duration(attempt) * 200 * time.Millisecond
	if resp != nil && resp.retry > pause {
		pause = resp.retry
	}
	return min(pause, maxRetryPause), true
}

// authorized sends r once with credentials, and once more after a 401 with new
// ones.
func (c *client) authorized(ctx context.Context, r request) (*response, error) {
	cred, err := c.credential(ctx, r.lane, credential{})
	if err != nil {
		return nil, err
	}
	resp, err := c.send(ctx, r, cred)
	if statusOf(err) != http.StatusUnauthorized {
		return resp, err
	}
	next, lerr := c.credential(ctx, r.lane, cred)
	if lerr != nil {
		return resp, fmt.Errorf("log in again: %w", lerr)
	}
	return c.send(ctx, r, next)
}

// send performs one exchange within the request timeout. On a status other
// than success it returns both the answer and a *StatusError.
func (c *client) send(ctx context.Context, r request, cred credential) (*response, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout,
		fmt.Errorf("no answer within %v: %w", c.timeout, context.DeadlineExceeded))
	defer cancel()
	req, err := c.build(ctx, r, cred)
	if err != nil {
		return nil, err
	}
	cached, conditional := c.condition(req, r)
	begin := time.Now()
	c.sent.Add(1)
	res, err := r.lane.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, r.path, cause(ctx, unwrapURL(err)))
	}
	defer res.Body.Close()
	body, err := c.readBody(res)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, r.path, cause(ctx, err))
	}
	c.log.WithFields(logrus.Fields{
		"method": r.method, "path": r.path, "status": res.StatusCode, "took_ms": time.Since(begin).Milliseconds(),
	}).Debug("bmc request")
	if res.StatusCode == http.StatusNotModified && conditional {
		return cached.response(), nil
	}
	out := &response{
		status: res.StatusCode, body: body, etag: res.Header.Get("ETag"), location: res.Header.Get("Location"),
		token: res.Header.Get("X-Auth-Token"), retry: retryHeader(res.Header.Get("Retry-After")),
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return out, &StatusError{Method: r.method, Path: r.path, Status: res.StatusCode, Messages: messageTexts(messagesOf(body))}
	}
	if r.method == http.MethodGet && !r.fresh && r.lane == c.bulk {
		c.cache.put(r.path, out)
	}
	return out, nil
}

func (c *client) build(ctx context.Context, r request, cred credential) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("%s %s: encode body: %w", r.method, r.path, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("OData-Version", "4.0")
	req.Header.Set("User-Agent", "hawser")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.ifMatch != "" {
		req.Header.Set("If-Match", r.ifMatch)
	}
	if r.fresh {
		req.Header.Set("Cache-Control", "no-cache, no-store")
		req.Header.Set("Pragma", "no-cache")
	}
	if r.repeatable {
		// net/http repeats a write on a dead kept connection only if it is
		// marked so; the empty value is not sent.
		req.Header["X-Idempotency-Key"] = []string{}
	}
	cred.apply(req)
	return req, nil
}

// condition adds If-None-Match where the answer may come from the cache.
func (c *client) condition(req *http.Request, r request) (cacheEntry, bool) {
	if r.method != http.MethodGet || r.fresh || r.lane != c.bulk {
		return cacheEntry{}, false
	}
	e, ok := c.cache.get(r.path)
	if ok {
		req.Header.Set("If-None-Match", e.etag)
	}
	return e, ok
}

func (c *client) readBody(res *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, c.maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if int64(len(body)) > c.maxBody {
		return nil, fmt.Errorf("over %d octets: %w", c.maxBody, ErrTooLarge)
	}
	return body, nil
}

// close ends the session and closes kept connections.
func (c *client) close(ctx context.Context) error {
	err := c.logout(ctx)
	c.bulk.http.CloseIdleConnections()
	c.urgent.http.CloseIdleConnections()
	c.fence.http.CloseIdleConnections()
	return err
}

func retryHeader(v string) time.Duration {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, 3600)) * time.Second
}

// cause replaces a bare deadline error by the context's own reason.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(err, ErrForeignLink) {
		return context.Cause(ctx)
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
