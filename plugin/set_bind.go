package plugin

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

// item is one varbind of a SET, understood.
type item struct {
	n      int // its place, from 1
	object mib.Object
	index  []uint32 // what follows the object: the row
	op     cluster.Op
	secret bool // its value is shown nowhere
}

// fault is what is wrong with one varbind.
type fault struct {
	status snmp.ErrorStatus
	err    error
}

func faultf(status snmp.ErrorStatus, format string, args ...any) *fault {
	return &fault{status, fmt.Errorf(format, args...)}
}

// readItem tests one varbind alone, in the order of RFC 3416 section 4.2.5: can it be written at all, type, length,
// encoding, value, row. The item is as good as it could be understood also where there is a fault, for the write log.
func readItem(state *cluster.State, n int, bind snmp.Varbind) (item, *fault) {
	object, index, found := mib.ByOID(bind.OID)
	it := item{n: n, object: object, index: index}
	if !found || !object.Access.Writable() {
		return it, faultf(snmp.NotWritable, "%s cannot be written", nameOf(object, found, bind.OID))
	}
	it.op = cluster.Op{Object: object.Name[len("hawser"):]}
	rowFault := it.place(state)
	if f := checkSyntax(object, bind.Value); f != nil {
		it.take(bind.Value)
		return it, f
	}
	if f := it.take(bind.Value); f != nil {
		return it, f
	}
	if rowFault != nil {
		return it, rowFault
	}
	return it, it.checkSetting(state, string(bind.Value.Bytes))
}

func nameOf(object mib.Object, found bool, oid snmp.OID) string {
	if !found || len(object.OID) < len(mib.HawserMIB) {
		return oid.String()
	}
	return object.Name
}

// checkSyntax tests type, length, encoding and value against the module.
func checkSyntax(object mib.Object, value snmp.Value) *fault {
	err := object.Check(baseOf(value.Type), number(value), len(value.Bytes))
	switch {
	case errors.Is(err, mib.ErrWrongType):
		return &fault{snmp.WrongType, err}
	case errors.Is(err, mib.ErrWrongLength):
		return &fault{snmp.WrongLength, err}
	case err != nil:
		return &fault{snmp.WrongValue, err}
	}
	if object.Syntax == "SnmpAdminString" && !utf8.Valid(value.Bytes) {
		return faultf(snmp.WrongEncoding, "%s: send UTF-8", object.Name)
	}
	return nil
}

func baseOf(t snmp.Type) mib.Base {
	switch t {
	case snmp.TypeInteger:
		return mib.Integer32
	case snmp.TypeOctetString:
		return mib.OctetString
	case snmp.TypeGauge32:
		return mib.Unsigned32
	case snmp.TypeCounter32:
		return mib.Counter32
	case snmp.TypeCounter64:
		return mib.Counter64
	case snmp.TypeTimeTicks:
		return mib.TimeTicks
	case snmp.TypeObjectID:
		return mib.ObjectIdentifier
	case snmp.TypeIPAddress:
		return mib.IPAddress
	default:
		return mib.NoBase
	}
}

func number(value snmp.Value) int64 {
	if value.Type == snmp.TypeInteger {
		return value.Int
	}
	return int64(value.Uint)
}

// take puts the value into the op.
func (it *item) take(value snmp.Value) *fault {
	switch {
	case value.Type != snmp.TypeOctetString:
		it.op.Int = number(value)
	case it.object.Syntax == "DateAndTime":
		t, err := readDateAndTime(value.Bytes)
		if err != nil {
			return faultf(snmp.WrongValue, "%s: %w", it.object.Name, err)
		}
		if !t.IsZero() {
			it.op.Int, it.op.Text = t.Unix(), t.Format(time.RFC3339)
		}
	case it.secret:
	default:
		it.op.Text = string(value.Bytes)
	}
	return nil
}

// readDateAndTime decodes a DateAndTime (RFC 2579); eight octets of zero are no time. Without a zone it is UTC.
func readDateAndTime(b []byte) (time.Time, error) {
	if len(b) != 8 && len(b) != 11 {
		return time.Time{}, fmt.Errorf("a DateAndTime has 8 or 11 octets, not %d", len(b))
	}
	if string(b[:8]) == string(make([]byte, 8)) {
		return time.Time{}, nil
	}
	zone := time.UTC
	if len(b) == 11 {
		offset := int(b[9])*3600 + int(b[10])*60
		if (b[8] != '+' && b[8] != '-') || b[9] > 14 || b[10] > 59 {
			return time.Time{}, fmt.Errorf("zone %q%02d:%02d: send + or -, 0 to 14 hours, 0 to 59 minutes", b[8], b[9], b[10])
		}
		if b[8] == '-' {
			offset = -offset
		}
		zone = time.FixedZone("", offset)
	}
	year, month, day := int(b[0])<<8|int(b[1]), time.Month(b[2]), int(b[3])
	if b[4] > 23 || b[5] > 59 || b[6] > 60 || b[7] > 9 {
		return time.Time{}, fmt.Errorf("%02d:%02d:%02d.%d is no time of a day", b[4], b[5], b[6], b[7])
	}
	t := time.Date(year, month, day, int(b[4]), int(b[5]), int(b[6]), int(b[7])*int(100*time.Millisecond), zone)
	if date := time.Date(year, month, day, 0, 0, 0, 0, time.UTC); date.Month() != month || date.Day() != day {
		return time.Time{}, fmt.Errorf("%d-%d-%d is no date", year, month, day)
	}
	return t, nil
}

// checkSetting tests a wish for a hardware setting against what its BMC allows.
func (it *item) checkSetting(state *cluster.State, value string) *fault {
	if it.op.Object != "HwSettingDesired" {
		return nil
	}
	setting, ok := findSetting(state, it.op.Target)
	if !ok {
		return nil // only a wish is there: it can be withdrawn
	}
	err := cluster.CheckSetting(setting, value)
	var refusal *cluster.Refusal
	if errors.As(err, &refusal) {
		return &fault{statusOf(refusal.Code), errors.New(refusal.Reason)}
	}
	return nil
}

func findSetting(state *cluster.State, t cluster.Target) (cluster.HardwareSetting, bool) {
	for _, setting := range hardwareOf(state, t.Name).Settings {
		if setting.Scope == t.Scope && setting.Name == t.Key {
			return setting, true
		}
	}
	return cluster.HardwareSetting{}, false
}
