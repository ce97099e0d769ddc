package native

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"hawser/cluster"
	"hawser/cluster/raftlog"
)

// The calls between nodes: JSON over HTTP over the mutually authenticated transport.
const (
	pathRenew    = "/v1/renew"
	pathPropose  = "/v1/propose"
	pathPoke     = "/v1/poke"
	pathCampaign = "/v1/campaign"
	maxBody      = 1 << 20
)

// renewal is the leader's answer to a report.
type renewal struct {
	Nonce  uint64                     `json:"nonce"`
	Orders []cluster.Order            `json:"orders"`
	Peers  map[string]*cluster.Report `json:"peers"` // what the other nodes last reported
	// Applied is how far the leader's own state was: a node that begins shows nothing as current before it is there too.
	Applied uint64 `json:"applied,omitempty"`
}

// proposal asks the leader to commit decisions.
type proposal struct {
	Decisions []cluster.Decision `json:"decisions"`
}

// outcome is the leader's answer to a proposal.
type outcome struct {
	Index    uint64           `json:"index"`
	Receipt  *cluster.Receipt `json:"receipt,omitempty"`
	Refusal  *cluster.Refusal `json:"refusal,omitempty"`
	NoLeader string           `json:"noLeader,omitempty"` // nothing was proposed
	Unknown  string           `json:"unknown,omitempty"`  // it may have been
}

type peerKey struct{}

// serve answers the other nodes until ctx ends.
func (n *Node) serve(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pathRenew, n.handleRenew)
	mux.HandleFunc("POST "+pathPropose, n.handlePropose)
	mux.HandleFunc("POST "+pathPoke, func(w http.ResponseWriter, _ *http.Request) {
		n.agent.turn()
		n.agent.wake.wake()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST "+pathCampaign, n.handleCampaign)
	server := &http.Server{
		Handler: n.membersOnly(mux), ReadHeaderTimeout: renewTimeout, ReadTimeout: proposeWait, WriteTimeout: 2 * proposeWait,
		IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, peerKey{}, raftlog.PeerName(c))
		},
	}
	done := make(chan error, 1) // one: Serve's end
	go func() { done <- server.Serve(n.transport.RPCListener()) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve other nodes: %w", err)
	case <-ctx.Done():
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTimeout)
	defer cancel()
	err := server.Shutdown(bound)
	if err != nil {
		err = errors.Join(err, server.Close())
		n.cfg.Log.WithError(err).Debug("calls of other nodes were cut off")
	}
	<-done
	return nil
}

// membersOnly refuses callers that are no nodes of this cluster, and bodies that are too large.
func (n *Node) membersOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, _ := r.Context().Value(peerKey{}).(string)
		if _, ok := n.cfg.Spec.Node(peer); !ok {
			http.Error(w, fmt.Sprintf("%q is no node of this cluster", peer), http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

func (n *Node) handleRenew(w http.ResponseWriter, r *http.Request) {
	var report cluster.Report
	if err := json.NewDecoder(r.Body).Decode(&report); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if peer := r.Context().Value(peerKey{}); peer != report.Node {
		http.Error(w, fmt.Sprintf("%v reports as %s", peer, report.Node), http.StatusForbidden)
		return
	}
	bound, cancel := context.WithTimeout(r.Context(), renewTimeout)
	defer cancel()
	answer, err := n.lead.renew(bound, &report)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	writeJSON(w, answer)
}

// handlePropose takes what other nodes ask for. A content that this program does not know is refused here: in the log it
// would stop every node.
func (n *Node) handlePropose(w http.ResponseWriter, r *http.Request) {
	var p proposal
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	peer := r.Context().Value(peerKey{})
	for i, d := range p.Decisions {
		if err := whole(d); err != nil {
			http.Error(w, fmt.Sprintf("decision %d: %v", i, err), http.StatusBadRequest)
			return
		}
		if !fromOutside(d) {
			http.Error(w, fmt.Sprintf("decision %d is for the leader alone to make", i), http.StatusForbidden)
			return
		}
		if d.Handed != nil && d.Handed.Event.Origin != peer {
			http.Error(w, fmt.Sprintf("decision %d: %v hands over an event of %s", i, peer, d.Handed.Event.Origin), http.StatusForbidden)
			return
		}
	}
	bound, cancel := context.WithTimeout(r.Context(), proposeWait)
	defer cancel()
	writeJSON(w, n.proposeHere(bound, p.Decisions))
}

// handleCampaign lets the leader, and nobody else, ask this node to take its place.
func (n *Node) handleCampaign(w http.ResponseWriter, r *http.Request) {
	peer, leader := r.Context().Value(peerKey{}), n.leader()
	if peer != leader || n.agent.leaving.Load() || n.disk.stuck.Load() {
		http.Error(w, fmt.Sprintf("%v asks, but the leader here is %q, or this node cannot lead", peer, leader), http.StatusConflict)
		return
	}
	if err := n.transport.Campaign(n.raft); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.WriteHeader(http.StatusNoContent)
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

// proposeHere commits as leader and puts the result into an outcome. Before it is in office, a leader takes nothing: the
// log that it has may end differently.
func (n *Node) proposeHere(ctx context.Context, decisions []cluster.Decision) outcome {
	if !n.lead.inOffice() {
		return outcome{NoLeader: "this node does not lead, or not yet"}
	}
	a, err := n.proposer.propose(ctx, decisions...)
	switch {
	case errors.Is(err, cluster.ErrUnknownOutcome):
		return outcome{Unknown: err.Error()}
	case err != nil:
		return outcome{NoLeader: err.Error()}
	}
	n.lead.committed()
	return outcome{Index: a.index, Receipt: a.result.Receipt, Refusal: a.result.Refusal}
}

// propose commits decisions at the leader, wherever that is.
func (n *Node) propose(ctx context.Context, decisions ...cluster.Decision) (outcome, error) {
	bound, cancel := context.WithTimeout(ctx, proposeWait+renewTimeout) // the leader's own limit comes first
	defer cancel()
	leader := n.follows()
	var o outcome
	switch leader {
	case "":
		return outcome{}, cluster.ErrNoLeader
	case n.cfg.Node:
		o = n.proposeHere(bound, decisions)
	default:
		if err := n.call(bound, leader, pathPropose, proposal{Decisions: decisions}, &o); err != nil {
			return outcome{}, err
		}
	}
	return o, o.err()
}

// proposeAsLeader commits decisions if this node leads, and never asks another to: they are what the leader alone may say.
func (n *Node) proposeAsLeader(ctx context.Context, decisions ...cluster.Decision) (outcome, error) {
	if n.shownLeader() != n.cfg.Node {
		return outcome{}, fmt.Errorf("%w (this node does not lead)", cluster.ErrNoLeader)
	}
	bound, cancel := context.WithTimeout(ctx, proposeWait)
	defer cancel()
	o := n.proposeHere(bound, decisions)
	return o, o.err()
}

// err is why a proposal came to nothing, or may have.
func (o outcome) err() error {
	switch {
	case o.NoLeader != "":
		return fmt.Errorf("%w (%s)", cluster.ErrNoLeader, o.NoLeader)
	case o.Unknown != "":
		return fmt.Errorf("%w: %s", cluster.ErrUnknownOutcome, o.Unknown)
	}
	return nil
}

// renewAt reports to the leader; to itself without a network.
func (n *Node) renewAt(ctx context.Context, leader string, report *cluster.Report) (renewal, error) {
	if leader == n.cfg.Node {
		return n.lead.renew(ctx, report)
	}
	var answer renewal
	err := n.call(ctx, leader, pathRenew, report, &answer)
	return answer, err
}

// call posts a request to a node. An error before the request could leave, and a leader's answer that it is none, are
// cluster.ErrNoLeader; a refusal is its reason; all else is cluster.ErrUnknownOutcome.
func (n *Node) call(ctx context.Context, node, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+node+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := n.client.Do(req)
	if err != nil {
		if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
			return fmt.Errorf("%w: %w", cluster.ErrNoLeader, err)
		}
		return fmt.Errorf("%w: call %s: %w", cluster.ErrUnknownOutcome, node, err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	data, err := io.ReadAll(io.LimitReader(resp.Body, 8*maxBody))
	switch {
	case err != nil:
		return fmt.Errorf("%w: call %s: %w", cluster.ErrUnknownOutcome, node, err)
	case resp.StatusCode == http.StatusServiceUnavailable:
		return fmt.Errorf("%w: %s answers: %s", cluster.ErrNoLeader, node, bytes.TrimSpace(data))
	case resp.StatusCode/100 == 4:
		return fmt.Errorf("%s refuses: %s", node, bytes.TrimSpace(data))
	case resp.StatusCode/100 != 2:
		return fmt.Errorf("%w: %s answers %s: %s", cluster.ErrUnknownOutcome, node, resp.Status, bytes.TrimSpace(data))
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%w: answer of %s: %w", cluster.ErrUnknownOutcome, node, err)
	}
	return nil
}

// newClient makes the client for calls to other nodes; the host of a URL is a node's name.
func (n *Node) newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			conn, err := n.transport.DialRPC(ctx, host)
			if err != nil {
				return nil, &net.OpError{Op: "dial", Net: "hawser", Err: err}
			}
			return conn, nil
		},
		MaxIdleConnsPerHost: 4, MaxConnsPerHost: 16, IdleConnTimeout: time.Minute,
	}}
}

// pokeNode asks a node to renew at once.
func (n *Node) pokeNode(ctx context.Context, node string) {
	if node == n.cfg.Node {
		n.agent.wake.wake()
		return
	}
	bound, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	if err := n.call(bound, node, pathPoke, struct{}{}, nil); err != nil {
		n.cfg.Log.WithError(err).WithField("node", node).Debug("could not poke")
	}
}
