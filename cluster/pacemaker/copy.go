package pacemaker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// Hello is what a hawser says of itself, and how far its ledger is.
type Hello struct {
	Node        string    `json:"node"`
	Generation  uint32    `json:"generation"`
	Applied     uint64    `json:"applied"`
	Version     string    `json:"version"`
	EngineID    []byte    `json:"engineId,omitempty"`
	BootTime    time.Time `json:"bootTime,omitzero"`
	MachineUUID string    `json:"machineUuid,omitempty"`
}

// ahead says whether this ledger is more advanced than another.
func (h Hello) ahead(o Hello) bool {
	return h.Generation > o.Generation || h.Generation == o.Generation && h.Applied > o.Applied
}

// at says whether a ledger stands at this very entry.
func (h Hello) at(generation uint32, applied uint64) bool {
	return h.Generation == generation && h.Applied == applied
}

// peer is another node as this one knows it.
type peer struct {
	hello  Hello
	copies bool // it has every entry: it gets the next one as it is written
}

const (
	copyWait  = 2 * time.Second // for a node that gets an entry
	imageWait = 15 * time.Second
	greetWait = 2 * time.Second
	pingEvery = time.Second
)

func (c *Controller) hello() Hello {
	s := c.ledger.State()
	return Hello{
		Node: c.cfg.Node, Generation: s.Generation, Applied: s.Applied, Version: c.cfg.Version, EngineID: c.cfg.NodeEngineID,
		BootTime: c.cfg.BootTime, MachineUUID: c.cfg.MachineUUID,
	}
}

// hellos are those of all nodes, this one's too; the lock must be held.
func (c *Controller) hellos() map[string]Hello {
	out := map[string]Hello{c.cfg.Node: c.hello()}
	for name, p := range c.peers {
		out[name] = p.hello
	}
	return out
}

// others are the nodes of the configuration but this one.
func (c *Controller) others() []string {
	var out []string
	for _, n := range c.cfg.Spec.Nodes {
		if n.Name != c.cfg.Node {
			out = append(out, n.Name)
		}
	}
	return out
}

// greetAll asks all other nodes at once how far they are; who does not answer is left out.
func (c *Controller) greetAll(ctx context.Context) []Hello {
	var mu sync.Mutex // guards out
	var out []Hello
	var calls sync.WaitGroup
	for _, node := range c.others() {
		calls.Go(func() {
			var h Hello
			bound, cancel := context.WithTimeout(ctx, greetWait)
			defer cancel()
			if err := c.call(bound, node, pathHello, greeting{Leader: c.office.Load()}, &h); err != nil || h.Node != node {
				c.heardOf(node, peer{})
				return
			}
			c.mu.Lock()
			p := c.peers[node]
			p.hello = h
			c.peers[node] = p
			c.mu.Unlock()
			mu.Lock()
			out = append(out, h)
			mu.Unlock()
		})
	}
	calls.Wait()
	return out
}

// heardOf keeps what is known of a node; of one that does not answer its last words stay.
func (c *Controller) heardOf(node string, p peer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.hello.Node == "" {
		p.hello = c.peers[node].hello
	}
	c.peers[node] = p
}

// ping, at the leader, tells the others once a second that it leads, and brings those up to date that are behind.
func (c *Controller) ping(ctx context.Context) error {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		generation := c.office.Load()
		if generation == 0 {
			continue
		}
		for _, h := range c.greetAll(ctx) {
			if s := c.ledger.State(); s.Generation != generation || c.copies(h.Node) && h.at(s.Generation, s.Applied) {
				continue
			}
			if err := c.install(ctx, h.Node); err != nil && ctx.Err() == nil {
				c.cfg.Log.WithError(err).WithField("peer", h.Node).Debug("a node could not be brought up to date; trying again")
			}
		}
	}
}

func (c *Controller) copies(node string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.peers[node].copies
}

// take has the right to write, until the returned function is called.
func (c *Controller) take(ctx context.Context) (done func(), err error) {
	select {
	case c.turn <- struct{}{}:
		return func() { <-c.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w (others wait too: %w)", cluster.ErrNoLeader, ctx.Err())
	}
}

// commit writes decisions as one entry of this node.
func (c *Controller) commit(ctx context.Context, decisions ...cluster.Decision) (ledger.Result, error) {
	return c.write(ctx, cluster.Entry{At: time.Now(), By: c.cfg.Node, Decisions: decisions})
}

// write copies an entry to every node that answers, then writes it here, then applies it: it counts from there on.
func (c *Controller) write(ctx context.Context, entry cluster.Entry) (ledger.Result, error) {
	done, err := c.take(ctx)
	if err != nil {
		return ledger.Result{}, err
	}
	defer done()
	generation := c.office.Load()
	if generation == 0 {
		return ledger.Result{}, fmt.Errorf("%w (this node does not lead)", cluster.ErrNoLeader)
	}
	s := c.ledger.State()
	if entry.Origin == 0 { // rises over restarts of the daemon, and over what others have of this node
		entry.Origin = max(uint64(entry.At.UnixMicro()), s.Origins[entry.By]+1)
	}
	data, err := ledger.Encode(entry)
	if err != nil {
		return ledger.Result{}, err
	}
	next := copied{Generation: generation, After: s.Generation, Prev: s.Applied, Index: s.Applied + 1, Entry: data}
	c.copyOut(ctx, next)
	return c.put(generation, next.Index, entry)
}

// put writes an entry to this node's disk and applies it; the turn must be had.
func (c *Controller) put(generation uint32, index uint64, entry cluster.Entry) (ledger.Result, error) {
	if err := c.journal.append(generation, index, entry); err != nil {
		return ledger.Result{}, fmt.Errorf("%w (%w)", cluster.ErrUnknownOutcome, err)
	}
	result, err := c.ledger.Apply(index, entry)
	if err != nil {
		return result, fmt.Errorf("%w: %w", cluster.ErrUnknownOutcome, err)
	}
	if c.journal.full() {
		if err := c.journal.image(c.ledger.Image()); err != nil {
			c.cfg.Log.WithError(err).Error("the state could not be written anew; it is kept as entries: make room in the data folder")
		}
	}
	c.notifier.notify()
	return result, nil
}

// copyOut gives an entry to all nodes that have those before, and waits for each. One that does not take it has to be
// brought up to date before it counts again.
func (c *Controller) copyOut(ctx context.Context, next copied) {
	var calls sync.WaitGroup
	for _, node := range c.others() {
		if !c.copies(node) {
			continue
		}
		calls.Go(func() {
			bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), copyWait)
			defer cancel()
			if err := c.call(bound, node, pathCopy, next, nil); err != nil {
				c.cfg.Log.WithError(err).WithField("peer", node).Debug("an entry could not be copied")
				c.heardOf(node, peer{})
			}
		})
	}
	calls.Wait()
}

// install gives a node the whole state, and takes over the events that only it had.
func (c *Controller) install(ctx context.Context, node string) error {
	done, err := c.take(ctx)
	if err != nil {
		return err
	}
	var image bytes.Buffer
	err = c.ledger.Image().Write(&image)
	var answer installed
	if err == nil {
		bound, cancel := context.WithTimeout(ctx, imageWait)
		err = c.send(bound, node, pathInstall, image.Bytes(), &answer)
		cancel()
	}
	if err == nil {
		c.heardOf(node, peer{hello: answer.Hello, copies: true})
	}
	done()
	return errors.Join(err, c.adopt(ctx, answer.Orphans))
}

// fetch takes the state of another node over, and returns the events that only this node had.
func (c *Controller) fetch(ctx context.Context, node string) ([]cluster.Event, error) {
	bound, cancel := context.WithTimeout(ctx, imageWait)
	defer cancel()
	image, err := c.receive(bound, node, pathImage)
	if err != nil {
		return nil, err
	}
	done, err := c.take(bound)
	if err != nil {
		return nil, err
	}
	defer done()
	return c.replace(image)
}

// replace restores an image, here and on disk; the turn must be had. What the former state had beyond it is returned.
func (c *Controller) replace(image []byte) ([]cluster.Event, error) {
	next := ledger.New()
	if err := next.Restore(bytes.NewReader(image)); err != nil {
		return nil, err
	}
	if id := next.State().ClusterID; id != c.cfg.ClusterID {
		return nil, fmt.Errorf("the state is of cluster %q, this is %q", id, c.cfg.ClusterID)
	}
	orphans := lost(c.ledger, next.State())
	if err := c.journal.image(next.Image()); err != nil {
		return nil, err
	}
	if err := c.ledger.Restore(bytes.NewReader(image)); err != nil {
		return nil, err
	}
	c.notifier.notify()
	return orphans, nil
}

// lost lists the events of a ledger that a state does not know, oldest first.
func lost(l *ledger.Ledger, s *cluster.State) (out []cluster.Event) {
	all := l.State()
	if all.ClusterID != s.ClusterID {
		return nil
	}
	const back = 1000
	for _, e := range l.Events(all.LastEvent-min(all.LastEvent, back), back) {
		if e.OriginSeq > s.Origins[e.Origin] {
			out = append(out, e)
		}
	}
	return out
}
