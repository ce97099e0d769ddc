package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// httpProber asks one URL. It keeps at most one idle connection between probes, and drops it after any verdict but OK, so
// that the next probe does not ask along a connection in doubt.
type httpProber struct {
	options   httpOptions
	pattern   *regexp.Regexp
	client    *http.Client
	transport *http.Transport
}

func newHTTP(options map[string]any) (Prober, error) {
	o := httpOptions{Method: http.MethodGet, BodyLimit: defaultBodyLimit}
	if err := decode(options, &o); err != nil {
		return nil, err
	}
	if len(o.Status) == 0 {
		o.Status = []statusRange{{200, 299}}
	}
	var found faults
	o.check(&found)
	p := &httpProber{options: o}
	if o.Matches != "" {
		p.pattern = compile("matches", o.Matches, &found)
	}
	config := o.tlsConfig(&found)
	if err := found.err(); err != nil {
		return nil, err
	}
	p.transport = &http.Transport{
		Proxy:              nil, // a proxy would answer for the service
		DialContext:        p.dial,
		TLSClientConfig:    config,
		DisableCompression: true, // a small answer must not unpack into a large one
		DisableKeepAlives:  o.FreshConnection || !repeatable(o.Method),
		MaxIdleConns:       1,
		// Longer than any sensible probe interval; a connection that the server closed meanwhile is replaced unseen.
		IdleConnTimeout:        2 * time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
	}
	p.client = &http.Client{Transport: p.transport, CheckRedirect: p.redirect}
	return p, nil
}

// repeatable reports whether net/http may ask again by itself when a kept connection turns out to be closed.
func repeatable(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// dial connects to the socket if one is given, else to the URL's host.
func (p *httpProber) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	if p.options.Socket != "" {
		network, address = "unix", p.options.Socket
	}
	return dialer.DialContext(ctx, network, address)
}

// redirect follows as many redirects as the options allow; the next one is the answer.
func (p *httpProber) redirect(_ *http.Request, via []*http.Request) error {
	if len(via) > p.options.Redirects {
		return http.ErrUseLastResponse
	}
	return nil
}

// Close drops the kept connection.
func (p *httpProber) Close() error {
	p.transport.CloseIdleConnections()
	return nil
}

// Probe asks once.
func (p *httpProber) Probe(ctx context.Context) Result {
	start := time.Now()
	result := p.ask(ctx, start)
	if result.State != OK {
		p.transport.CloseIdleConnections()
	}
	return result
}

func (p *httpProber) ask(ctx context.Context, start time.Time) Result {
	request, err := p.request(ctx)
	if err != nil {
		return verdict(start, Unknown, "could not ask: %v", err)
	}
	doing := p.options.Method + " " + p.options.URL
	response, err := p.client.Do(request)
	if err != nil {
		return unanswered(ctx, start, doing, err)
	}
	defer func() { _ = response.Body.Close() }() // the verdict is given; a close has nothing to add
	body, whole, err := readBody(response.Body, p.options.BodyLimit)
	if err != nil {
		return unanswered(ctx, start, doing+": status "+itoa(response.StatusCode)+", then", err)
	}
	result := p.judge(start, response.StatusCode, body, whole)
	result.Perfdata += fmt.Sprintf(" size=%dB", len(body))
	return result
}

func (p *httpProber) request(ctx context.Context) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, p.options.Method, p.options.URL, strings.NewReader(p.options.Body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "hawser")
	for _, h := range p.options.Headers {
		if strings.EqualFold(h.Name, "Host") {
			request.Host = h.Value
			continue
		}
		request.Header.Add(h.Name, h.Value)
	}
	return request, nil
}

// readBody reads up to limit bytes and says whether that was the whole body.
func readBody(body io.Reader, limit int) (read []byte, whole bool, err error) {
	read, err = io.ReadAll(io.LimitReader(body, int64(limit)+1))
	if err != nil {
		return read, false, err
	}
	if len(read) > limit {
		return read[:limit], false, nil
	}
	return read, true, nil
}

// judge compares the answer with what the options expect.
func (p *httpProber) judge(start time.Time, code int, body []byte, whole bool) Result {
	o := &p.options
	status := fmt.Sprintf("status %d %s", code, http.StatusText(code))
	var wrong error
	switch {
	case !expected(o.Status, code):
		return verdict(start, Failed, "%s is not expected%s", status, p.healthHint(body, whole))
	case o.Contains != "" && !strings.Contains(string(body), o.Contains):
		wrong = fmt.Errorf("the body does not contain %q", o.Contains)
	case p.pattern != nil && !p.pattern.Match(body):
		wrong = fmt.Errorf("the body does not match %q", o.Matches)
	case p.wantsHealth():
		wrong = checkHealth(body, whole, o.Checks)
	}
	if wrong == nil {
		return verdict(start, OK, "%s", status)
	}
	if !whole && !errors.Is(wrong, errTooLong) {
		wrong = fmt.Errorf("%w within its first %d bytes", wrong, o.BodyLimit)
	}
	return verdict(start, Failed, "%s, but %v", status, wrong)
}

func (p *httpProber) wantsHealth() bool { return p.options.Health || len(p.options.Checks) > 0 }

// healthHint names the checks that are down, if the body of an unexpected status tells.
func (p *httpProber) healthHint(body []byte, whole bool) string {
	if !p.wantsHealth() {
		return ""
	}
	if err := checkHealth(body, whole, p.options.Checks); err != nil {
		return ": " + err.Error()
	}
	return ""
}

func itoa(n int) string { return strconv.Itoa(n) }
