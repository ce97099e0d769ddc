package mib

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNotificationsCarryTheSameObjectsInOrder(t *testing.T) {
	want := strings.Fields(`hawserClusterId hawserClusterName hawserGeneration hawserNotifyEventSeq hawserNotifyPrevSeq
		hawserEventOrigin hawserEventOriginSeq hawserEventTime hawserEventType hawserEventSeverity hawserEventAlarmIndex
		hawserEventComponentType hawserEventComponentName hawserEventNodeName hawserEventError hawserEventReaction
		hawserEventResult hawserEventDuration hawserClusterState hawserNodesOnline hawserNodeCount hawserServicesFailed
		hawserWorstHwHealth hawserStackPrimaryNode hawserNotifyDelay hawserEventSummary`)
	for _, o := range Objects {
		if o.Kind == Notification && !slices.Equal(o.Varbinds, want) {
			t.Errorf("%s carries %v, want %v", o.Name, o.Varbinds, want)
		}
	}
	if got := NotifyOrder(); !slices.Equal(got, want) {
		t.Errorf("NotifyOrder = %v, want %v", got, want)
	}
}

// tlv is the length of a BER element with this much content.
func tlv(content int) int {
	switch {
	case content < 0x80:
		return 2 + content
	case content < 0x100:
		return 3 + content
	}
	return 4 + content
}

// arcs is the length of an encoded identifier; a 5-octet arc is the longest.
func arcs(oid []uint32) int {
	n := -1 // the first two arcs share an octet
	for _, arc := range oid {
		n++
		for arc >= 0x80 {
			arc >>= 7
			n++
		}
	}
	return n
}

// longestValue is the content length of the longest value of an object, with
// room for the two texts that a sender cuts.
func longestValue(o Object, text int) int {
	switch {
	case o.Name == "hawserEventError" || o.Name == "hawserEventSummary":
		return text
	case o.Base == OctetString:
		return int(o.Ranges[len(o.Ranges)-1][1])
	case len(o.Enum) > 0:
		return 1
	case len(o.Ranges) > 0 && o.Ranges[len(o.Ranges)-1][1] < 1<<23:
		return 3
	}
	return 5
}

// longestNotification computes the longest message of a notification, as it is
// sent by v3 with SHA-512 and AES: RFC 3412 section 6, RFC 3414 section 2.4,
// RFC 7860.
func longestNotification(notification Object, text int) int {
	const long = 1<<32 - 1
	varbinds := tlv(tlv(arcs([]uint32{1, 3, 6, 1, 2, 1, 1, 3, 0}))+tlv(5)) + // sysUpTime.0
		tlv(tlv(arcs([]uint32{1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0}))+tlv(arcs(notification.OID))) + // snmpTrapOID.0
		tlv(tlv(arcs([]uint32{1, 3, 6, 1, 6, 3, 18, 1, 3, 0}))+tlv(4)) // snmpTrapAddress.0
	for _, name := range notification.Varbinds {
		o, _ := ByName(name)
		instance := uint32(0)
		if o.Kind == Column {
			instance = long
		}
		varbinds += tlv(tlv(arcs(append(slices.Clone(o.OID), instance))) + tlv(longestValue(o, text)))
	}
	pdu := tlv(tlv(4) + tlv(1) + tlv(1) + tlv(varbinds))
	scoped := tlv(tlv(EngineIDMax) + tlv(0) + pdu)
	security := tlv(tlv(tlv(EngineIDMax) + tlv(4) + tlv(4) + tlv(NameMax) + tlv(48) + tlv(8)))
	header := tlv(tlv(4) + tlv(4) + tlv(1) + tlv(1))
	return tlv(tlv(1) + header + security + tlv(scoped))
}

func TestLongestNotificationFits(t *testing.T) {
	for _, o := range Objects {
		if o.Kind != Notification {
			continue
		}
		if got := longestNotification(o, NotifyTextMin); got > NotifyMax {
			t.Errorf("%s: %d octets with texts of %d, allowed are %d", o.Name, got, NotifyTextMin, NotifyMax)
		}
	}
	for _, name := range []string{"hawserEventError", "hawserEventSummary"} {
		if o, _ := ByName(name); o.Ranges[0] != [2]int64{0, TextMax} {
			t.Errorf("%s has sizes %v, want up to TextMax", name, o.Ranges)
		}
	}
}

func TestNamesAreBounded(t *testing.T) {
	for _, name := range NotifyOrder() {
		o, _ := ByName(name)
		if strings.HasSuffix(name, "Name") || strings.HasSuffix(name, "Origin") || strings.HasSuffix(name, "Node") {
			if got := o.Ranges[0][1]; got != NameMax {
				t.Errorf("%s has up to %d octets, want %d", name, got, NameMax)
			}
		}
	}
}

func TestCutText(t *testing.T) {
	tests := []struct {
		name, text string
		limit      int
		want       string
	}{
		{"short", "abc", 5, "abc"},
		{"exact", "abc", 3, "abc"},
		{"cut", "abc", 2, "ab"},
		{"inside a character", "aé", 2, "a"},
		{"behind a character", "aéb", 3, "aé"},
		{"no room for one", "é", 1, ""},
		{"negative", "abc", -1, ""},
		{"not UTF-8", "a\xffb", 10, "a\uFFFDb"},
		{"not UTF-8, cut", "a\xffb", 3, "a"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := CutText(test.text, test.limit); got != test.want || !utf8.ValidString(got) {
				t.Errorf("CutText = %q, want %q", got, test.want)
			}
		})
	}
}

func TestFitTexts(t *testing.T) {
	a, b := strings.Repeat("a", 100), strings.Repeat("b", 100)
	tests := []struct {
		name           string
		room           int
		errorText, sum string
		wantA, wantB   int
	}{
		{"both fit", 200, a, b, 100, 100},
		{"halves", 100, a, b, 50, 50},
		{"summary leaves room", 120, a, b[:10], 100, 10},
		{"error leaves room", 120, a[:10], b, 10, 100},
		{"none", 0, a, b, 0, 0},
		{"less than none", -5, a, b, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			gotA, gotB := FitTexts(test.room, test.errorText, test.sum)
			if len(gotA) != test.wantA || len(gotB) != test.wantB {
				t.Errorf("FitTexts = %d and %d octets, want %d and %d", len(gotA), len(gotB), test.wantA, test.wantB)
			}
		})
	}
}
