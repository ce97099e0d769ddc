package snmp

import (
	"bytes"
	"errors"
	"math"
	"net/netip"
	"reflect"
	"testing"
)

func everyValue() []Varbind {
	name := OID{1, 3, 6, 1, 4, 1, 32473, 1}
	values := []Value{
		Integer(0), Integer(127), Integer(128), Integer(-1), Integer(-128), Integer(-129), Integer(math.MinInt32),
		Integer(math.MaxInt32), Gauge(0), Gauge(math.MaxUint32), Counter32(1 << 31), TimeTicks(4711),
		Counter64(0), Counter64(255), Counter64(math.MaxUint64), String("höhe"), Octets([]byte{0, 255}),
		String(string(make([]byte, 300))), ObjectID(OID{1, 3, 6, 1, 4, 1, 32473, math.MaxUint32}), ObjectID(OID{0, 0}),
		ObjectID(OID{2, 999, 3}), IPAddress(netip.MustParseAddr("192.0.2.1")), Null(), NoSuchObject, NoSuchInstance,
		EndOfMibView,
		{Type: TypeOpaque, Bytes: []byte{0x9f, 0x78, 4, 0, 0, 0, 0}},
	}
	binds := make([]Varbind, len(values))
	for i, v := range values {
		binds[i] = Varbind{name.Append(uint32(i), 0), v}
	}
	return binds
}

func equalBinds(t *testing.T, got, want []Varbind) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d varbinds, want %d", len(got), len(want))
	}
	for i := range want {
		if !got[i].OID.Equal(want[i].OID) || !got[i].Value.Equal(want[i].Value) {
			t.Errorf("varbind %d: got %v = %v (%s), want %v = %v (%s)", i+1, got[i].OID, got[i].Value, got[i].Value.Type,
				want[i].OID, want[i].Value, want[i].Value.Type)
		}
	}
}

func TestCommunityMessageRoundTrip(t *testing.T) {
	for _, pdu := range []PDU{
		{Type: GetRequest, RequestID: math.MinInt32, Varbinds: everyValue()},
		{Type: Response, RequestID: 5, ErrorStatus: WrongType, ErrorIndex: 2, Varbinds: everyValue()},
		{Type: GetBulkRequest, RequestID: 6, NonRepeaters: 1, MaxRepetitions: 50, Varbinds: everyValue()},
		{Type: TrapV1, V1: &V1Trap{
			Enterprise: OID{1, 3, 6, 1, 4, 1, 32473}, AgentAddress: netip.MustParseAddr("192.0.2.9"), Generic: 6,
			Specific: 17, Uptime: math.MaxUint32,
		}, Varbinds: everyValue()},
	} {
		t.Run(pdu.Type.String(), func(t *testing.T) {
			sent := &Message{Version: V2c, Community: "a community", PDU: pdu}
			packet, err := sent.Encode()
			if err != nil {
				t.Fatal(err)
			}
			got, err := Parse(packet)
			if err != nil {
				t.Fatal(err)
			}
			equalBinds(t, got.PDU.Varbinds, pdu.Varbinds)
			got.PDU.Varbinds, sent.PDU.Varbinds = nil, nil
			if !reflect.DeepEqual(got, sent) {
				t.Errorf("got %+v, want %+v", got, sent)
			}
		})
	}
}

func TestSealAndOpen(t *testing.T) {
	engineID := NewEngineID(32473)
	for auth := NoAuth; auth <= SHA512; auth++ {
		for priv := NoPriv; priv <= AES256; priv++ {
			if auth == NoAuth && priv != NoPriv {
				continue
			}
			t.Run(auth.String()+"/"+priv.String(), func(t *testing.T) {
				user := User{"policy", auth, "authentication", priv, "privacy12"}
				ring, err := NewKeyring(user)
				if err != nil {
					t.Fatal(err)
				}
				keys, _ := ring.Keys("policy", engineID)
				sent := &Message{
					Version: V3, MsgID: 77, Flags: user.Level() | FlagReportable, SecurityModel: 3, EngineID: engineID,
					Boots: 4, Time: 99, User: "policy", ContextEngineID: engineID, ContextName: "node2",
					PDU: PDU{Type: SetRequest, RequestID: 78, Varbinds: everyValue()},
				}
				packet, err := sent.Seal(keys)
				if err != nil {
					t.Fatal(err)
				}
				got := mustParse(t, packet)
				if err := got.Open(keys); err != nil {
					t.Fatal(err)
				}
				equalBinds(t, got.PDU.Varbinds, sent.PDU.Varbinds)
				got.PDU.Varbinds, sent.PDU.Varbinds = nil, nil
				got.wire, got.MaxSize = wire{}, 0
				if !reflect.DeepEqual(got, sent) {
					t.Errorf("got %+v, want %+v", got, sent)
				}
				checkTampering(t, packet, keys, user)
			})
		}
	}
}

// checkTampering flips each octet of a sealed packet: an authenticated message must be refused every time.
func checkTampering(t *testing.T, packet []byte, keys *Keys, user User) {
	t.Helper()
	if user.Auth == NoAuth {
		return
	}
	for i := range packet {
		bad := bytes.Clone(packet)
		bad[i] ^= 0x10
		m, err := Parse(bad)
		if err != nil || m.Version != V3 {
			continue
		}
		if err = m.Authenticate(keys); err == nil && m.Flags&FlagAuth != 0 {
			t.Fatalf("octet %d changed, and the message is still accepted", i)
		}
	}
}

func mustParse(t *testing.T, packet []byte) *Message {
	t.Helper()
	m, err := Parse(packet)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestOpenWithOtherKeys(t *testing.T) {
	engineID := NewEngineID(32473)
	right := User{"u", SHA256, "authentication", AES128, "privacy12"}
	wrongAuth, wrongPriv := right, right
	wrongAuth.AuthPassphrase, wrongPriv.PrivPassphrase = "another one", "another one"
	var cache keyCache
	sent := &Message{Version: V3, Flags: right.Level(), EngineID: engineID, User: "u", PDU: PDU{Type: GetRequest}}
	packet, err := sent.Seal(cache.keys(right, engineID))
	if err != nil {
		t.Fatal(err)
	}
	if err := mustParse(t, packet).Open(cache.keys(wrongAuth, engineID)); !errors.Is(err, ErrWrongDigest) {
		t.Errorf("with another authentication key: %v, want ErrWrongDigest", err)
	}
	if err := mustParse(t, packet).Open(cache.keys(wrongPriv, engineID)); !errors.Is(err, ErrDecryption) {
		t.Errorf("with another privacy key: %v, want ErrDecryption", err)
	}
	if err := mustParse(t, packet).Open(nil); !errors.Is(err, ErrNoKeys) {
		t.Errorf("without keys: %v, want ErrNoKeys", err)
	}
	authOnly := right
	authOnly.Priv, authOnly.PrivPassphrase = NoPriv, ""
	if err := mustParse(t, packet).Open(cache.keys(authOnly, engineID)); !errors.Is(err, ErrUnsupportedSecLevel) {
		t.Errorf("without a privacy key: %v, want ErrUnsupportedSecLevel", err)
	}
}

// TestKeyLocalisation uses the worked examples of RFC 3414, appendix A.3.
func TestKeyLocalisation(t *testing.T) {
	engineID := []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}
	for _, c := range []struct {
		auth AuthProtocol
		want string
	}{
		{MD5, "\x52\x6f\x5e\xed\x9f\xcc\xe2\x6f\x89\x64\xc2\x93\x07\x87\xd8\x2b"},
		{SHA1, "\x66\x95\xfe\xbc\x92\x88\xe3\x62\x82\x23\x5f\xc7\x15\x1f\x12\x84\x97\xb3\x8f\x3f"},
	} {
		keys := newMaster(User{"u", c.auth, "maplesyrup", NoPriv, ""}).localize(engineID)
		if string(keys.authKey) != c.want {
			t.Errorf("%s: key %x, want %x", c.auth, keys.authKey, c.want)
		}
	}
}
