package socket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"hawser/cluster"
)

const (
	askTimeout = 10 * time.Second
	maxAnswer  = 64 << 20
)

// Client asks the node at a socket.
type Client struct {
	path string
	http *http.Client
}

// Dial returns a client for the socket at path; it connects with the first question.
func Dial(path string) *Client {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		short, done, err := shorten(path)
		if err != nil {
			return nil, err
		}
		defer done()
		return (&net.Dialer{}).DialContext(ctx, "unix", short)
	}}
	return &Client{path: path, http: &http.Client{Transport: transport}}
}

// Snapshot is the cluster as the node knows it.
func (c *Client) Snapshot(ctx context.Context) (*cluster.Snapshot, error) {
	var out cluster.Snapshot
	if err := c.get(ctx, "/v1/snapshot", &out); err != nil {
		return nil, err
	}
	return &out, nil
}

// Events are at most limit events after a sequence, oldest first.
func (c *Client) Events(ctx context.Context, after cluster.Seq, limit int) ([]cluster.Event, error) {
	var out []cluster.Event
	err := c.get(ctx, fmt.Sprintf("/v1/events?after=%d&limit=%d", after, limit), &out)
	return out, err
}

// Newest are the newest events, oldest first.
func (c *Client) Newest(ctx context.Context, limit int) ([]cluster.Event, error) {
	var out []cluster.Event
	err := c.get(ctx, fmt.Sprintf("/v1/events?limit=%d", limit), &out)
	return out, err
}

// Conditions are the states of all components at an event.
func (c *Client) Conditions(ctx context.Context, seq cluster.Seq) ([]cluster.Component, error) {
	var out []cluster.Component
	err := c.get(ctx, fmt.Sprintf("/v1/conditions?event=%d", seq), &out)
	return out, err
}

// Clearance keeps a node free of active services until done is called; it is refused, with the reason, while the node
// carries one.
func (c *Client) Clearance(ctx context.Context, node, job string) (done func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	query := url.Values{"node": {node}, "job": {job}}
	answer, err := c.ask(ctx, http.MethodPost, "/v1/clearance?"+query.Encode())
	if err != nil {
		cancel()
		return nil, err
	}
	return func() { cancel(); _ = answer.Body.Close() }, nil
}

func (c *Client) get(ctx context.Context, path string, out any) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := c.ask(ctx, http.MethodGet, path)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // read to its end or given up
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("ask %s: %w", c.path, err)
	}
	return nil
}

// ask sends one question; an answer that is an error becomes one.
func (c *Client) ask(ctx context.Context, method, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://hawser"+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, c.explain(err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer, nil
	}
	defer func() { _ = answer.Body.Close() }() // it says no more
	var p problem
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&p); err != nil || p.Error == "" {
		return nil, fmt.Errorf("ask %s: status %d", c.path, answer.StatusCode)
	}
	return nil, errors.New(p.Error)
}

// explain says what to do about a node that cannot be asked.
func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no node answers at %s: start it with `hawser node`, or name another with --config or --socket", c.path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s may not be opened by this user: ask as the user that runs the node", c.path)
	}
	return fmt.Errorf("ask %s: %w", c.path, err)
}
