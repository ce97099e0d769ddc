package trapd

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"hawser/mib/snmp"
	"hawser/nms/journal"
)

// item is a decoded notification on its way to the journal, with the answer that is due once it is there.
type item struct {
	route   route
	event   *journal.Event
	unknown *journal.Unknown
	engine  *journal.Engine
	answer  []byte // for an INFORM
}

func (r *Receiver) decode() {
	for p := range r.packets {
		r.decodeOne(p)
	}
}

// decodeOne turns a datagram into an item for the committer, or a report for its sender, or a count.
func (r *Receiver) decodeOne(p packet) {
	opened, report, err := r.open(p.data, time.Now())
	if report != nil {
		r.counters.reports.Add(1)
		if err := p.answer(report); err != nil {
			r.grumble(p.from.Addr().String(), "report not sent: "+err.Error(), "could not answer a sender; check routes to it")
		}
	}
	switch {
	case err == nil:
		r.items <- r.item(p, opened)
	case errors.Is(err, errDiscovery):
	case errors.Is(err, snmp.ErrMalformed):
		r.counters.malformed.Add(1)
		r.grumble(p.from.Addr().String(), err.Error(), "dropped what is no SNMP notification")
	default:
		r.counters.refused.Add(1)
		r.grumble(p.from.Addr().String(), err.Error(), "refused a notification; `hawser export users` prints the users and engines its sender needs")
	}
}

// opened is a notification whose security was checked.
type opened struct {
	message       *snmp.Message
	authenticated bool
	inform        bool
	answer        []byte
	engine        *journal.Engine // of the sender of a v3 trap
}

var (
	errDiscovery = errors.New("discovery")
	errCommunity = errors.New("v1 and v2c are accepted only with a configured community (traps.communityFiles)")
	errKind      = errors.New("not a notification")
	errStranger  = errors.New("not authenticated, and of a cluster that is not known")
)

// open parses a datagram and checks its security. A report is sent back even when err says why the rest was refused.
func (r *Receiver) open(data []byte, now time.Time) (o opened, report []byte, err error) {
	m, err := snmp.Parse(data)
	if err != nil {
		return o, nil, err
	}
	o.message = m
	if m.Version != snmp.V3 {
		err = r.openCommunity(&o)
		return o, nil, err
	}
	if len(m.EngineID) == 0 || string(m.EngineID) == string(r.engine.ID) || m.Flags&snmp.FlagReportable != 0 {
		return r.openInform(o)
	}
	return o, nil, r.openTrap(&o, now)
}

// openCommunity takes a v1 or v2c message, which proves nothing.
func (r *Receiver) openCommunity(o *opened) error {
	m := o.message
	known := r.cfg.AnyCommunity
	for _, c := range r.cfg.Communities {
		known = known || c == m.Community
	}
	if !known {
		return errCommunity
	}
	switch m.PDU.Type {
	case snmp.TrapV1, snmp.TrapV2:
		return nil
	case snmp.InformRequest:
		o.inform = true
		answer := snmp.Message{Version: m.Version, Community: m.Community, PDU: response(m)}
		var err error
		o.answer, err = answer.Encode()
		return err
	}
	return fmt.Errorf("%w: %s", errKind, m.PDU.Type)
}

// openInform takes a message for which we are the authoritative engine: an INFORM, or what a sender asks before it.
func (r *Receiver) openInform(o opened) (opened, []byte, error) {
	m := o.message
	keys, report, err := r.authority.Open(m)
	if err != nil {
		stat, known := snmp.StatOf(err)
		if known && (stat == snmp.StatUnknownEngineIDs || stat == snmp.StatNotInTimeWindows) && report != nil {
			err = errDiscovery // how a sender finds our engine and its clock
		}
		return o, report, err
	}
	if m.PDU.Type != snmp.InformRequest {
		return o, nil, fmt.Errorf("%w: %s", errKind, m.PDU.Type)
	}
	o.inform, o.authenticated = true, m.Flags&snmp.FlagAuth != 0
	o.answer, err = r.authority.Reply(m, keys, response(m))
	return o, nil, err
}

// openTrap takes a trap, for which its sender is the authoritative engine.
func (r *Receiver) openTrap(o *opened, now time.Time) error {
	m := o.message
	keys, ok := r.keys.Keys(m.User, m.EngineID)
	if !ok {
		return fmt.Errorf("trap of user %q: %w", m.User, snmp.ErrUnknownUser)
	}
	if err := m.Authenticate(keys); err != nil {
		return fmt.Errorf("trap of user %q of engine %x: %w", m.User, m.EngineID, err)
	}
	o.authenticated = m.Flags&snmp.FlagAuth != 0
	if o.authenticated && !r.senders.accept(m.EngineID, m.Boots, m.Time, now) {
		return fmt.Errorf("trap of user %q of engine %x with boots %d, time %d: %w: its clock went back, or it is a replay", m.User, m.EngineID, m.Boots, m.Time, snmp.ErrNotInTimeWindow)
	}
	if err := m.Decrypt(keys); err != nil {
		return fmt.Errorf("trap of user %q of engine %x: %w", m.User, m.EngineID, err)
	}
	if m.PDU.Type != snmp.TrapV2 {
		return fmt.Errorf("%w: %s", errKind, m.PDU.Type)
	}
	if o.authenticated {
		record := r.senders.record(m.EngineID, m.Boots, m.Time, now)
		o.engine = &record
	}
	return nil
}

func response(m *snmp.Message) snmp.PDU {
	return snmp.PDU{Type: snmp.Response, RequestID: m.PDU.RequestID, Varbinds: m.PDU.Varbinds}
}

// item makes the rows of a notification: an event if it is one, else an unknown notification.
func (r *Receiver) item(p packet, o opened) item {
	it := item{route: p.route, answer: o.answer, engine: o.engine}
	now := time.Now()
	trapOID, varbinds, err := split(o.message)
	var e journal.Event
	if err == nil {
		e, err = r.voc.event(trapOID, varbinds)
	}
	if err != nil {
		it.unknown = r.unknown(p, o, trapOID, err, now)
		return it
	}
	e.Via, e.Source, e.User, e.Manager, e.Received = journal.ViaTrap, p.from.String(), o.message.User, r.cfg.Manager, now
	if o.inform {
		e.Via = journal.ViaInform
	}
	e.Authentic = r.authentic(o, e.ClusterID)
	if !e.Authentic && !r.senders.knows(e.ClusterID) {
		it.unknown = r.unknown(p, o, trapOID, errStranger, now)
		return it
	}
	switch {
	case !e.Authentic:
		e.Rank = journal.RankHint
	case e.Notification == "hawserAlarmRaised" || e.Notification == "hawserAlarmCleared":
		e.Rank = journal.RankAlarm
	default:
		e.Rank = journal.RankStory
	}
	if e.Authentic && o.engine != nil {
		o.engine.ClusterID = e.ClusterID
		r.quota.trust(p.from.Addr())
	}
	it.event = &e
	return it
}

// authentic says whether a notification's facts may be acted on: a user signed it, and that user and engine belong to
// the cluster it speaks of.
func (r *Receiver) authentic(o opened, clusterID string) bool {
	if !o.authenticated || !r.senders.maySpeak(o.message.User, clusterID) {
		return false
	}
	return o.inform || r.senders.vouches(o.message.EngineID, clusterID)
}

// split parts a notification into its name and its own varbinds (RFC 3416, section 4.2.6; for v1 RFC 3584, section 3.1).
func split(m *snmp.Message) (snmp.OID, []snmp.Varbind, error) {
	if m.PDU.Type == snmp.TrapV1 {
		if m.PDU.V1 == nil {
			return nil, nil, errors.New("a v1 trap without its header")
		}
		return m.PDU.V1.NotificationOID(), m.PDU.Varbinds, nil
	}
	vbs := m.PDU.Varbinds
	if len(vbs) < 2 || !vbs[1].OID.Equal(snmp.SnmpTrapOID) || vbs[1].Value.Type != snmp.TypeObjectID {
		return nil, nil, errors.New("it does not begin with sysUpTime and snmpTrapOID")
	}
	return vbs[1].Value.OID, vbs[2:], nil
}

// unknown keeps a notification that is no event, decoded and raw. The community stays out of it.
func (r *Receiver) unknown(p packet, o opened, trapOID snmp.OID, reason error, now time.Time) *journal.Unknown {
	m := o.message
	u := &journal.Unknown{
		Received: now, Source: p.from.Addr().Unmap().String(), Version: m.Version.String(), User: m.User,
		EngineID: hex.EncodeToString(m.EngineID), Kind: journal.ViaTrap, TrapOID: trapOID.String(), Reason: reason.Error(),
	}
	for _, vb := range m.PDU.Varbinds {
		u.Varbinds = append(u.Varbinds, journal.Varbind{OID: vb.OID.String(), Type: vb.Value.Type.String(), Value: vb.Value.String()})
		u.Raw = snmp.AppendVarbind(u.Raw, vb)
	}
	if o.inform {
		u.Kind = journal.ViaInform
		key := sha256.Sum256(append([]byte(u.Source+"\x00"+u.User+"\x00"+strconv.Itoa(int(m.PDU.RequestID))+"\x00"), u.Raw...))
		u.InformKey = hex.EncodeToString(key[:])
	}
	return u
}
