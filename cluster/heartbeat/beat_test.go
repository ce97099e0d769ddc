package heartbeat

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func sampleBeat() beat {
	return beat{
		flags: flagDaemon | flagLeaving, cluster: clusterHash("c0ffee"), link: 1,
		incarnation: 0x0102030405060708, sequence: 42, sent: 1 << 40, echo: 1<<40 + 5, hold: 1500 * time.Microsecond,
		node: "n1", boot: "b-1", leader: "n2",
		hears: []hears{{"n2", 17}, {"n3", maxAgeMS}},
		holds: []Hold{{Service: "db", Epoch: 7 << 32, Opaque: []byte{0xde, 0xad}}, {Service: "vip", Epoch: 1}},
	}
}

// goldenBeat is the sample as it must stay on the wire while nodes of several
// versions talk to each other.
const goldenBeat = "01" + "03" + "%CLUSTER%" + "01" + "0102030405060708" + "000000000000002a" +
	"0000010000000000" + "0000010000000005" + "000005dc" +
	"026e31" + "03622d31" + "026e32" +
	"02" + "026e32" + "0011" + "026e33" + "ffff" +
	"02" + "026462" + "0000000700000000" + "02dead" + "03766970" + "0000000000000001" + "00"

func TestGoldenBeat(t *testing.T) {
	b := sampleBeat()
	hash := "e3c1601f7de5120c"
	if got := hex.EncodeToString(b.cluster[:]); got != hash {
		t.Errorf("cluster hash %s, want %s", got, hash)
	}
	want := strings.Replace(goldenBeat, "%CLUSTER%", hash, 1)
	if got := hex.EncodeToString(b.encode()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	raw, err := hex.DecodeString(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(raw)
	if err != nil || !reflect.DeepEqual(got, b) {
		t.Errorf("decoded %+v (%v), want %+v", got, err, b)
	}
	key := []byte("0123456789abcdef")
	if got, want := hex.EncodeToString(mac(key, raw)), "a22a7dd7242a1bcfa76c539de7b9a0a7"; got != want {
		t.Errorf("mac %s, want %s", got, want)
	}
}

func TestTooManyHoldsAreCut(t *testing.T) {
	b := sampleBeat()
	b.holds = nil
	for i := range 200 {
		b.holds = append(b.holds, Hold{Service: fmt.Sprint("service-", i), Epoch: uint64(i)})
	}
	raw := b.encode()
	if len(raw)+macSize > maxBeat {
		t.Fatalf("beat of %d bytes, at most %d", len(raw)+macSize, maxBeat)
	}
	got, err := decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got.flags&flagHoldsCut == 0 || len(got.holds) < 40 || !reflect.DeepEqual(got.holds, b.holds[:len(got.holds)]) {
		t.Errorf("flags %#x and %d holds of 200", got.flags, len(got.holds))
	}
}

func TestMalformedBeats(t *testing.T) {
	b := sampleBeat()
	good := b.encode()
	edit := func(fn func([]byte) []byte) []byte { return fn(bytes.Clone(good)) }
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"another version", edit(func(d []byte) []byte { d[0] = 9; return d }), errVersion},
		{"unknown flag", edit(func(d []byte) []byte { d[1] |= 0x80; return d }), errForm},
		{"a byte too many", edit(func(d []byte) []byte { return append(d, 0) }), errForm},
		{"a byte too few", edit(func(d []byte) []byte { return d[:len(d)-1] }), errForm},
		{"long name", edit(func(d []byte) []byte { d[fixedSize] = maxName + 1; return d }), errForm},
		{"no name", edit(func(d []byte) []byte {
			return append(append(d[:fixedSize:fixedSize], 0), d[fixedSize+3:]...)
		}), errForm},
		{"empty", nil, errVersion},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := decode(tt.data); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	for cut := range good {
		if _, err := decode(good[:cut]); err == nil {
			t.Errorf("decoded the first %d bytes of %d", cut, len(good))
		}
	}
}

func TestHeader(t *testing.T) {
	b := sampleBeat()
	key, err := newKeyring([][]byte{bytes.Repeat([]byte("k"), minKey)})
	if err != nil {
		t.Fatal(err)
	}
	good := key.sign(b.encode())
	if same, err := header(good, b.cluster); !same || err != nil {
		t.Errorf("own beat: %t, %v", same, err)
	}
	if same, err := header(good, clusterHash("other")); same || err != nil {
		t.Errorf("beat of another cluster: %t, %v", same, err)
	}
	if _, err := header(good[:minBeat-1], b.cluster); !errors.Is(err, errShort) {
		t.Errorf("short beat: %v", err)
	}
	if _, err := header(append(good, make([]byte, maxBeat)...), b.cluster); !errors.Is(err, errLong) {
		t.Errorf("long beat: %v", err)
	}
}

func TestKeyring(t *testing.T) {
	oldKey, newKey := bytes.Repeat([]byte("o"), 32), bytes.Repeat([]byte("n"), 32)
	before, _ := newKeyring([][]byte{oldKey})
	during, _ := newKeyring([][]byte{newKey, oldKey})
	after, _ := newKeyring([][]byte{newKey})
	body := []byte("a beat's body")
	tests := []struct {
		name     string
		from, to keyring
		want     bool
	}{
		{"old to both", before, during, true},
		{"both to new", during, after, true},
		{"both to old", during, before, false},
		{"old to new", before, after, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.to.verify(tt.from.sign(bytes.Clone(body)))
			if ok != tt.want || ok && !bytes.Equal(got, body) {
				t.Errorf("verify: %t %q, want %t", ok, got, tt.want)
			}
		})
	}
	if _, err := newKeyring([][]byte{[]byte("short")}); err == nil {
		t.Error("took a short key")
	}
	if _, err := newKeyring(nil); err == nil {
		t.Error("took no key")
	}
}

func FuzzDecode(f *testing.F) {
	b := sampleBeat()
	f.Add(b.encode())
	b = beat{flags: flagGuard, node: "x", hold: -1}
	f.Add(b.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := decode(data)
		if err != nil {
			return
		}
		if again := got.encode(); len(data) <= maxBeat-macSize && !bytes.Equal(again, data) {
			t.Errorf("%x became %x", data, again)
		}
	})
}
