package snmp

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func testAuthority(t *testing.T) (*Authority, *Keyring, Engine) {
	t.Helper()
	ring, err := NewKeyring(trapUser("policy01"), User{Name: "open"}, User{"authonly", SHA256, "authpassphrase", NoPriv, ""})
	if err != nil {
		t.Fatal(err)
	}
	engine := Engine{ID: NewEngineID(32473), Boots: 3, Time: 1000, MaxSize: 1472}
	return NewAuthority(func() Engine { return engine }, ring), ring, engine
}

// TestAuthorityRefusals walks through the steps of RFC 3414, section 3.2.
func TestAuthorityRefusals(t *testing.T) {
	a, ring, engine := testAuthority(t)
	strangers := keyCache{}
	wrong := trapUser("policy01")
	wrong.AuthPassphrase = "another passphrase"
	wrongPriv := trapUser("policy01")
	wrongPriv.PrivPassphrase = "another passphrase"
	full := FlagAuth | FlagPriv | FlagReportable
	for _, c := range []struct {
		name   string
		change func(m *Message)
		keys   *Keys
		stat   Stat
		level  Flags // of the report
		silent bool
	}{
		{name: "discovery", change: func(m *Message) { m.EngineID, m.User, m.Flags = nil, "", FlagReportable }, stat: StatUnknownEngineIDs},
		{name: "discovery without reportable", change: func(m *Message) { m.EngineID, m.User, m.Flags = nil, "", 0 }, stat: StatUnknownEngineIDs, silent: true},
		{name: "other engine", change: func(m *Message) { m.EngineID = NewEngineID(1) }, stat: StatUnknownEngineIDs},
		{name: "unknown user", change: func(m *Message) { m.User = "nobody" }, keys: strangers.keys(trapUser("nobody"), engine.ID), stat: StatUnknownUserNames},
		{name: "level without keys", change: func(m *Message) { m.User = "authonly" }, keys: strangers.keys(wrong, engine.ID), stat: StatUnsupportedSecLevels},
		{name: "wrong digest", keys: strangers.keys(wrong, engine.ID), stat: StatWrongDigests},
		{name: "too old", change: func(m *Message) { m.Time = 849 }, stat: StatNotInTimeWindows, level: FlagAuth},
		{name: "too new", change: func(m *Message) { m.Time = 1151 }, stat: StatNotInTimeWindows, level: FlagAuth},
		{name: "other boots", change: func(m *Message) { m.Boots = 2 }, stat: StatNotInTimeWindows, level: FlagAuth},
		{name: "wrong privacy key", keys: strangers.keys(wrongPriv, engine.ID), stat: StatDecryptionErrors},
	} {
		t.Run(c.name, func(t *testing.T) {
			sent := &Message{
				Version: V3, MsgID: 9, Flags: full, EngineID: engine.ID, Boots: engine.Boots, Time: engine.Time,
				User: "policy01", ContextEngineID: engine.ID, PDU: PDU{Type: GetRequest, RequestID: 10},
			}
			if c.change != nil {
				c.change(sent)
			}
			keys := c.keys
			if keys == nil && sent.Flags&FlagAuth != 0 {
				keys, _ = ring.Keys("policy01", engine.ID)
			}
			packet, err := sent.Seal(keys)
			if err != nil {
				t.Fatal(err)
			}
			before := a.Stats().Count(c.stat)
			_, report, err := a.Open(mustParse(t, packet))
			if !errors.Is(err, c.stat.Err()) || a.Stats().Count(c.stat) != before+1 {
				t.Fatalf("got %v, count %d after %d, want %v and one more", err, a.Stats().Count(c.stat), before, c.stat.Err())
			}
			if c.silent {
				if report != nil {
					t.Error("a report was made for a message that wants none")
				}
				return
			}
			checkReport(t, ring, report, c.stat, c.level, engine)
		})
	}
}

func checkReport(t *testing.T, ring *Keyring, report []byte, stat Stat, level Flags, engine Engine) {
	t.Helper()
	m := mustParse(t, report)
	keys, _ := ring.Keys("policy01", engine.ID)
	if err := m.Open(keys); err != nil {
		t.Fatal(err)
	}
	if m.Flags != level || m.PDU.Type != Report || m.MsgID != 9 || !bytes.Equal(m.EngineID, engine.ID) ||
		m.MaxSize != engine.MaxSize || m.Boots != engine.Boots || m.Time != engine.Time || !m.PDU.Varbinds[0].OID.Equal(stat.OID()) {
		t.Errorf("report %+v", m)
	}
	if err := reportError(m.PDU); !errors.Is(err, stat.Err()) {
		t.Errorf("the report reads as %v, want %v", err, stat.Err())
	}
}

func TestAuthorityTakesTheEdgesOfTheWindow(t *testing.T) {
	a, ring, engine := testAuthority(t)
	keys, _ := ring.Keys("policy01", engine.ID)
	for _, seconds := range []uint32{850, 1000, 1150} {
		sent := &Message{
			Version: V3, Flags: FlagAuth | FlagPriv, EngineID: engine.ID, Boots: 3, Time: seconds, User: "policy01",
			PDU: PDU{Type: GetRequest},
		}
		packet, err := sent.Seal(keys)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := a.Open(mustParse(t, packet)); err != nil {
			t.Errorf("time %d: %v", seconds, err)
		}
	}
	latched := Engine{Boots: MaxBoots, Time: 5}
	if latched.InWindow(MaxBoots, 5) {
		t.Error("an engine whose boots are used up takes a message")
	}
}

// TestTimeline follows RFC 3414, section 3.2, step 7b.
func TestTimeline(t *testing.T) {
	start := time.Unix(0, 0)
	var line Timeline
	for _, c := range []struct {
		name           string
		after          time.Duration
		boots, seconds uint32
		want           bool
	}{
		{"first", 0, 5, 1000, true},
		{"same again", 0, 5, 1000, true},
		{"older, within", 0, 5, 850, true},
		{"older, outside", 0, 5, 849, false},
		{"clock runs on", 100 * time.Second, 5, 1100, true},
		{"replay after 151 s", 251 * time.Second, 5, 1100, false},
		{"restart", 252 * time.Second, 6, 0, true},
		{"before the restart", 253 * time.Second, 5, 5000, false},
		{"ahead is taken and learned", 254 * time.Second, 6, 9000, true},
		{"then the old one is late", 255 * time.Second, 6, 8000, false},
		{"last boots", 256 * time.Second, MaxBoots, 1, false},
	} {
		if got := line.Accept(c.boots, c.seconds, start.Add(c.after)); got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
	}
}

func TestUserValidate(t *testing.T) {
	good := trapUser("u")
	for _, c := range []struct {
		name   string
		change func(u *User)
		ok     bool
	}{
		{"good", func(*User) {}, true},
		{"nobody at all", func(u *User) { *u = User{} }, true},
		{"no name", func(u *User) { u.Name = "" }, false},
		{"long name", func(u *User) { u.Name = "123456789012345678901234567890123" }, false},
		{"short authentication passphrase", func(u *User) { u.AuthPassphrase = "1234567" }, false},
		{"short privacy passphrase", func(u *User) { u.PrivPassphrase = "1234567" }, false},
		{"privacy alone", func(u *User) { u.Auth = NoAuth }, false},
		{"unknown protocol", func(u *User) { u.Auth = 99 }, false},
	} {
		u := good
		c.change(&u)
		if err := u.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := NewKeyring(good, good); err == nil {
		t.Error("a keyring takes a user twice")
	}
}

func TestParseProtocols(t *testing.T) {
	for _, name := range []string{"MD5", "SHA", "sha-1", "SHA224", "SHA-256", "sha256", "SHA-384", "SHA-512", "", "none"} {
		if _, err := ParseAuthProtocol(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"AES", "aes128", "AES-192", "AES256", "", "none"} {
		if _, err := ParsePrivProtocol(name); err != nil {
			t.Error(err)
		}
	}
	if _, err := ParsePrivProtocol("DES"); err == nil {
		t.Error("DES is taken")
	}
	if _, err := ParseAuthProtocol("SHA-3"); err == nil {
		t.Error("SHA-3 is taken")
	}
}
