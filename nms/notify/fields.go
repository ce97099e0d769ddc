package notify

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/nms/ask"
	"hawser/nms/report"
)

// errNotOurs says that a notification is not of HAWSER-MIB.
var errNotOurs = errors.New("not of HAWSER-MIB")

// field takes one varbind of a notification into an event.
type field struct {
	oid    snmp.OID
	object mib.Object
	take   func(e *report.Event, o mib.Object, v snmp.Value) error
}

// vocabulary is what trapd needs of the MIB, looked up once.
type vocabulary struct {
	fields        []field // in the order of the varbinds
	notifications snmp.OID
}

func newVocabulary() (*vocabulary, error) {
	voc := &vocabulary{notifications: mib.HawserNotifications}
	for _, name := range mib.NotifyOrder() {
		object, known := mib.ByName(name)
		take := takers[name]
		if !known || take == nil {
			return nil, fmt.Errorf("trapd does not know how to take the varbind %s", name)
		}
		voc.fields = append(voc.fields, field{oid: object.OID, object: object, take: take})
	}
	return voc, nil
}

// event reads a notification's varbinds, without the two that open it. It fails with errNotOurs for one of another MIB,
// and with another error for one of ours that lacks its identity or carries values of the wrong type.
func (voc *vocabulary) event(trapOID snmp.OID, varbinds []snmp.Varbind) (report.Event, error) {
	var e report.Event
	if !trapOID.HasPrefix(voc.notifications) {
		return e, errNotOurs
	}
	object, rest, found := mib.ByOID(trapOID)
	if !found || object.Kind != mib.Notification || len(rest) > 0 {
		return e, fmt.Errorf("notification %s is newer than this manager: upgrade it", trapOID)
	}
	e.Notification = object.Name
	for i, vb := range varbinds {
		f := voc.at(i, vb.OID)
		if f == nil || vb.Value.IsException() {
			continue
		}
		if err := f.take(&e, f.object, vb.Value); err != nil {
			return e, fmt.Errorf("%s: %w", f.object.Name, err)
		}
	}
	if e.ClusterID == "" || e.Generation == 0 {
		return e, errors.New("it names no cluster and generation")
	}
	if !utf8Printable(e.ClusterID) {
		return e, errors.New("its cluster id is no text")
	}
	return e, nil
}

// at finds the field of a varbind: where the order says it is, else anywhere.
func (voc *vocabulary) at(i int, oid snmp.OID) *field {
	if i < len(voc.fields) && oid.HasPrefix(voc.fields[i].oid) {
		return &voc.fields[i]
	}
	for j := range voc.fields {
		if oid.HasPrefix(voc.fields[j].oid) {
			return &voc.fields[j]
		}
	}
	return nil
}

// takers say which part of an event each varbind fills.
var takers = map[string]func(*report.Event, mib.Object, snmp.Value) error{
	"hawserClusterId":          text(func(e *report.Event) *string { return &e.ClusterID }),
	"hawserClusterName":        text(func(e *report.Event) *string { return &e.ClusterName }),
	"hawserGeneration":         number(func(e *report.Event, n uint64) { e.Generation = n }),
	"hawserNotifyEventSeq":     number(func(e *report.Event, n uint64) { e.Seq = uint32(n) }),
	"hawserNotifyPrevSeq":      number(func(e *report.Event, n uint64) { e.Facts.PrevSeq = uint32(n) }),
	"hawserNotifyDelay":        number(func(e *report.Event, n uint64) { e.Facts.NotifyDelayMs = uint32(n) }),
	"hawserEventOrigin":        text(func(e *report.Event) *string { return &e.Origin }),
	"hawserEventOriginSeq":     number(func(e *report.Event, n uint64) { e.OriginSeq = n }),
	"hawserEventTime":          takeTime,
	"hawserEventType":          label(func(e *report.Event) *string { return &e.Type }),
	"hawserEventSeverity":      label(func(e *report.Event) *string { return &e.Severity }),
	"hawserEventAlarmIndex":    number(func(e *report.Event, n uint64) { e.AlarmIndex = uint32(n) }),
	"hawserEventComponentType": label(func(e *report.Event) *string { return &e.ComponentType }),
	"hawserEventComponentName": text(func(e *report.Event) *string { return &e.ComponentName }),
	"hawserEventNodeName":      text(func(e *report.Event) *string { return &e.NodeName }),
	"hawserEventError":         text(func(e *report.Event) *string { return &e.Error }),
	"hawserEventReaction":      label(func(e *report.Event) *string { return &e.Reaction }),
	"hawserEventResult":        label(func(e *report.Event) *string { return &e.Result }),
	"hawserEventDuration":      number(func(e *report.Event, n uint64) { e.Duration = time.Duration(n) * time.Millisecond }),
	"hawserEventSummary":       text(func(e *report.Event) *string { return &e.Summary }),
	"hawserClusterState":       label(func(e *report.Event) *string { return &e.Facts.ClusterState }),
	"hawserNodesOnline":        number(func(e *report.Event, n uint64) { e.Facts.NodesOnline = uint32(n) }),
	"hawserNodeCount":          number(func(e *report.Event, n uint64) { e.Facts.NodeCount = uint32(n) }),
	"hawserServicesFailed":     number(func(e *report.Event, n uint64) { e.Facts.ServicesFailed = uint32(n) }),
	"hawserWorstHwHealth":      label(func(e *report.Event) *string { return &e.Facts.WorstHwHealth }),
	"hawserStackPrimaryNode":   text(func(e *report.Event) *string { return &e.Facts.StackPrimaryNode }),
}

func text(to func(*report.Event) *string) func(*report.Event, mib.Object, snmp.Value) error {
	return func(e *report.Event, _ mib.Object, v snmp.Value) error {
		if v.Type != snmp.TypeOctetString {
			return fmt.Errorf("%s where text should be", v.Type)
		}
		*to(e) = strings.ToValidUTF8(string(v.Bytes), "\uFFFD")
		return nil
	}
}

func number(set func(*report.Event, uint64)) func(*report.Event, mib.Object, snmp.Value) error {
	return func(e *report.Event, _ mib.Object, v snmp.Value) error {
		switch v.Type {
		case snmp.TypeGauge32, snmp.TypeCounter32, snmp.TypeTimeTicks, snmp.TypeCounter64:
			set(e, v.Uint)
		case snmp.TypeInteger:
			set(e, uint64(max(v.Int, 0)))
		default:
			return fmt.Errorf("%s where a number should be", v.Type)
		}
		return nil
	}
}

func label(to func(*report.Event) *string) func(*report.Event, mib.Object, snmp.Value) error {
	return func(e *report.Event, o mib.Object, v snmp.Value) error {
		if v.Type != snmp.TypeInteger {
			return fmt.Errorf("%s where an enumeration should be", v.Type)
		}
		*to(e) = ask.Label(o, v.Int)
		return nil
	}
}

func takeTime(e *report.Event, _ mib.Object, v snmp.Value) error {
	when, err := ask.ParseTime(v.Bytes)
	e.Time = when
	return err
}

func utf8Printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == '\uFFFD' || r == 0x7f }) < 0
}
