package web

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	failuresFree = 5                // failed logins with a name from an address before it must wait
	failureRest  = 30 * time.Second // and then between two of them
	failureKept  = 15 * time.Minute // after so long without one they are forgotten
	mostFailing  = 10_000           // pairs that are remembered; hashing one at a time, nobody fails more often while they are kept
	mostWaiting  = 16               // logins that are hashed or wait for it: a few seconds' work
	mostOfOne    = 4                // of them from one address
	waitMost     = 5 * time.Second  // for the place to hash: the answer must be out before the server's limit of ten
)

// gate slows down who guesses passwords. It counts failures by name and address together: by the name alone anybody could
// lock a person out, and by the address alone anybody who shares it, as all do who come through a proxy, could lock all out.
// Where a proxy does not tell the address nothing is counted, for the same reason.
//
// What remains against who guesses from many addresses, through such a proxy, or on this machine, where anybody can pretend
// to be the proxy, is the price of a guess. Hashes are made one at a time for the whole manager, at 600,000 rounds some
// tenths of a second each, so that it judges a few guesses a second, whoever sends them; each is logged with its name. Five
// a second are 160 million in a year: nothing against 12 characters by chance, the least that passwd takes, and enough for
// a password that stands on a list.
//
// The queue for the hash is bounded, too. Who keeps it full from four addresses can delay an operator's login, which then is
// told to come again, but not one that is open already; a limit of requests in the proxy is the remedy.
type gate struct {
	hashing chan struct{} // of size 1: who has the place may hash

	mu      sync.Mutex // guards what follows
	failing map[string]failures
	queue   map[string]int // logins that are hashed or wait, by address
	queued  int
}

type failures struct {
	n    int
	last time.Time
}

func newGate() *gate {
	return &gate{hashing: make(chan struct{}, 1), failing: map[string]failures{}, queue: map[string]int{}}
}

// errFull says that too many wait.
var errFull = errors.New("too many logins at one time")

// enter waits for the place to hash, for waitMost and until ctx ends. An empty address is one that is not known.
func (g *gate) enter(ctx context.Context, address string) (leave func(), err error) {
	if !g.queueUp(address) {
		return nil, errFull
	}
	ctx, cancel := context.WithTimeout(ctx, waitMost)
	defer cancel()
	select {
	case g.hashing <- struct{}{}:
		return func() { <-g.hashing; g.goAway(address) }, nil
	case <-ctx.Done():
		g.goAway(address)
		return nil, ctx.Err()
	}
}

func (g *gate) queueUp(address string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.queued >= mostWaiting || address != "" && g.queue[address] >= mostOfOne {
		return false
	}
	g.queued++
	g.queue[address]++
	return true
}

func (g *gate) goAway(address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queued--
	if g.queue[address]--; g.queue[address] == 0 {
		delete(g.queue, address)
	}
}

// pair is the key of a name and an address; empty, and never counted, without an address.
func pair(name, address string) string {
	if address == "" {
		return ""
	}
	return address + " " + name
}

// closed says whether a pair must wait.
func (g *gate) closed(now time.Time, key string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := g.failing[key]
	return f.n >= failuresFree && now.Sub(f.last) < failureRest
}

// failed counts a failure of a pair.
func (g *gate) failed(now time.Time, key string) {
	if key == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, f := range g.failing {
		if now.Sub(f.last) > failureKept {
			delete(g.failing, key)
		}
	}
	if _, there := g.failing[key]; there || len(g.failing) < mostFailing {
		g.failing[key] = failures{g.failing[key].n + 1, now}
	}
}

func (g *gate) passed(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.failing, key)
}

// caller is the address that a login came from; empty if it is not known. What comes for the origin comes through its proxy,
// which appends to X-Forwarded-For who asked it; what stands before that is whatever the client likes to say.
func (s *Server) caller(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	at := from.Addr().Unmap()
	if s.host == "" || r.Host != s.host || !at.IsLoopback() {
		return share(at)
	}
	told := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	told = strings.TrimSpace(told[strings.LastIndex(told, ",")+1:])
	at, err = netip.ParseAddr(told)
	if err != nil {
		return ""
	}
	return share(at.Unmap())
}

// share is what one party has of the address space: of IPv6 a net of 64 bits.
func share(at netip.Addr) string {
	if at.Is6() {
		if block, err := at.WithZone("").Prefix(64); err == nil && !at.IsLoopback() {
			return block.String()
		}
	}
	return at.String()
}
