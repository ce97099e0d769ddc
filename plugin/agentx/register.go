package agentx

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"hawser/mib/snmp"
	"hawser/mib/view"
)

const (
	// A registration that was refused is tried again after firstRetry, then after twice the pause, up to lastRetry: the
	// first tries are for our own former session that snmpd has not seen end yet. snmpd logs each refusal.
	firstRetry = time.Second
	lastRetry  = 5 * time.Minute
	// lookEvery is how often it is looked whether contexts came or went, and whether a subtree has something to show that
	// had not. Looking has the backend make a view.
	lookEvery = 15 * time.Second
)

// place is a subtree in a context.
type place struct {
	context string
	subtree int // in Config.Subtrees
}

// entry is how a registration stands.
type entry struct {
	done  bool
	next  time.Time     // of a refused one: the next try
	pause time.Duration // after that
}

// registry is what is registered in one session. It belongs to the keeper.
type registry struct {
	session *session
	entries map[place]*entry
	places  []place // those wanted, in the order in which they are registered
}

// newRegistry wants what needs no look at the view.
func newRegistry(s *session) *registry {
	r := &registry{session: s, entries: map[place]*entry{}}
	for i, subtree := range s.agent.cfg.Subtrees {
		if len(subtree.If) == 0 {
			r.places = append(r.places, place{"", i})
		}
	}
	return r
}

// all registers what is wanted and not there, and takes back what is not wanted any more. An error means that the session
// is of no use.
func (r *registry) all() error {
	for _, p := range r.places {
		if err := r.register(p); err != nil {
			return err
		}
	}
	return r.withdraw()
}

// registered is what stands in this moment.
func (r *registry) registered() map[place]bool {
	out := map[place]bool{}
	for p, e := range r.entries {
		out[p] = e.done
	}
	return out
}

// look finds out what is wanted. What is registered stays as long as its context is there.
func (a *Agent) look(registered map[place]bool) (wanted []place) {
	for i, subtree := range a.cfg.Subtrees {
		for _, context := range a.contexts() {
			if context != "" && !subtree.Contexts {
				continue
			}
			p := place{context, i}
			if registered[p] && (context == "" || a.view(context) != nil) || a.shows(context, subtree) {
				wanted = append(wanted, p)
			}
		}
	}
	return wanted
}

// lookout looks now and then, until the session ends; the backend may be slow. What it asks for first it gets on known.
func (s *session) lookout(known chan map[place]bool, wanted chan<- []place) {
	defer func() {
		if cause := recover(); cause != nil {
			s.agent.counters.panics.Add(1)
			s.agent.log.WithField("panic", cause).Error("looking for what to register ended in a panic: this is a mistake of the program")
		}
	}()
	for {
		var registered map[place]bool
		select {
		case <-s.over:
			return
		case registered = <-known:
		}
		select {
		case <-s.over:
			return
		case wanted <- s.agent.look(registered):
		}
	}
}

func (a *Agent) contexts() []string {
	names := []string{""}
	if contexts, ok := a.backend.(view.Contexts); ok {
		names = append(names, contexts.Contexts()...)
	}
	return names
}

// shows says whether there is anything to register a subtree for.
func (a *Agent) shows(context string, subtree Subtree) bool {
	if len(subtree.If) == 0 && context == "" {
		return true
	}
	v := a.view(context)
	if v == nil || len(subtree.If) == 0 {
		return v != nil
	}
	walker := v.Walk()
	row, ok := walker.From(subtree.If)
	return ok && row.OID().HasPrefix(subtree.If)
}

// register registers one subtree (RFC 2741, section 7.1.4), if it is its time. A refusal is said once.
func (r *registry) register(p place) error {
	e := r.entries[p]
	if e == nil {
		e = &entry{pause: firstRetry}
		r.entries[p] = e
	}
	now := time.Now()
	if e.done || now.Before(e.next) {
		return nil
	}
	s, subtree := r.session, r.session.agent.cfg.Subtrees[p.subtree]
	answer, err := s.call(PDU{
		Header: Header{Type: TypeRegister}, Context: p.context, Timeout: masterTimeout, Priority: defaultPriority, ID: subtree.OID,
	}, callWithin)
	log := s.agent.log.WithField("subtree", subtree.Name).WithField("oid", subtree.OID.String())
	if p.context != "" {
		log = log.WithField("context", p.context)
	}
	switch {
	case err != nil:
		return err
	case answer.Error == NotOpen:
		return errors.New("register: snmpd does not know the session any more: it is opened anew")
	case answer.Error != 0:
		if e.next.IsZero() {
			log.WithError(refused(answer.Error)).Warn("subtree not registered; the others are served, and this one is tried again")
		}
		e.next, e.pause = now.Add(e.pause), min(2*e.pause, lastRetry)
		return nil
	}
	if !e.next.IsZero() {
		log.Info("subtree registered at last")
	}
	e.done = true
	s.agent.once.Do(func() { close(s.agent.ready) })
	return nil
}

func refused(status Status) error {
	if status == DuplicateRegistration {
		return fmt.Errorf("%s: another subagent of this snmpd shows it: stop that one to have ours", status)
	}
	return fmt.Errorf("%s: see the log of snmpd", status)
}

// withdraw takes back what is registered and not wanted: a context that is gone (RFC 2741, section 7.1.5).
func (r *registry) withdraw() error {
	for p, e := range r.entries {
		if slices.Contains(r.places, p) {
			continue
		}
		delete(r.entries, p)
		if !e.done {
			continue
		}
		if _, err := r.session.call(PDU{
			Header: Header{Type: TypeUnregister}, Context: p.context, Priority: defaultPriority, ID: r.session.agent.cfg.Subtrees[p.subtree].OID,
		}, callWithin); err != nil {
			return err
		}
	}
	return nil
}

// announce says what is served.
func (r *registry) announce() {
	done := 0
	for _, e := range r.entries {
		if e.done {
			done++
		}
	}
	a := r.session.agent
	a.log.WithField("socket", a.cfg.Socket).WithField("subtrees", done).WithField("refused", len(r.entries)-done).
		WithField("write", a.cfg.Write).Info("snmpd serves our objects")
}

// capabilities puts our rows into snmpd's sysORTable (RFC 2741, section 7.1.6). Without them all else works.
func (s *session) capabilities() error {
	for _, c := range s.agent.cfg.Capabilities {
		answer, err := s.call(PDU{Header: Header{Type: TypeAddAgentCaps}, ID: c.OID, Description: []byte(c.Description)}, callWithin)
		if err != nil {
			return err
		}
		if answer.Error != 0 {
			s.agent.log.WithError(refused(answer.Error)).Info("agentx capability not announced")
		}
	}
	return nil
}

// closedBy says why snmpd closed the session.
func closedBy(reason byte) error {
	words := [...]string{
		CloseOther: "for a reason of its own", CloseParseError: "because it could not read us", CloseProtocolError: "for a mistake of protocol",
		CloseTimeouts: "because answers did not come in time", CloseShutdown: "because it ends", CloseByManager: "because a manager told it to",
	}
	text := fmt.Sprintf("for reason %d", reason)
	if int(reason) < len(words) && reason >= CloseOther {
		text = words[reason]
	}
	return errors.New("snmpd closed the session " + text)
}

// notifyTrapOID is snmpTrapOID.0, which each notification carries (RFC 2741, section 6.2.10).
func notifyTrapOID() snmp.OID { return snmp.OID{1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0} }
