package plugin

import (
	"encoding/hex"
	"math"
	"strings"
	"testing"
	"time"

	"hawser/mib"
	"hawser/mib/snmp"
)

// render collects the values of a group by the columns that a test names.
func render(prefix []uint32, fill func(*rows)) map[string]snmp.Value {
	r := newRows(prefix)
	fill(r)
	out := map[string]snmp.Value{}
	for _, vb := range r.varbinds() {
		object, _, _ := objectAt(vb.OID)
		out[object.Name] = vb.Value
	}
	return out
}

func TestTextIsCutAtACharacter(t *testing.T) {
	long := "0123456789012345678901234567890ü" // 33 octets, the last character two of them
	got := render(mib.HawserCluster, func(r *rows) {
		r.text(mib.HawserLeader, long)
		r.text(mib.HawserLocalNodeName, "a\xffb")
		r.text(mib.HawserClusterId, "") // at least one octet
	})
	if text := string(got["hawserLeader"].Bytes); text != long[:31] {
		t.Errorf("leader is %q, want %q", text, long[:31])
	}
	if text := string(got["hawserLocalNodeName"].Bytes); text != "a?b" {
		t.Errorf("name is %q, want a?b", text)
	}
	if value, ok := got["hawserClusterId"]; ok {
		t.Errorf("an empty id is shown as %s", value)
	}
}

func TestNumbersKeepTheirType(t *testing.T) {
	got := render(mib.HawserCluster, func(r *rows) {
		r.number(mib.HawserNodeCount, 70000)
		r.number(mib.HawserGeneration, -1)
		r.number(mib.HawserEpoch, -1) // a Counter64 with its highest bit set
		r.label(mib.HawserViewState, 99)
		r.label(mib.HawserClusterState, 99)
	})
	for name, want := range map[string]snmp.Value{
		"hawserNodeCount": snmp.Gauge(65535), "hawserGeneration": snmp.Gauge(0), "hawserEpoch": snmp.Counter64(math.MaxUint64),
		"hawserClusterState": snmp.Integer(mib.ClusterStateUnknown),
	} {
		if !got[name].Equal(want) {
			t.Errorf("%s is %s %s, want %s %s", name, got[name].Type, got[name], want.Type, want)
		}
	}
	if value, ok := got["hawserViewState"]; ok {
		t.Errorf("a value that the enumeration lacks is shown as %s", value)
	}
	counter := render(mib.HawserServiceTable, func(r *rows) { r.row(1); r.number(mib.HawserServiceRestarts, 1<<32+5) })
	if !counter["hawserServiceRestarts"].Equal(snmp.Counter32(5)) {
		t.Errorf("a counter past 32 bits is %s, want it wrapped to 5", counter["hawserServiceRestarts"])
	}
}

func TestAddress(t *testing.T) {
	for _, test := range []struct {
		text    string
		kind    int32
		address string // in hexadecimal
	}{
		{"10.0.0.1", mib.InetAddressTypeIpv4, "0a000001"},
		{"10.0.0.1:162", mib.InetAddressTypeIpv4, "0a000001"},
		{"::ffff:10.0.0.1", mib.InetAddressTypeIpv4, "0a000001"},
		{"[fd00::9]:162", mib.InetAddressTypeIpv6, "fd000000000000000000000000000009"},
		{"fe80::1%eth0", mib.InetAddressTypeIpv6, "fe800000000000000000000000000001"},
		{"nms.example.net:162", mib.InetAddressTypeUnknown, ""},
		{"", mib.InetAddressTypeUnknown, ""},
	} {
		t.Run(test.text, func(t *testing.T) {
			got := render(mib.HawserNodeTable, func(r *rows) {
				r.row(1)
				r.address(mib.HawserNodeAddressType, mib.HawserNodeAddress, test.text)
			})
			if kind := got["hawserNodeAddressType"]; !kind.Equal(snmp.Integer(test.kind)) {
				t.Errorf("type is %s, want %d", kind, test.kind)
			}
			if address := hex.EncodeToString(got["hawserNodeAddress"].Bytes); address != test.address {
				t.Errorf("address is %s, want %s", address, test.address)
			}
		})
	}
}

func TestDateAndTimeThereAndBack(t *testing.T) {
	at := time.Date(2026, 2, 28, 23, 59, 58, 700_000_000, time.FixedZone("", -(9*3600+30*60)))
	octets := dateAndTime(at)
	if got, want := hex.EncodeToString(octets), "07ea021c173b3a072d091e"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	back, err := readDateAndTime(octets)
	if err != nil || !back.Equal(at) {
		t.Errorf("read back as %s, %v; want %s", back, err, at)
	}
	for name, bad := range map[string][]byte{
		"month 13":   {7, 234, 13, 1, 0, 0, 0, 0},
		"30 of Feb":  {7, 234, 2, 30, 0, 0, 0, 0},
		"hour 24":    {7, 234, 2, 1, 24, 0, 0, 0},
		"zone sign":  {7, 234, 2, 1, 0, 0, 0, 0, '*', 0, 0},
		"nine octet": {7, 234, 2, 1, 0, 0, 0, 0, '+'},
	} {
		if at, err := readDateAndTime(bad); err == nil {
			t.Errorf("%s: read as %s, want an error", name, at)
		}
	}
	if zero, err := readDateAndTime(make([]byte, 8)); err != nil || !zero.IsZero() {
		t.Errorf("eight octets of zero: %s, %v", zero, err)
	}
}

func TestAgesNeverReachNever(t *testing.T) {
	got := render(mib.HawserCluster, func(r *rows) { r.age(mib.HawserViewAge, noon.Add(1<<62), noon) })
	if value := got["hawserViewAge"]; value.Uint == never {
		t.Errorf("an old age is %s, which means never", value)
	}
	back := render(mib.HawserCluster, func(r *rows) { r.age(mib.HawserViewAge, noon, noon.Add(time.Hour)) })
	if value := back["hawserViewAge"]; value.Uint != 0 {
		t.Errorf("the age of what is to come is %s, want 0", value)
	}
}

func TestIndexTextCarriesItsLength(t *testing.T) {
	if got, want := snmp.OID(indexText("Bü")).String(), "3.66.195.188"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAllowedTextIsCutAtAValue(t *testing.T) {
	setting := richState().Hardware["db1"].Settings[0]
	for range 300 {
		setting.Values = append(setting.Values, "Value")
	}
	got := allowedText(setting)
	if len(got) > 1024 || !strings.HasSuffix(got, "Value, Value, ...") {
		t.Errorf("%d octets ending in %q, want at most 1024 ending with a whole value", len(got), got[len(got)-20:])
	}
}
