package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"hawser/mib/snmp"
	"hawser/nms/report"
)

// Config says whose notifications are accepted.
type Config struct {
	Users        []User
	Communities  []string // accepted in v1 and v2c
	AnyCommunity bool     // accept v1 and v2c whatever the community
	Clusters     []Known
	Manager      string // name of this manager, stored with each event
}

// User may authenticate notifications, for the named clusters only, or for all when none is named.
type User struct {
	snmp.User
	Clusters []string
}

// Decoder decodes datagrams.
type Decoder struct {
	cfg       Config
	keys      *snmp.Keyring
	authority *snmp.Authority
	voc       *vocabulary
	senders   *senders
}

// New returns a Decoder. engine is our own engine, authoritative for INFORMs; stored are the engines that the journal
// remembers.
func New(cfg Config, engine func() snmp.Engine, stored []report.Engine) (*Decoder, error) {
	voc, err := newVocabulary()
	if err != nil {
		return nil, err
	}
	plain, scopes := make([]snmp.User, 0, len(cfg.Users)), map[string][]string{}
	for _, u := range cfg.Users {
		plain = append(plain, u.User)
		scopes[u.Name] = u.Clusters
	}
	keys, err := snmp.NewKeyring(plain...)
	if err != nil {
		return nil, fmt.Errorf("users of notifications: %w", err)
	}
	return &Decoder{cfg: cfg, keys: keys, voc: voc, authority: snmp.NewAuthority(engine, keys), senders: newSenders(cfg.Clusters, scopes, stored)}, nil
}

// Learn takes what a poll found: the id of the cluster configured under name, and its engines.
func (d *Decoder) Learn(name, clusterID string, engines [][]byte) {
	d.senders.learn(name, clusterID, engines)
}

// Note is a decoded notification. Either Event or Unknown is there. Answer, for an INFORM, is to be sent once the
// notification is durable.
type Note struct {
	Event   *report.Event
	Unknown *report.Unknown
	Engine  *report.Engine // that sent an authenticated trap
	Answer  []byte
}

// Decode decodes a datagram. reply, if not nil, is to be sent back at once, also when err says why there is no Note;
// ErrDiscovery means that a sender only asked for our engine or its clock.
func (d *Decoder) Decode(data []byte, from netip.AddrPort, now time.Time) (note Note, reply []byte, err error) {
	o, reply, err := d.open(data, now)
	if err != nil {
		return Note{}, reply, err
	}
	return d.note(o, from, now), reply, nil
}

// opened is a notification whose security was checked.
type opened struct {
	message       *snmp.Message
	authenticated bool
	inform        bool
	answer        []byte
	engine        *report.Engine // of the sender of a v3 trap
}

// ErrDiscovery says that a sender asked for our engine or its clock, which every INFORM begins with.
var ErrDiscovery = errors.New("discovery")

var (
	errCommunity = errors.New("v1 and v2c are accepted only with a configured community (traps.communityFiles)")
	errKind      = errors.New("not a notification")
	errStranger  = errors.New("not authenticated, and of a cluster that is not known")
)

// open parses a datagram and checks its security. A report is sent back even when err says why the rest was refused.
func (d *Decoder) open(data []byte, now time.Time) (o opened, report []byte, err error) {
	m, err := snmp.Parse(data)
	if err != nil {
		return o, nil, err
	}
	o.message = m
	if m.Version != snmp.V3 {
		err = d.openCommunity(&o)
		return o, nil, err
	}
	if len(m.EngineID) == 0 || string(m.EngineID) == string(d.authority.Engine().ID) || m.Flags&snmp.FlagReportable != 0 {
		return d.openInform(o)
	}
	return o, nil, d.openTrap(&o, now)
}

// openCommunity takes a v1 or v2c message, which proves nothing.
func (d *Decoder) openCommunity(o *opened) error {
	m := o.message
	known := d.cfg.AnyCommunity
	for _, c := range d.cfg.Communities {
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
func (d *Decoder) openInform(o opened) (opened, []byte, error) {
	m := o.message
	keys, report, err := d.authority.Open(m)
	if err != nil {
		stat, known := snmp.StatOf(err)
		if known && (stat == snmp.StatUnknownEngineIDs || stat == snmp.StatNotInTimeWindows) && report != nil {
			err = ErrDiscovery // how a sender finds our engine and its clock
		}
		return o, report, err
	}
	if m.PDU.Type != snmp.InformRequest {
		return o, nil, fmt.Errorf("%w: %s", errKind, m.PDU.Type)
	}
	o.inform, o.authenticated = true, m.Flags&snmp.FlagAuth != 0
	o.answer, err = d.authority.Reply(m, keys, response(m))
	return o, nil, err
}

// openTrap takes a trap, for which its sender is the authoritative engine.
func (d *Decoder) openTrap(o *opened, now time.Time) error {
	m := o.message
	keys, ok := d.keys.Keys(m.User, m.EngineID)
	if !ok {
		return fmt.Errorf("trap of user %q: %w", m.User, snmp.ErrUnknownUser)
	}
	if err := m.Authenticate(keys); err != nil {
		return fmt.Errorf("trap of user %q of engine %x: %w", m.User, m.EngineID, err)
	}
	o.authenticated = m.Flags&snmp.FlagAuth != 0
	if o.authenticated && !d.senders.accept(m.EngineID, m.Boots, m.Time, now) {
		return fmt.Errorf("trap of user %q of engine %x with boots %d, time %d: %w: its clock went back, or it is a replay", m.User, m.EngineID, m.Boots, m.Time, snmp.ErrNotInTimeWindow)
	}
	if err := m.Decrypt(keys); err != nil {
		return fmt.Errorf("trap of user %q of engine %x: %w", m.User, m.EngineID, err)
	}
	if m.PDU.Type != snmp.TrapV2 {
		return fmt.Errorf("%w: %s", errKind, m.PDU.Type)
	}
	if o.authenticated {
		record := d.senders.record(m.EngineID, m.Boots, m.Time, now)
		o.engine = &record
	}
	return nil
}

func response(m *snmp.Message) snmp.PDU {
	return snmp.PDU{Type: snmp.Response, RequestID: m.PDU.RequestID, Varbinds: m.PDU.Varbinds}
}

// note makes the row of a notification: an event if it is one, else an unknown notification.
func (d *Decoder) note(o opened, from netip.AddrPort, now time.Time) Note {
	n := Note{Answer: o.answer, Engine: o.engine}
	trapOID, varbinds, err := split(o.message)
	var e report.Event
	if err == nil {
		e, err = d.voc.event(trapOID, varbinds)
	}
	if err != nil {
		n.Unknown = d.unknown(o, from, trapOID, err, now)
		return n
	}
	e.Authentic = d.authentic(o, e.ClusterID)
	if !e.Authentic && !d.senders.knows(e.ClusterID) {
		n.Unknown = d.unknown(o, from, trapOID, errStranger, now)
		return n
	}
	e.Via, e.Source, e.User, e.Manager, e.Received = report.ViaTrap, from.String(), o.message.User, d.cfg.Manager, now
	if o.inform {
		e.Via = report.ViaInform
	}
	e.Rank = rank(&e)
	if e.Authentic && n.Engine != nil {
		n.Engine.ClusterID = e.ClusterID
	}
	n.Event = &e
	return n
}

// rank is what a notification's account of an event is worth.
func rank(e *report.Event) report.Rank {
	switch {
	case !e.Authentic:
		return report.RankHint
	case e.Notification == "hawserAlarmRaised" || e.Notification == "hawserAlarmCleared":
		return report.RankAlarm
	}
	return report.RankStory
}

// authentic says whether a notification's facts may be acted on: a user signed it, and that user and engine belong to
// the cluster it speaks of.
func (d *Decoder) authentic(o opened, clusterID string) bool {
	if !o.authenticated || !d.senders.maySpeak(o.message.User, clusterID) {
		return false
	}
	return o.inform || d.senders.vouches(o.message.EngineID, clusterID)
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
func (d *Decoder) unknown(o opened, from netip.AddrPort, trapOID snmp.OID, reason error, now time.Time) *report.Unknown {
	m := o.message
	u := &report.Unknown{
		Received: now, Source: from.Addr().Unmap().String(), Version: m.Version.String(), User: m.User,
		EngineID: hex.EncodeToString(m.EngineID), Kind: report.ViaTrap, TrapOID: trapOID.String(), Reason: reason.Error(),
	}
	for _, vb := range m.PDU.Varbinds {
		u.Varbinds = append(u.Varbinds, report.Varbind{OID: vb.OID.String(), Type: vb.Value.Type.String(), Value: vb.Value.String()})
		u.Raw = snmp.AppendVarbind(u.Raw, vb)
	}
	if o.inform {
		u.Kind = report.ViaInform
		key := sha256.Sum256(append([]byte(u.Source+"\x00"+u.User+"\x00"+strconv.Itoa(int(m.PDU.RequestID))+"\x00"), u.Raw...))
		u.InformKey = hex.EncodeToString(key[:])
	}
	return u
}
