package ask

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"hawser/mib"
	"hawser/mib/snmp"
)

// Options of a Session. The zero value is not usable: see Defaults.
type Options struct {
	Timeout time.Duration // of one try
	Retries int           // of reads: they take as long as so many, with more tries in it; a SET is never repeated by itself
}

// Defaults suit a network on which an agent answers within a second.
func Defaults() Options { return Options{Timeout: 2 * time.Second, Retries: 2} }

// Session talks to one address as one user.
type Session struct {
	address string
	user    string
	options Options
	client  *gosnmp.GoSNMP
	conn    net.Conn // the client's, which interrupt closes under it
	trip    roundTrip
}

// Errors that callers tell apart.
var (
	ErrNoAnswer = errors.New("no answer")
	ErrSecurity = errors.New("refused by the agent's security")
	ErrHidden   = errors.New("not visible")
)

// Dial opens a session to address (host:port, port 161 when left out). Nothing is sent yet but what opening a socket needs.
func Dial(address string, user snmp.User, options Options) (*Session, error) {
	host, port, err := splitAddress(address)
	if err != nil {
		return nil, err
	}
	client := &gosnmp.GoSNMP{
		Target: host, Port: port, Transport: "udp", Version: gosnmp.Version3, Timeout: options.Timeout, Retries: options.Retries,
		MaxOids: gosnmp.MaxOids, SecurityModel: gosnmp.UserSecurityModel, MsgFlags: flags(user) | gosnmp.Reportable,
		SecurityParameters: &gosnmp.UsmSecurityParameters{
			UserName:               user.Name,
			AuthenticationProtocol: authProtocols[user.Auth], AuthenticationPassphrase: user.AuthPassphrase,
			PrivacyProtocol: privProtocols[user.Priv], PrivacyPassphrase: user.PrivPassphrase,
		},
	}
	if err := client.Connect(); err != nil {
		return nil, fmt.Errorf("ask %s: %w", address, err)
	}
	return &Session{address: address, user: user.Name, options: options, client: client, conn: client.Conn}, nil
}

var authProtocols = map[snmp.AuthProtocol]gosnmp.SnmpV3AuthProtocol{
	snmp.NoAuth: gosnmp.NoAuth, snmp.MD5: gosnmp.MD5, snmp.SHA1: gosnmp.SHA, snmp.SHA224: gosnmp.SHA224,
	snmp.SHA256: gosnmp.SHA256, snmp.SHA384: gosnmp.SHA384, snmp.SHA512: gosnmp.SHA512,
}

var privProtocols = map[snmp.PrivProtocol]gosnmp.SnmpV3PrivProtocol{
	snmp.NoPriv: gosnmp.NoPriv, snmp.AES128: gosnmp.AES, snmp.AES192: gosnmp.AES192, snmp.AES256: gosnmp.AES256,
}

func flags(user snmp.User) gosnmp.SnmpV3MsgFlags {
	switch {
	case user.Priv != snmp.NoPriv:
		return gosnmp.AuthPriv
	case user.Auth != snmp.NoAuth:
		return gosnmp.AuthNoPriv
	}
	return gosnmp.NoAuthNoPriv
}

func splitAddress(address string) (host string, port uint16, err error) {
	if at, err := netip.ParseAddrPort(address); err == nil {
		return at.Addr().String(), at.Port(), nil
	}
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return address, 161, nil
	}
	number, err := net.LookupPort("udp", portText)
	if err != nil {
		return "", 0, fmt.Errorf("ask %q: %w: write the address as host:port", address, err)
	}
	return host, uint16(number), nil
}

// Address is where the session asks.
func (s *Session) Address() string { return s.address }

// User is the name of the user it asks as.
func (s *Session) User() string { return s.user }

// LocalAddr is the address the session asks from.
func (s *Session) LocalAddr() net.Addr { return s.client.Conn.LocalAddr() }

// Close ends the session.
func (s *Session) Close() error {
	if err := s.client.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// interrupt ends a question that another goroutine waits for; only Close may follow.
func (s *Session) interrupt() { _ = s.conn.Close() }

// Get reads instances. The answers stand in the order of the names.
func (s *Session) Get(ctx context.Context, oids ...snmp.OID) ([]snmp.Varbind, error) {
	var out []snmp.Varbind
	for len(oids) > 0 {
		part := oids[:min(len(oids), gosnmp.MaxOids)]
		oids = oids[len(part):]
		answer, err := s.read(ctx, func() (*gosnmp.SnmpPacket, error) { return s.client.Get(dotted(part)) })
		vbs, err := s.result(answer, err, part)
		if err != nil {
			return nil, err
		}
		out = append(out, vbs...)
	}
	return out, nil
}

// Bulk reads up to repetitions instances after each name.
func (s *Session) Bulk(ctx context.Context, repetitions int, oids ...snmp.OID) ([]snmp.Varbind, error) {
	return s.bulk(ctx, nil, repetitions, oids)
}

// bulk reads the one instance after each name of once, and up to repetitions instances after each of the others.
func (s *Session) bulk(ctx context.Context, once []snmp.OID, repetitions int, oids []snmp.OID) ([]snmp.Varbind, error) {
	asked := slices.Concat(once, oids)
	answer, err := s.read(ctx, func() (*gosnmp.SnmpPacket, error) {
		return s.client.GetBulk(dotted(asked), uint8(len(once)), uint32(repetitions))
	})
	return s.result(answer, err, asked)
}

// Set writes all or none, once: without an answer (ErrNoAnswer) the end is unknown, and hawserWriteTable tells it.
func (s *Session) Set(ctx context.Context, varbinds ...snmp.Varbind) error {
	pdus, oids := make([]gosnmp.SnmpPDU, len(varbinds)), make([]snmp.OID, len(varbinds))
	for i, vb := range varbinds {
		pdu, err := toPDU(vb)
		if err != nil {
			return err
		}
		pdus[i], oids[i] = pdu, vb.OID
	}
	s.client.Context, s.client.Timeout, s.client.Retries = ctx, s.options.Timeout, 0
	answer, err := s.client.Set(pdus)
	_, err = s.result(answer, err, oids)
	return err
}

// Refusal is an answer with an error-status.
type Refusal struct {
	Status  string // as SMIv2 spells it, such as noAccess
	Index   int    // of the varbind, from 1; 0 = none
	Object  string // its name, with the instance
	User    string
	Address string
}

// Error says who refused what to whom.
func (r *Refusal) Error() string {
	text := fmt.Sprintf("%s answers %s", r.Address, r.Status)
	if r.Object != "" {
		text += fmt.Sprintf(" for %s (varbind %d)", r.Object, r.Index)
	}
	return text + " to user " + strconv.Quote(r.User)
}

// Denied says whether the user lacks the right, rather than the value being wrong.
func (r *Refusal) Denied() bool {
	switch r.Status {
	case "noAccess", "authorizationError", "notWritable", "readOnly", "noSuchName":
		return true
	}
	return false
}

// Uncertain says whether the SET may have been carried out all the same.
func (r *Refusal) Uncertain() bool {
	return r.Status == "undoFailed" || r.Status == "commitFailed" || r.Status == "genErr"
}

// notAuthentic is how gosnmp words an answer that does not fit our keys, such as the report of a wrong digest; it has no
// error value of its own.
const notAuthentic = "not authentic"

// result turns gosnmp's answer into varbinds, or into an error that says whom to ask.
func (s *Session) result(answer *gosnmp.SnmpPacket, err error, asked []snmp.OID) ([]snmp.Varbind, error) {
	if err != nil {
		return nil, s.explain(err)
	}
	if answer.Error != gosnmp.NoError {
		r := &Refusal{Status: statusName(answer.Error), Index: int(answer.ErrorIndex), User: s.user, Address: s.address}
		if r.Index >= 1 && r.Index <= len(asked) {
			r.Object = NameOf(asked[r.Index-1])
		}
		return nil, r
	}
	vbs := make([]snmp.Varbind, 0, len(answer.Variables))
	for _, pdu := range answer.Variables {
		vb, err := fromPDU(pdu)
		if err != nil {
			return nil, fmt.Errorf("ask %s: %w", s.address, err)
		}
		vbs = append(vbs, vb)
	}
	return vbs, nil
}

func (s *Session) explain(err error) error {
	switch {
	case errors.Is(err, gosnmp.ErrUnknownUsername):
		return fmt.Errorf("ask %s: %w: it has no user %q: add the user there, or name another one here", s.address, ErrSecurity, s.user)
	case errors.Is(err, gosnmp.ErrWrongDigest), errors.Is(err, gosnmp.ErrDecryption), errors.Is(err, gosnmp.ErrUnknownSecurityLevel), errors.Is(err, gosnmp.ErrInvalidMsgs), strings.Contains(err.Error(), notAuthentic):
		return fmt.Errorf("ask %s as %q: %w: %w: compare protocols and passphrases on both sides", s.address, s.user, ErrSecurity, err)
	case errors.Is(err, gosnmp.ErrNotInTimeWindow), errors.Is(err, gosnmp.ErrUnknownEngineID):
		return fmt.Errorf("ask %s as %q: %w: %w", s.address, s.user, ErrSecurity, err)
	}
	if timedOut(err) {
		return fmt.Errorf("ask %s: %w: %w", s.address, ErrNoAnswer, err)
	}
	return fmt.Errorf("ask %s: %w", s.address, err)
}

// timedOut says whether there was no answer in time; gosnmp has no error value for that.
func timedOut(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "timeout") || errors.As(err, &timeout)
}

// statusName is an error-status as SMIv2 spells it; gosnmp capitalises it.
func statusName(status gosnmp.SNMPError) string {
	name := status.String()
	if name == "" {
		return "genErr"
	}
	return strings.ToLower(name[:1]) + name[1:]
}

// NameOf is an instance as people write it: the descriptor and the index; text in the index in quotes.
func NameOf(oid snmp.OID) string {
	o, instance, found := mib.ByOID(oid)
	if !found {
		return oid.String()
	}
	if len(instance) == 0 {
		return o.Name
	}
	return o.Name + "." + snmp.OID(instance).String()
}

func dotted(oids []snmp.OID) []string {
	out := make([]string, len(oids))
	for i, oid := range oids {
		out[i] = "." + oid.String()
	}
	return out
}
