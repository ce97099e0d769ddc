package snmp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Client is a small synchronous manager for tests and tools. Timeout is the time one try may take, Retries how often
// a try is repeated. It is safe for use by many goroutines.
type Client struct {
	Timeout time.Duration
	Retries int

	requester *requester
	target    Target
	user      User
}

// NewClient opens a socket for requests to target; user is for v3. Close ends it.
func NewClient(target Target, user User) (*Client, error) {
	r, err := newRequester(netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	return &Client{Timeout: time.Second, Retries: 3, requester: r, target: target, user: user}, nil
}

// Close ends the Client.
func (c *Client) Close() error { return c.requester.close() }

// StatusError is an answer with an error-status. Index counts varbinds from 1.
type StatusError struct {
	Status ErrorStatus
	Index  int
	OID    OID
}

// Error names the status and the varbind.
func (e *StatusError) Error() string {
	return fmt.Sprintf("the agent answers %s for varbind %d (%s)", e.Status, e.Index, e.OID)
}

// Get reads the named instances.
func (c *Client) Get(ctx context.Context, oids ...OID) ([]Varbind, error) {
	return c.Do(ctx, PDU{Type: GetRequest, Varbinds: names(oids)})
}

// Next reads the instance after each name.
func (c *Client) Next(ctx context.Context, oids ...OID) ([]Varbind, error) {
	return c.Do(ctx, PDU{Type: GetNextRequest, Varbinds: names(oids)})
}

// Bulk reads up to repetitions instances after each name.
func (c *Client) Bulk(ctx context.Context, repetitions int, oids ...OID) ([]Varbind, error) {
	return c.Do(ctx, PDU{Type: GetBulkRequest, MaxRepetitions: repetitions, Varbinds: names(oids)})
}

// Set writes all or none. A retry is a new request: protect what must not happen twice by a token or a serial.
func (c *Client) Set(ctx context.Context, binds ...Varbind) ([]Varbind, error) {
	return c.Do(ctx, PDU{Type: SetRequest, Varbinds: binds})
}

// Walk calls visit for each instance under root, in order, until visit returns false.
func (c *Client) Walk(ctx context.Context, root OID, repetitions int, visit func(Varbind) bool) error {
	for at := root; ; {
		binds, err := c.Bulk(ctx, repetitions, at)
		if err != nil {
			return err
		}
		if len(binds) == 0 {
			return fmt.Errorf("walk of %s: an answer without varbinds after %s", root, at)
		}
		for _, vb := range binds {
			if vb.Value.Type == TypeEndOfMibView || !vb.OID.HasPrefix(root) {
				return nil
			}
			if vb.OID.Compare(at) <= 0 {
				return fmt.Errorf("walk of %s: %s comes after %s: the agent's order is wrong", root, vb.OID, at)
			}
			if at = vb.OID; !visit(vb) {
				return nil
			}
		}
	}
}

// Do carries out one operation and returns the varbinds of the answer, or a *StatusError.
func (c *Client) Do(ctx context.Context, pdu PDU) ([]Varbind, error) {
	answer, err := c.retry(ctx, pdu)
	if err != nil {
		return nil, err
	}
	if answer.ErrorStatus == NoError {
		return answer.Varbinds, nil
	}
	failure := &StatusError{Status: answer.ErrorStatus, Index: answer.ErrorIndex}
	if i := answer.ErrorIndex - 1; i >= 0 && i < len(pdu.Varbinds) {
		failure.OID = pdu.Varbinds[i].OID
	}
	return nil, failure
}

func (c *Client) retry(ctx context.Context, pdu PDU) (answer PDU, err error) {
	for range c.Retries + 1 {
		try, cancel := context.WithTimeout(ctx, c.Timeout)
		answer, err = c.requester.do(try, c.target, c.user, pdu)
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return answer, err
		}
	}
	return answer, err
}

func names(oids []OID) []Varbind {
	binds := make([]Varbind, len(oids))
	for i, oid := range oids {
		binds[i] = Varbind{oid, Null()}
	}
	return binds
}
