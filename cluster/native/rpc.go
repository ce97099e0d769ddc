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
	pathRenew   = "/v1/renew"
	pathPropose = "/v1/propose"
	pathPoke    = "/v1/poke"
	maxBody     = 4 << 20
)

// renewal is the leader's answer to a report.
type renewal struct {
	Nonce  uint64                     `json:"nonce"`
	Orders []cluster.Order            `json:"orders"`
	Peers  map[string]*cluster.Report `json:"peers"` // what the other nodes last reported
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
		n.agent.wake.wake()
		w.WriteHeader(http.StatusNoContent)
	})
	server := &http.Server{
		Handler: n.membersOnly(mux), ReadHeaderTimeout: renewTimeout, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
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
	if err := server.Shutdown(bound); err != nil {
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
	answer, err := n.lead.renew(&report)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	writeJSON(w, answer)
}

func (n *Node) handlePropose(w http.ResponseWriter, r *http.Request) {
	var p proposal
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, n.proposeHere(r.Context(), p.Decisions))
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

// proposeHere commits as leader and puts the result into an outcome.
func (n *Node) proposeHere(ctx context.Context, decisions []cluster.Decision) outcome {
	a, err := n.proposer.propose(ctx, decisions...)
	switch {
	case errors.Is(err, cluster.ErrNoLeader):
		return outcome{NoLeader: err.Error()}
	case err != nil:
		return outcome{Unknown: err.Error()}
	}
	n.lead.committed()
	return outcome{Index: a.index, Receipt: a.result.Receipt, Refusal: a.result.Refusal}
}

// propose commits decisions at the leader, wherever that is.
func (n *Node) propose(ctx context.Context, decisions ...cluster.Decision) (outcome, error) {
	leader := n.leader()
	var o outcome
	switch leader {
	case "":
		return outcome{}, cluster.ErrNoLeader
	case n.cfg.Node:
		o = n.proposeHere(ctx, decisions)
	default:
		if err := n.call(ctx, leader, pathPropose, proposal{Decisions: decisions}, &o); err != nil {
			return outcome{}, err
		}
	}
	switch {
	case o.NoLeader != "":
		return o, cluster.ErrNoLeader
	case o.Unknown != "":
		return o, fmt.Errorf("%w: %s", cluster.ErrUnknownOutcome, o.Unknown)
	}
	return o, nil
}

// renewAt reports to the leader; to itself without a network.
func (n *Node) renewAt(ctx context.Context, leader string, report *cluster.Report) (renewal, error) {
	if leader == n.cfg.Node {
		return n.lead.renew(report)
	}
	var answer renewal
	err := n.call(ctx, leader, pathRenew, report, &answer)
	return answer, err
}

// call posts a request to a node. An error before the request could leave is cluster.ErrNoLeader, one after it
// cluster.ErrUnknownOutcome.
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
		var dial *net.OpError
		if errors.As(err, &dial) && dial.Op == "dial" {
			return fmt.Errorf("%w: %w", cluster.ErrNoLeader, err)
		}
		return fmt.Errorf("%w: call %s: %w", cluster.ErrUnknownOutcome, node, err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return fmt.Errorf("%w: call %s: %w", cluster.ErrUnknownOutcome, node, err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%w: %s answers %s: %s", cluster.ErrNoLeader, node, resp.Status, bytes.TrimSpace(data))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
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
		MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, ResponseHeaderTimeout: proposeWait,
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
