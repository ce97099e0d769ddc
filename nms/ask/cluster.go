package ask

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hawser/mib/snmp"
)

// freshEnough is the age in seconds up to which a current view is taken without asking the other nodes.
const freshEnough = 2

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

// candidate is a node that answered.
type candidate struct {
	session *Session
	scalars Scalars
}

// Freshest returns a session to the node with the freshest current view, and its scalars. The node that was best last
// time is taken at once when it still is good enough. expectID, if not empty, refuses nodes of another cluster.
func (c *Cluster) Freshest(ctx context.Context, expectID string) (*Session, Scalars, error) {
	var found []candidate
	var errs []error
	for _, address := range slices.Clone(c.addresses) {
		one, err := c.probe(ctx, address, expectID)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		found = append(found, one)
		if one.scalars.ViewState == "current" && one.scalars.ViewAge <= freshEnough {
			break
		}
	}
	if len(found) == 0 {
		return nil, Scalars{}, fmt.Errorf("cluster %s: no node answers: %w", c.name, errors.Join(errs...))
	}
	best := slices.MinFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(viewRank(a.scalars.ViewState), viewRank(b.scalars.ViewState)), -cmp.Compare(a.scalars.Generation, b.scalars.Generation),
			cmp.Compare(a.scalars.ViewAge, b.scalars.ViewAge), -cmp.Compare(a.scalars.LastEventSeq, b.scalars.LastEventSeq))
	})
	c.prefer(best.session.address)
	return best.session, best.scalars, nil
}

func (c *Cluster) probe(ctx context.Context, address, expectID string) (candidate, error) {
	s, err := c.session(address)
	if err != nil {
		return candidate{}, err
	}
	var one Scalars
	if _, err := ReadScalars(ctx, s, &one); err != nil {
		c.drop(address)
		return candidate{}, err
	}
	switch {
	case one.ClusterID == "":
		return candidate{}, fmt.Errorf("ask %s: %w: it shows no hawserClusterId to user %q: is this a hawser node, and has the user a role there?", address, ErrHidden, c.user.Name)
	case expectID != "" && one.ClusterID != expectID:
		return candidate{}, fmt.Errorf("ask %s: it belongs to cluster %s (%s), not to %s: correct the addresses of cluster %s", address, one.ClusterID, one.ClusterName, expectID, c.name)
	}
	return candidate{session: s, scalars: one}, nil
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
