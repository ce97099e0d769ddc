package snmp

import (
	"bufio"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// captured reads testdata/captured.txt: datagrams by name.
func captured(t testing.TB) map[string][]byte {
	t.Helper()
	file, err := os.Open("testdata/captured.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	packets := make(map[string][]byte)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, text, ok := strings.Cut(lines.Text(), " ")
		if !ok || name == "#" {
			continue
		}
		if packets[name], err = hex.DecodeString(text); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return packets
}

func goldenKeyring(t testing.TB) *Keyring {
	t.Helper()
	ring, err := NewKeyring(
		User{"golden", SHA256, "authpassphrase", AES128, "privpassphrase"},
		User{"gold192", SHA512, "authpassphrase", AES256, "privpassphrase"},
		User{},
	)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// TestCaptured decodes what net-snmp sent.
func TestCaptured(t *testing.T) {
	ring, packets := goldenKeyring(t), captured(t)
	for _, c := range []struct {
		name    string
		version Version
		pdu     PDUType
		binds   []string
	}{
		{"v2c-get", V2c, GetRequest, []string{"1.3.6.1.2.1.1.1.0=NULL", "1.3.6.1.2.1.1.3.0=NULL", "1.3.6.1.2.1.1.2.0=NULL", "1.3.6.1.9.0=NULL"}},
		{"v1-getnext", V1, GetNextRequest, []string{"1.3.6.1.2.1.1=NULL"}},
		{"v2c-getbulk", V2c, GetBulkRequest, []string{"1.3.6.1.2.1.1=NULL"}},
		{"v3-probe", V3, GetRequest, nil},
		{"v3-report", V3, Report, []string{"1.3.6.1.6.3.15.1.1.4.0=1"}},
		{"v3-set", V3, SetRequest, []string{"1.3.6.1.2.1.1.6.0=here"}},
		{"v3-set-response", V3, Response, []string{"1.3.6.1.2.1.1.6.0=here"}},
		{"v3-get-sha512-aes256", V3, GetRequest, []string{"1.3.6.1.2.1.1.3.0=NULL"}},
		{"v3-response-sha512-aes256", V3, Response, []string{"1.3.6.1.2.1.1.3.0=141"}},
		{"v1-trap", V1, TrapV1, []string{"1.3.6.1.4.1.32473.1=5"}},
		{"v2c-trap", V2c, TrapV2, []string{"1.3.6.1.2.1.1.3.0=4711", "1.3.6.1.6.3.1.1.4.1.0=1.3.6.1.4.1.32473.0.17", "1.3.6.1.4.1.32473.1=text"}},
		{"v3-trap", V3, TrapV2, []string{"1.3.6.1.2.1.1.3.0=4711", "1.3.6.1.6.3.1.1.4.1.0=1.3.6.1.4.1.32473.0.17", "1.3.6.1.4.1.32473.1=text"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustParse(t, packets[c.name])
			if m.Version == V3 {
				keys, ok := ring.Keys(m.User, m.EngineID)
				if !ok {
					t.Fatalf("no user %q", m.User)
				}
				if err := m.Open(keys); err != nil {
					t.Fatal(err)
				}
			}
			if m.Version != c.version || m.PDU.Type != c.pdu {
				t.Errorf("got %s %s, want %s %s", m.Version, m.PDU.Type, c.version, c.pdu)
			}
			var binds []string
			for _, vb := range m.PDU.Varbinds {
				binds = append(binds, vb.OID.String()+"="+vb.Value.String())
			}
			if got, want := strings.Join(binds, " "), strings.Join(c.binds, " "); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
	bulk, trap := mustParse(t, packets["v2c-getbulk"]).PDU, mustParse(t, packets["v1-trap"]).PDU.V1
	if bulk.NonRepeaters != 0 || bulk.MaxRepetitions != 5 {
		t.Errorf("getBulk with %d and %d, want 0 and 5", bulk.NonRepeaters, bulk.MaxRepetitions)
	}
	if trap.AgentAddress.String() != "192.0.2.7" || trap.Uptime != 4711 || trap.NotificationOID().String() != "1.3.6.1.4.1.32473.0.17" {
		t.Errorf("v1 trap %+v", trap)
	}
}

// TestCapturedReencode encodes what was decoded: DER lengths and integers leave one form only, so the octets agree.
func TestCapturedReencode(t *testing.T) {
	for _, name := range []string{"v2c-get", "v1-getnext", "v2c-getbulk", "v1-trap", "v2c-trap"} {
		packet := captured(t)[name]
		got, err := mustParse(t, packet).Encode()
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(packet) {
			t.Errorf("%s: got %x, want %x", name, got, packet)
		}
	}
}
