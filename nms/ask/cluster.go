package ask

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hawser/mib/snmp"
)

const (
	freshEnough = 2                      // seconds of age up to which a current view is taken without asking the other nodes
	hedgeAfter  = 300 * time.Millisecond // without an answer the other nodes are asked too
)

// Cluster asks the nodes of one cluster as one user and keeps its sessions. It is not safe for use by many goroutines at
// once.
type Cluster struct {
	name      string
	addresses []string // the one that answered best first
	user      snmp.User
	options   Options
	sessions  map[string]*Session
}

// NewCluster prepares to ask; nothing is sent yet.
func NewCluster(name string, addresses []string, user snmp.User, options Options) *Cluster {
	return &Cluster{name: name, addresses: slices.Clone(addresses), user: user, options: options, sessions: map[string]*Session{}}
}

// Close ends all sessions.
func (c *Cluster) Close() error {
	var errs []error
	for address, s := range c.sessions {
		errs = append(errs, s.Close())
		delete(c.sessions, address)
	}
	return errors.Join(errs...)
}

func (c *Cluster) session(address string) (*Session, error) {
	if s, ok := c.sessions[address]; ok {
		return s, nil
	}
	s, err := Dial(address, c.user, c.options)
	if err == nil {
		c.sessions[address] = s
	}
	return s, err
}

// drop forgets a session after an error: a restarted agent may have another engine.
func (c *Cluster) drop(address string) {
	if s, ok := c.sessions[address]; ok {
		_ = s.Close() // a UDP socket that is given up
		delete(c.sessions, address)
	}
}

// Freshest returns a session to the node with the freshest current view, and its scalars. The node that was best last
// time is asked first and taken when it still is good enough; the others are asked, all at once, when it is not, or when
// it does not answer soon: a node that died must not delay the rest. expectID, if not empty, refuses nodes of another
// cluster.
func (c *Cluster) Freshest(ctx context.Context, expectID string) (*Session, Scalars, error) {
	r := c.newRace(ctx, expectID)
	defer r.end()
	r.start(c.addresses[:1])
	hedge := time.NewTimer(hedgeAfter)
	defer hedge.Stop()
	for r.running() > 0 || len(r.started) < len(c.addresses) {
		if r.running() == 0 {
			r.start(c.addresses[1:])
		}
		select {
		case <-hedge.C:
			r.start(c.addresses[1:])
		case one := <-r.results:
			if r.take(one) {
				return r.winner()
			}
		}
	}
	if len(r.found) == 0 {
		return nil, Scalars{}, fmt.Errorf("cluster %s: no node answers: %w", c.name, errors.Join(r.errs...))
	}
	return r.winner()
}

// viewRank orders views: current before lagging before isolated.
func viewRank(state string) int {
	if i := slices.Index([]string{"current", "lagging", "isolated"}, state); i >= 0 {
		return i
	}
	return 3
}

// prefer moves an address to the front.
func (c *Cluster) prefer(address string) {
	i := slices.Index(c.addresses, address)
	if i <= 0 {
		return
	}
	copy(c.addresses[1:i+1], c.addresses[:i])
	c.addresses[0] = address
}

// Avoid asks the node at this address last from now on: others may have what it lacks.
func (c *Cluster) Avoid(address string) {
	if i := slices.Index(c.addresses, address); i >= 0 {
		c.addresses = append(slices.Delete(c.addresses, i, i+1), address)
	}
}

// ReadState reads the tables that rules and status need.
func ReadState(ctx context.Context, s *Session, scalars Scalars) (State, error) {
	state := State{Scalars: scalars, Address: s.address, Asked: time.Now()}
	if _, err := ReadScalars(ctx, s, &state.Policy); err != nil {
		return state, err
	}
	var err error
	if state.Nodes, err = ReadTable[Node](ctx, s); err != nil {
		return state, err
	}
	if state.Stacks, err = ReadTable[Stack](ctx, s); err != nil {
		return state, err
	}
	if state.Services, err = ReadTable[Service](ctx, s); err != nil {
		return state, err
	}
	if state.Instances, err = ReadTable[ServiceInstance](ctx, s); err != nil {
		return state, err
	}
	if state.Hardware, err = ReadTable[Hardware](ctx, s); err != nil {
		return state, err
	}
	state.Alarms, err = ReadTable[Alarm](ctx, s)
	return state, err
}

// Service returns the service of that name.
func (s *State) Service(name string) (Service, bool) {
	i := slices.IndexFunc(s.Services, func(v Service) bool { return v.Name == name })
	if i < 0 {
		return Service{}, false
	}
	return s.Services[i], true
}

// Node returns the node of that name.
func (s *State) Node(name string) (Node, bool) {
	i := slices.IndexFunc(s.Nodes, func(v Node) bool { return v.Name == name })
	if i < 0 {
		return Node{}, false
	}
	return s.Nodes[i], true
}
