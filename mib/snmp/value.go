package snmp

import (
	"fmt"
	"net/netip"
	"strconv"
	"unicode/utf8"
)

// Type is the BER tag of a value (RFC 3416, section 3).
type Type byte

// The types of values, and the three exceptions that stand where a value should.
const (
	TypeInteger        Type = 0x02
	TypeOctetString    Type = 0x04
	TypeNull           Type = 0x05
	TypeObjectID       Type = 0x06
	TypeIPAddress      Type = 0x40
	TypeCounter32      Type = 0x41
	TypeGauge32        Type = 0x42 // also Unsigned32
	TypeTimeTicks      Type = 0x43
	TypeOpaque         Type = 0x44
	TypeCounter64      Type = 0x46
	TypeNoSuchObject   Type = 0x80
	TypeNoSuchInstance Type = 0x81
	TypeEndOfMibView   Type = 0x82
)

// String returns the name of the type as SMIv2 spells it.
func (t Type) String() string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return fmt.Sprintf("type 0x%02x", byte(t))
}

var typeNames = map[Type]string{
	TypeInteger: "INTEGER", TypeOctetString: "OCTET STRING", TypeNull: "NULL", TypeObjectID: "OBJECT IDENTIFIER",
	TypeIPAddress: "IpAddress", TypeCounter32: "Counter32", TypeGauge32: "Gauge32", TypeTimeTicks: "TimeTicks",
	TypeOpaque: "Opaque", TypeCounter64: "Counter64", TypeNoSuchObject: "noSuchObject",
	TypeNoSuchInstance: "noSuchInstance", TypeEndOfMibView: "endOfMibView",
}

// Value is the value of an object. Int holds an INTEGER; Uint holds Counter32, Gauge32, TimeTicks and Counter64;
// Bytes holds OCTET STRING, Opaque and the four octets of IpAddress; OID holds an OBJECT IDENTIFIER. Values are
// shared between snapshots: treat Bytes and OID as read-only.
type Value struct {
	Type  Type
	Int   int64
	Uint  uint64
	Bytes []byte
	OID   OID
}

// Varbind is an object's name and value.
type Varbind struct {
	OID   OID
	Value Value
}

// The exceptions of RFC 3416, section 3. Test for them with Value.Type or Value.IsException.
var (
	NoSuchObject   = Value{Type: TypeNoSuchObject}
	NoSuchInstance = Value{Type: TypeNoSuchInstance}
	EndOfMibView   = Value{Type: TypeEndOfMibView}
)

// Integer returns an INTEGER, also used for enumerations and TruthValue.
func Integer(v int32) Value { return Value{Type: TypeInteger, Int: int64(v)} }

// Gauge returns a Gauge32 or Unsigned32.
func Gauge(v uint32) Value { return Value{Type: TypeGauge32, Uint: uint64(v)} }

// Counter32 returns a Counter32.
func Counter32(v uint32) Value { return Value{Type: TypeCounter32, Uint: uint64(v)} }

// Counter64 returns a Counter64.
func Counter64(v uint64) Value { return Value{Type: TypeCounter64, Uint: v} }

// TimeTicks returns a time in hundredths of a second.
func TimeTicks(v uint32) Value { return Value{Type: TypeTimeTicks, Uint: uint64(v)} }

// String returns an OCTET STRING with the bytes of v.
func String(v string) Value { return Value{Type: TypeOctetString, Bytes: []byte(v)} }

// Octets returns an OCTET STRING; it keeps v.
func Octets(v []byte) Value { return Value{Type: TypeOctetString, Bytes: v} }

// ObjectID returns an OBJECT IDENTIFIER; it keeps v.
func ObjectID(v OID) Value { return Value{Type: TypeObjectID, OID: v} }

// IPAddress returns an IpAddress. It holds IPv4 only: any other address becomes 0.0.0.0, the value that RFC 3584
// gives to an address that the type cannot hold.
func IPAddress(v netip.Addr) Value {
	octets := [4]byte{}
	if v = v.Unmap(); v.Is4() {
		octets = v.As4()
	}
	return Value{Type: TypeIPAddress, Bytes: octets[:]}
}

// Null returns the value of a variable in a request to read.
func Null() Value { return Value{Type: TypeNull} }

// IsException says whether v is noSuchObject, noSuchInstance or endOfMibView.
func (v Value) IsException() bool {
	return v.Type == TypeNoSuchObject || v.Type == TypeNoSuchInstance || v.Type == TypeEndOfMibView
}

// Equal says whether v and other have the same type and content.
func (v Value) Equal(other Value) bool {
	return v.Type == other.Type && v.Int == other.Int && v.Uint == other.Uint &&
		string(v.Bytes) == string(other.Bytes) && v.OID.Equal(other.OID)
}

// String returns the value for people and logs: text if it is text, else hexadecimal.
func (v Value) String() string {
	switch v.Type {
	case TypeInteger:
		return strconv.FormatInt(v.Int, 10)
	case TypeCounter32, TypeGauge32, TypeTimeTicks, TypeCounter64:
		return strconv.FormatUint(v.Uint, 10)
	case TypeObjectID:
		return v.OID.String()
	case TypeIPAddress:
		if address, ok := netip.AddrFromSlice(v.Bytes); ok {
			return address.String()
		}
		return fmt.Sprintf("%x", v.Bytes)
	case TypeOctetString:
		if printable(v.Bytes) {
			return string(v.Bytes)
		}
		return fmt.Sprintf("%x", v.Bytes)
	case TypeOpaque:
		return fmt.Sprintf("%x", v.Bytes)
	default:
		return v.Type.String()
	}
}

func printable(text []byte) bool {
	if !utf8.Valid(text) {
		return false
	}
	for _, r := range string(text) {
		if !strconv.IsPrint(r) && r != '\n' && r != '\t' && r != '\r' {
			return false
		}
	}
	return true
}
