package snmp

import (
	"bytes"
	"fmt"
	"math"
)

// Version is the version field of a message.
type Version int

// The versions that this package speaks.
const (
	V1  Version = 0
	V2c Version = 1
	V3  Version = 3
)

// String returns the version as net-snmp's -v takes it.
func (v Version) String() string {
	switch v {
	case V1:
		return "1"
	case V2c:
		return "2c"
	case V3:
		return "3"
	default:
		return fmt.Sprintf("version(%d)", int(v))
	}
}

// Flags is msgFlags (RFC 3412, section 6.4).
type Flags byte

// The flags of a v3 message; the security level is FlagAuth|FlagPriv of them.
const (
	FlagAuth       Flags = 1
	FlagPriv       Flags = 2
	FlagReportable Flags = 4
)

// Level returns the flags that make the security level.
func (f Flags) Level() Flags { return f & (FlagAuth | FlagPriv) }

// String returns the security level as net-snmp's -l takes it.
func (f Flags) String() string {
	switch f.Level() {
	case FlagAuth | FlagPriv:
		return "authPriv"
	case FlagAuth:
		return "authNoPriv"
	case 0:
		return "noAuthNoPriv"
	default:
		return "privWithoutAuth"
	}
}

// Sizes of RFC 3411 to RFC 3414 and of UDP over IPv4.
const (
	MaxEngineID    = 32
	MinEngineID    = 5
	MaxMessageSize = 65507 // the largest UDP payload
	MinMessageSize = 484   // msgMaxSize may not be less
	maxCommunity   = 255
	maxUserName    = 32
	maxContextName = 255
	securityUSM    = 3
	maxMACSize     = 48 // HMAC-384-SHA-512
	saltSize       = 8
	firstBuffer    = 1472 // a message that fits an Ethernet frame is encoded without growing
)

// Message is one SNMP message. Community belongs to v1 and v2c; MsgID to ContextName belong to v3.
type Message struct {
	Version   Version
	Community string

	MsgID         int32
	MaxSize       int // msgMaxSize: the largest message that its sender takes
	Flags         Flags
	SecurityModel int
	EngineID      []byte // the authoritative engine
	Boots, Time   uint32 // of the authoritative engine; seconds
	User          string

	ContextEngineID []byte
	ContextName     string

	PDU PDU

	wire wire
}

// wire is what Authenticate and Decrypt need of a v3 message as it arrived.
type wire struct {
	packet     []byte
	authParams []byte
	authAt     int // where authParams begin in packet
	privParams []byte
	data       []byte // msgData: the scoped PDU as plain text or an OCTET STRING
}

// Parse decodes a datagram. A v1 or v2c message is decoded whole. Of a v3 message the header and the security
// parameters are decoded; its PDU is there after Open, or after Authenticate and Decrypt. Until then m refers to
// packet, which must not change.
func Parse(packet []byte) (*Message, error) {
	outer := reader{packet}
	body, err := outer.sequence("message")
	if err != nil {
		return nil, err
	}
	if err := outer.end("message"); err != nil {
		return nil, err
	}
	version, err := body.integer(math.MinInt32, math.MaxInt32, "version")
	if err != nil {
		return nil, err
	}
	m := &Message{Version: Version(version)}
	switch m.Version {
	case V1, V2c:
		return m, m.parseCommunity(body)
	case V3:
		return m, m.parseV3(body, packet)
	default:
		return nil, fmt.Errorf("%w %d", ErrVersion, version)
	}
}

func (m *Message) parseCommunity(body reader) error {
	community, err := body.octets(maxCommunity, "community")
	if err != nil {
		return err
	}
	m.Community = string(community)
	if m.PDU, err = body.pdu(); err != nil {
		return err
	}
	return body.end("message")
}

func (m *Message) parseV3(body reader, packet []byte) error {
	header, err := body.sequence("header")
	if err != nil {
		return err
	}
	if err := m.parseHeader(header); err != nil {
		return err
	}
	security, err := body.octets(len(packet), "security parameters")
	if err != nil {
		return err
	}
	m.wire.packet, m.wire.data = packet, body.rest
	if m.SecurityModel != securityUSM {
		return fmt.Errorf("%w %d", ErrSecurityModel, m.SecurityModel)
	}
	return m.parseSecurity(security)
}

// parseHeader reads HeaderData (RFC 3412, section 6).
func (m *Message) parseHeader(header reader) error {
	id, err := header.integer(0, math.MaxInt32, "msgID")
	if err != nil {
		return err
	}
	size, err := header.integer(MinMessageSize, math.MaxInt32, "msgMaxSize")
	if err != nil {
		return err
	}
	flags, err := header.octets(1, "msgFlags")
	if err != nil {
		return err
	}
	if len(flags) != 1 {
		return malformed("msgFlags is empty")
	}
	model, err := header.integer(1, math.MaxInt32, "msgSecurityModel")
	if err != nil {
		return err
	}
	m.MsgID, m.MaxSize, m.Flags, m.SecurityModel = int32(id), int(size), Flags(flags[0]), int(model)
	if m.Flags.Level() == FlagPriv {
		return malformed("msgFlags asks for privacy without authentication")
	}
	return header.end("header")
}

// parseSecurity reads UsmSecurityParameters (RFC 3414, section 2.4).
func (m *Message) parseSecurity(security []byte) error {
	outer := reader{security}
	params, err := outer.sequence("usm parameters")
	if err != nil {
		return err
	}
	if err := outer.end("usm parameters"); err != nil {
		return err
	}
	engineID, err := params.octets(MaxEngineID, "msgAuthoritativeEngineID")
	if err != nil {
		return err
	}
	boots, err := params.integer(0, math.MaxInt32, "msgAuthoritativeEngineBoots")
	if err != nil {
		return err
	}
	seconds, err := params.integer(0, math.MaxInt32, "msgAuthoritativeEngineTime")
	if err != nil {
		return err
	}
	user, err := params.octets(maxUserName, "msgUserName")
	if err != nil {
		return err
	}
	if m.wire.authParams, err = params.octets(maxMACSize, "msgAuthenticationParameters"); err != nil {
		return err
	}
	m.wire.authAt = offset(m.wire.packet, m.wire.authParams)
	if m.wire.privParams, err = params.octets(saltSize, "msgPrivacyParameters"); err != nil {
		return err
	}
	m.EngineID, m.Boots, m.Time, m.User = bytes.Clone(engineID), uint32(boots), uint32(seconds), string(user)
	return params.end("usm parameters")
}
