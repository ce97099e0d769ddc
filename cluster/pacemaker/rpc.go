package pacemaker

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
	"time"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// The calls between hawsers: JSON over HTTP over Wire.
const (
	pathHello   = "/pacemaker/v1/hello"
	pathCopy    = "/pacemaker/v1/copy"
	pathImage   = "/pacemaker/v1/image"
	pathInstall = "/pacemaker/v1/install"
	pathPropose = "/pacemaker/v1/propose"
	maxBody     = 1 << 20
	maxImage    = 256 << 20
	callWait    = 5 * time.Second
)

// greeting asks how far a node is; a leader says its generation, others 0.
type greeting struct {
	Leader uint32 `json:"leader,omitempty"`
}

// copied is an entry that a leader gives to a node which has the one before.
type copied struct {
	Generation uint32          `json:"generation"` // of the leader
	After      uint32          `json:"after"`      // the generation of the entry before
	Prev       uint64          `json:"prev"`
	Index      uint64          `json:"index"`
	Entry      json.RawMessage `json:"entry"`
}

// installed is the answer to a whole state.
type installed struct {
	Hello   Hello           `json:"hello"`
	Orphans []cluster.Event `json:"orphans,omitempty"`
}

// proposal asks the leader to write decisions.
type proposal struct {
	Decisions []cluster.Decision `json:"decisions"`
}

// outcome is the leader's answer to a proposal.
type outcome struct {
	Index    uint64           `json:"index"`
	Receipt  *cluster.Receipt `json:"receipt,omitempty"`
	Refusal  *cluster.Refusal `json:"refusal,omitempty"`
	NoLeader string           `json:"noLeader,omitempty"` // nothing was written
	Unknown  string           `json:"unknown,omitempty"`  // it may have been
}

type peerKey struct{}

// serve answers the other nodes until ctx ends.
func (c *Controller) serve(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pathHello, c.handleHello)
	mux.HandleFunc("POST "+pathCopy, c.handleCopy)
	mux.HandleFunc("POST "+pathImage, c.handleImage)
	mux.HandleFunc("POST "+pathInstall, c.handleInstall)
	mux.HandleFunc("POST "+pathPropose, c.handlePropose)
	server := &http.Server{
		Handler: c.membersOnly(mux), ReadHeaderTimeout: callWait, ReadTimeout: imageWait, WriteTimeout: imageWait,
		IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, peerKey{}, c.cfg.Peer(conn))
		},
	}
	done := make(chan error, 1) // one: Serve's end
	go func() { done <- server.Serve(c.wire.RPCListener()) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve other nodes: %w", err)
	case <-ctx.Done():
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), greetWait)
	defer cancel()
	if err := server.Shutdown(bound); err != nil {
		c.cfg.Log.WithError(errors.Join(err, server.Close())).Debug("calls of other nodes were cut off")
	}
	<-done
	return nil
}

// membersOnly refuses callers that are no nodes of this cluster, and bodies that are too large.
func (c *Controller) membersOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _ := r.Context().Value(peerKey{}).(string)
		if _, ok := c.cfg.Spec.Node(name); !ok {
			http.Error(w, fmt.Sprintf("%q is no node of this cluster", name), http.StatusForbidden)
			return
		}
		limit := int64(maxBody)
		if r.URL.Path == pathInstall {
			limit = maxImage
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next.ServeHTTP(w, r)
	})
}

func (c *Controller) handleHello(w http.ResponseWriter, r *http.Request) {
	var g greeting
	if !c.read(w, r, &g) {
		return
	}
	if g.Leader != 0 {
		if s := c.ledger.State(); g.Leader == s.Generation && s.EngineOwner == r.Context().Value(peerKey{}) {
			c.heardLeader()
		}
	}
	writeJSON(w, c.hello())
}

func (c *Controller) heardLeader() {
	c.mu.Lock()
	silent := time.Since(c.heard) > leaderStale
	c.heard = time.Now()
	c.mu.Unlock()
	if silent {
		c.notifier.notify()
	}
}

// handleCopy takes the next entry from the leader. A leader of an earlier generation than the one that the CIB or the ledger
// names is deposed; an entry that does not follow on the last one here is refused, and the leader gives the whole state.
func (c *Controller) handleCopy(w http.ResponseWriter, r *http.Request) {
	var next copied
	if !c.read(w, r, &next) {
		return
	}
	entry, err := ledger.Decode(next.Entry)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	done, err := c.take(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer done()
	s := c.ledger.State()
	if why := c.refuses(next.Generation); why != "" {
		http.Error(w, why, http.StatusConflict)
		return
	}
	if caller := r.Context().Value(peerKey{}); next.Generation == s.Generation && caller != s.EngineOwner {
		http.Error(w, fmt.Sprintf("%v copies entries of generation %d, which %s leads", caller, s.Generation, s.EngineOwner), http.StatusForbidden)
		return
	}
	if !c.hello().at(next.After, next.Prev) || next.Index != next.Prev+1 {
		http.Error(w, fmt.Sprintf("entry %d follows on %d of generation %d, here it is %d of %d", next.Index, next.Prev, next.After, s.Applied, s.Generation), http.StatusConflict)
		return
	}
	if _, err := c.put(next.Generation, next.Index, entry); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.heardLeader()
	w.WriteHeader(http.StatusNoContent)
}

// refuses says why a leader of a generation is not followed; empty: it is. One that is followed deposes this node.
func (c *Controller) refuses(generation uint32) string {
	known := c.ledger.State().Generation
	if v := c.sight().view; v != nil {
		if at, err := strconv.ParseUint(v.Properties[termProperty], 10, 32); err == nil {
			known = max(known, uint32(at))
		}
	}
	own := c.office.Load()
	switch {
	case generation < known:
		return fmt.Sprintf("generation %d is over: %d leads", generation, known)
	case own != 0 && own >= generation:
		return fmt.Sprintf("this node leads in generation %d", own)
	case own != 0:
		c.office.Store(0)
	}
	return ""
}

// handleImage gives the whole state to a node that is about to lead.
func (c *Controller) handleImage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if err := c.ledger.Image().Write(w); err != nil {
		c.cfg.Log.WithError(err).Debug("the state was not fetched whole")
	}
}

// handleInstall replaces the state by the leader's.
func (c *Controller) handleInstall(w http.ResponseWriter, r *http.Request) {
	image, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var head struct {
		State struct {
			Generation  uint32 `json:"generation"`
			EngineOwner string `json:"engineOwner"`
		} `json:"state"`
	}
	if err := json.Unmarshal(image, &head); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if head.State.EngineOwner != r.Context().Value(peerKey{}) {
		http.Error(w, fmt.Sprintf("the state is %s's to give", head.State.EngineOwner), http.StatusForbidden)
		return
	}
	done, err := c.take(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer done()
	if why := c.refuses(head.State.Generation); why != "" {
		http.Error(w, why, http.StatusConflict)
		return
	}
	orphans, err := c.replace(image)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.heardLeader()
	writeJSON(w, installed{Hello: c.hello(), Orphans: orphans})
}

func (c *Controller) handlePropose(w http.ResponseWriter, r *http.Request) {
	var p proposal
	if !c.read(w, r, &p) {
		return
	}
	for i, d := range p.Decisions {
		if !fromOutside(d) {
			http.Error(w, fmt.Sprintf("decision %d is for the leader alone to make", i), http.StatusForbidden)
			return
		}
	}
	writeJSON(w, c.proposeHere(r.Context(), p.Decisions))
}

// read decodes a body, strictly; what it does not know it refuses.
func (c *Controller) read(w http.ResponseWriter, r *http.Request, into any) bool {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func writeJSON(w http.ResponseWriter, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data) // the caller went away: it will ask again
}

// newClient makes the client for calls to other nodes; the host of a URL is a node's name.
func (c *Controller) newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			return c.wire.DialRPC(ctx, host)
		},
		MaxIdleConnsPerHost: 4, MaxConnsPerHost: 16, IdleConnTimeout: time.Minute,
	}}
}

// call asks a node and decodes its answer.
func (c *Controller) call(ctx context.Context, node, path string, in, out any) error {
	data, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.send(ctx, node, path, data, out)
}

func (c *Controller) send(ctx context.Context, node, path string, body []byte, out any) error {
	data, err := c.exchange(ctx, node, path, body)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%w: answer of %s: %w", cluster.ErrUnknownOutcome, node, err)
	}
	return nil
}

func (c *Controller) receive(ctx context.Context, node, path string) ([]byte, error) {
	return c.exchange(ctx, node, path, nil)
}

// exchange posts a body. cluster.ErrNoLeader: it did not arrive or was refused; cluster.ErrUnknownOutcome: it may have.
func (c *Controller) exchange(ctx context.Context, node, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+net.JoinHostPort(node, "0")+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			return nil, fmt.Errorf("%w: call %s: %w", cluster.ErrNoLeader, node, err)
		}
		return nil, fmt.Errorf("%w: call %s: %w", cluster.ErrUnknownOutcome, node, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxImage))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: answer of %s: %w", cluster.ErrUnknownOutcome, node, err)
	case resp.StatusCode/100 == 4:
		return nil, fmt.Errorf("%w: %s refuses: %s", cluster.ErrNoLeader, node, bytes.TrimSpace(data))
	case resp.StatusCode/100 != 2:
		return nil, fmt.Errorf("%w: %s answers %s: %s", cluster.ErrUnknownOutcome, node, resp.Status, bytes.TrimSpace(data))
	}
	return data, nil
}
