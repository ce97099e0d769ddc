package mib

import (
	"slices"
	"unicode/utf8"
)

// Limits of a notification and of the texts in it.
const (
	// NotifyMax is the longest message of a notification in octets: what an
	// IPv6 packet of 1,280 octets, which every link carries, leaves after the
	// IPv6 and UDP headers.
	NotifyMax = 1232
	// NotifyTextMin is what remains for hawserEventError and hawserEventSummary
	// each when everything else in a message is as long as it may be: v3 with
	// SHA-512 and privacy, names of 32 octets, engine identifiers of 17.
	NotifyTextMin = 48
	// TextMax is the longest hawserEventError or hawserEventSummary of a row.
	TextMax = 160
	// NameMax is the longest name of a cluster, node, stack, service or
	// component in the tables and notifications.
	NameMax = 32
	// EngineIDMax is the longest snmpEngineID that our engines make.
	EngineIDMax = 17
)

// NotifyOrder are the objects that every notification carries, in order. The
// sender appends snmpTrapAddress.0, which stands in another module.
func NotifyOrder() []string {
	keepAlive, _ := ByName("hawserKeepAlive")
	return slices.Clone(keepAlive.Varbinds)
}

// NotificationOID returns the identifier of the notification of an event type,
// which is the value of snmpTrapOID.0. Types without a notification of their own
// have none: what they raise or clear is reported by hawserAlarmRaised and
// hawserAlarmCleared.
func NotificationOID(eventType int) ([]uint32, bool) {
	oid := append(slices.Clone(HawserNotifications), uint32(eventType))
	o, _, found := ByOID(oid)
	if !found || o.Kind != Notification {
		return nil, false
	}
	return o.OID, true
}

// FitTexts cuts the two texts of a notification so that together they have at
// most room octets. What one leaves of its half the other may use. The row in
// hawserEventTable keeps them whole.
func FitTexts(room int, errorText, summary string) (fittedError, fittedSummary string) {
	half := max(room/2, 0)
	forError := max(half, room-len(summary))
	fittedError = CutText(errorText, forError)
	return fittedError, CutText(summary, room-len(fittedError))
}

// CutText returns the start of a UTF-8 text of at most limit octets, cut at a
// character boundary. Octets that are no UTF-8 are replaced, so that the
// result is a proper SnmpAdminString.
func CutText(text string, limit int) string {
	if !utf8.ValidString(text) {
		text = string([]rune(text)) // conversion replaces what is no UTF-8
	}
	if len(text) <= max(limit, 0) {
		return text
	}
	end := max(limit, 0)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
