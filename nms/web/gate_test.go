package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// attempt is one login: the address of the connection, what a proxy says of the client, and its answer's status.
func (s *site) attempt(name, password, remote, forwarded string) (int, http.Header) {
	form := url.Values{"name": {name}, "password": {password}}
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, "/login", strings.NewReader(form.Encode()))
	r.Host, r.RemoteAddr = s.host, remote
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if forwarded != "" {
		r.Header.Set("X-Forwarded-For", forwarded)
	}
	w := httptest.NewRecorder()
	s.Protect(s.Server).ServeHTTP(w, r)
	return w.Code, w.Header()
}

// guessAtOnce sends wrong logins while another is hashed, and counts the answers by status.
func (s *site) guessAtOnce(n int, address func(int) string) map[int]int {
	s.t.Helper()
	s.gate.hashing <- struct{}{} // a hash that takes long
	var mu sync.Mutex            // guards got
	got := map[int]int{}
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			code, header := s.attempt("ann", "wrong", address(i), "")
			mu.Lock()
			defer mu.Unlock()
			got[code]++
			if code >= 429 && header.Get("Retry-After") == "" {
				s.t.Errorf("%d does not say when to try again", code)
			}
		})
	}
	settled := func() bool {
		s.gate.mu.Lock()
		defer s.gate.mu.Unlock()
		mu.Lock()
		defer mu.Unlock()
		return s.gate.queued+got[http.StatusServiceUnavailable]+got[http.StatusTooManyRequests] == n
	}
	for end := time.Now().Add(20 * time.Second); !settled(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatal("some neither wait nor were refused")
		}
	}
	<-s.gate.hashing
	all.Wait()
	if s.gate.queued != 0 || len(s.gate.queue) != 0 {
		s.t.Errorf("%d wait still: %v", s.gate.queued, s.gate.queue)
	}
	return got
}

// TestGuessesAtOnce are judged as those one after another are: no more than failuresFree.
func TestGuessesAtOnce(t *testing.T) {
	s := newSite(t, withUsers(t))
	same := func(int) string { return "127.0.0.1:40000" }
	judged := 0
	for range 3 {
		got := s.guessAtOnce(30, same)
		judged += got[http.StatusForbidden]
		if n := got[http.StatusForbidden]; n > mostOfOne || got[http.StatusForbidden]+got[http.StatusTooManyRequests]+got[http.StatusServiceUnavailable] != 30 {
			t.Errorf("answers: %v", got)
		}
	}
	if judged != failuresFree {
		t.Errorf("%d guesses were judged, want %d", judged, failuresFree)
	}
}

// TestQueueOfLoginsIsBounded, whatever addresses they come from; then all is well again.
func TestQueueOfLoginsIsBounded(t *testing.T) {
	s := newSite(t, withUsers(t))
	got := s.guessAtOnce(40, func(i int) string { return "127.0.0." + strconv.Itoa(i+1) + ":40000" })
	if got[http.StatusForbidden] != mostWaiting || got[http.StatusServiceUnavailable] != 40-mostWaiting {
		t.Errorf("answers: %v, want %d judged and the rest put off", got, mostWaiting)
	}
	s.login("ann")
}

// TestOthersLockNobodyOut: whoever else fails, with the name of an operator too.
func TestOthersLockNobodyOut(t *testing.T) {
	const proxy = "127.0.0.1:40000"
	behind := func(c *Config) { c.Origin = "https://ops.example.org" }
	for name, c := range map[string]struct {
		change           func(*Config)
		host             string
		foe, ann         string // addresses of the connections
		foeTold, annTold string // what a proxy says; N is another number each time
		slowed           int    // what the foe is told at last
	}{
		"two addresses":               {func(*Config) {}, "127.0.0.1:8162", "127.0.0.2:1", "127.0.0.1:1", "", "", 429},
		"behind a proxy":              {behind, "ops.example.org", proxy, proxy, "192.0.2.66", "192.0.2.1", 429},
		"who makes addresses up":      {behind, "ops.example.org", proxy, proxy, "10.0.0.N, 192.0.2.66", "192.0.2.1", 429},
		"a net of IPv6":               {behind, "ops.example.org", proxy, proxy, "2001:db8:0:66::N", "2001:db8:0:1::1", 429},
		"a proxy that tells nobody":   {behind, "ops.example.org", proxy, proxy, "", "", 403},
		"a proxy that tells nonsense": {behind, "ops.example.org", proxy, proxy, "unknown", "unknown", 403},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, withUsers(t), c.change)
			s.host = c.host
			last := 0
			for i := range 3 * failuresFree {
				last, _ = s.attempt("ann", "wrong", c.foe, strings.ReplaceAll(c.foeTold, "N", strconv.Itoa(i)))
			}
			if last != c.slowed {
				t.Errorf("who guesses is told %d, want %d", last, c.slowed)
			}
			if code, _ := s.attempt("ann", password, c.ann, c.annTold); code != http.StatusSeeOther {
				t.Errorf("the operator is told %d", code)
			}
		})
	}
}

// TestWhoCalls: only a proxy of ours is believed, and of IPv6 a party has a whole net.
func TestWhoCalls(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Origin = "https://ops.example.org" })
	for _, c := range []struct{ host, remote, told, want string }{
		{"ops.example.org", "127.0.0.1:1", "192.0.2.9", "192.0.2.9"},
		{"ops.example.org", "127.0.0.1:1", "1.2.3.4, 192.0.2.9", "192.0.2.9"},
		{"ops.example.org", "127.0.0.1:1", "2001:db8::7", "2001:db8::/64"},
		{"ops.example.org", "127.0.0.1:1", "::ffff:192.0.2.9", "192.0.2.9"},
		{"ops.example.org", "127.0.0.1:1", "192.0.2.9,", ""},
		{"ops.example.org", "127.0.0.1:1", "", ""},
		{"127.0.0.1:8162", "127.0.0.1:1", "192.0.2.9", "127.0.0.1"},
		{"ops.example.org", "192.0.2.5:1", "192.0.2.9", "192.0.2.5"},
		{"localhost", "[::1]:1", "", "::1"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host, r.RemoteAddr = c.host, c.remote
		r.Header.Set("X-Forwarded-For", c.told)
		if got := s.caller(r); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// TestWaitForTheHashIsBounded: who waits too long is told to come again, and leaves the queue.
func TestWaitForTheHashIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		leave, err := g.enter(t.Context(), "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := g.enter(t.Context(), "192.0.2.2"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != waitMost || g.queued != 1 {
			t.Errorf("%v after %s, %d in the queue", err, time.Since(began), g.queued)
		}
		leave()
		if leave, err = g.enter(t.Context(), "192.0.2.2"); err != nil {
			t.Fatal(err)
		}
		if leave(); g.queued != 0 || len(g.queue) != 0 {
			t.Errorf("%d in the queue: %v", g.queued, g.queue)
		}
	})
}
