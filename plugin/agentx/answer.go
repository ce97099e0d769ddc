package agentx

import (
	"runtime/debug"

	"hawser/mib/snmp"
	"hawser/mib/view"
)

// work handles one message; false: the server lost its turn over it.
func (s *session) work(j *job) (turn bool) {
	err := j.pdu.Decode(j.frame)
	admitted := s.turns.begin(j, err == nil && !answers(j.pdu.Type))
	s.handle(j, err, admitted)
	return s.turns.finish(j)
}

// answers says whether a message of this type is answered. CleanupSet is not (RFC 2741, section 7.2.4.4).
func answers(t Type) bool { return t != TypeCleanupSet && t != TypeClose && t != TypeResponse }

// ends says whether a message ends a SET. However much is in work, it is carried out: without its CleanupSet the guard would
// take back what snmpd told its manager was done, and without its UndoSet what was committed would stay until then.
func ends(t Type) bool { return t == TypeCleanupSet || t == TypeUndoSet }

// handle answers one message, unless the overseer has done so.
func (s *session) handle(j *job, malformed error, admitted bool) {
	defer s.rescue(j)
	p, status, index := &j.pdu, Status(0), 0
	j.out = j.out[:0]
	switch {
	case malformed != nil:
		s.agent.counters.malformed.Add(1)
		s.agent.log.WithError(malformed).Warn("message of snmpd not understood; answered parseError")
		if p.Type == TypeResponse { // whoever waits for it will say that it did not come
			return
		}
		status = ParseError
	case p.Type == TypeResponse:
		s.deliver(p)
		return
	case p.Type == TypeClose:
		s.end(closedBy(p.Reason))
		return
	case p.Session != s.id.Load():
		status = NotOpen
	case !admitted && !ends(p.Type):
		status, index = lateStatus(p.Type), 1
	default:
		status, index = s.request(j)
	}
	if !j.answered.CompareAndSwap(false, true) {
		return
	}
	if status != 0 {
		s.refuse(p.Header, status, index)
		return
	}
	_ = s.send(j.out) // its error ends the session
}

// request carries a request out. What it has to say goes to j.out, unless there is a status.
func (s *session) request(j *job) (status Status, index int) {
	p, c := &j.pdu, &s.agent.counters
	switch p.Type {
	case TypeGet:
		c.gets.Add(1)
		return s.read(j, (*reading).get)
	case TypeGetNext:
		c.getNexts.Add(1)
		return s.read(j, (*reading).getNext)
	case TypeGetBulk:
		c.getBulks.Add(1)
		return s.read(j, (*reading).getBulk)
	case TypeTestSet, TypeCommitSet, TypeUndoSet, TypeCleanupSet:
		status, index = s.set(p)
		j.out = response(j.out, p.Header, status, index)
		return status, index
	default: // what only a master is asked
		return ParseError, 0
	}
}

// response makes an answer without varbinds. The byte order is that of the request (RFC 2741, section 6.2.16).
func response(dst []byte, h Header, status Status, index int) []byte {
	p := PDU{Header: answerHeader(h), Error: status, Index: uint16(index)}
	return p.Append(dst)
}

func answerHeader(h Header) Header {
	return Header{
		Type: TypeResponse, Flags: h.Flags & FlagNetworkByteOrder, Session: h.Session, Transaction: h.Transaction, Packet: h.Packet,
	}
}

// refuse answers with an error. Where it is about no certain varbind net-snmp wants the first one named.
func (s *session) refuse(h Header, status Status, index int) {
	s.agent.counters.refused(status)
	_ = s.send(response(nil, h, status, index)) // its error ends the session
}

// lateStatus is the answer to what could not be done in time.
func lateStatus(t Type) Status {
	switch t {
	case TypeCommitSet:
		return Status(snmp.CommitFailed)
	case TypeUndoSet:
		return Status(snmp.UndoFailed)
	default:
		return Status(snmp.GenErr)
	}
}

// rescue turns a panic of backend or segment into an answer.
func (s *session) rescue(j *job) {
	cause := recover()
	if cause == nil {
		return
	}
	s.agent.counters.panics.Add(1)
	s.agent.log.WithField("panic", cause).WithField("pdu", j.pdu.Type.String()).WithField("stack", string(debug.Stack())).
		Error("an agentx request ended in a panic: this is a mistake of the program")
	if j.answered.CompareAndSwap(false, true) {
		s.refuse(j.pdu.Header, lateStatus(j.pdu.Type), 1)
	}
}

// view returns the snapshot of a context, nil if there is no such context.
func (a *Agent) view(context string) *view.View {
	if context == "" {
		return a.backend.View()
	}
	if contexts, ok := a.backend.(view.Contexts); ok {
		if v, ok := contexts.Context(context); ok {
			return v
		}
	}
	return nil
}
