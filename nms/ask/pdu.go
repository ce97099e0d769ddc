package ask

import (
	"fmt"
	"net/netip"

	"github.com/gosnmp/gosnmp"

	"hawser/mib/snmp"
)

// fromPDU turns gosnmp's variable into a varbind. gosnmp's types stay in this package.
func fromPDU(pdu gosnmp.SnmpPDU) (snmp.Varbind, error) {
	oid, err := snmp.ParseOID(pdu.Name)
	if err != nil {
		return snmp.Varbind{}, fmt.Errorf("answer with the name %q: %w", pdu.Name, err)
	}
	v := snmp.Value{Type: snmp.Type(pdu.Type)}
	switch pdu.Type {
	case gosnmp.Integer, gosnmp.Counter32, gosnmp.Gauge32, gosnmp.TimeTicks, gosnmp.Counter64:
		number := gosnmp.ToBigInt(pdu.Value)
		if pdu.Type == gosnmp.Integer {
			v.Int = number.Int64()
		} else {
			v.Uint = number.Uint64()
		}
	case gosnmp.OctetString, gosnmp.Opaque:
		v.Bytes, _ = pdu.Value.([]byte)
	case gosnmp.IPAddress:
		text, _ := pdu.Value.(string)
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return snmp.Varbind{}, fmt.Errorf("value of %s: %w", oid, err)
		}
		v.Bytes = addr.AsSlice()
	case gosnmp.ObjectIdentifier:
		text, _ := pdu.Value.(string)
		if v.OID, err = snmp.ParseOID(text); err != nil {
			return snmp.Varbind{}, fmt.Errorf("value of %s: %w", oid, err)
		}
	case gosnmp.Null, gosnmp.NoSuchObject, gosnmp.NoSuchInstance, gosnmp.EndOfMibView:
	default:
		return snmp.Varbind{}, fmt.Errorf("value of %s has the unexpected type %s", oid, pdu.Type)
	}
	return snmp.Varbind{OID: oid, Value: v}, nil
}

// toPDU turns a varbind of a SET into gosnmp's variable.
func toPDU(vb snmp.Varbind) (gosnmp.SnmpPDU, error) {
	pdu := gosnmp.SnmpPDU{Name: "." + vb.OID.String(), Type: gosnmp.Asn1BER(vb.Value.Type)}
	switch vb.Value.Type {
	case snmp.TypeInteger:
		pdu.Value = int(vb.Value.Int)
	case snmp.TypeGauge32, snmp.TypeCounter32, snmp.TypeTimeTicks:
		pdu.Value = uint32(vb.Value.Uint)
	case snmp.TypeOctetString:
		pdu.Value = vb.Value.Bytes
	case snmp.TypeObjectID:
		pdu.Value = "." + vb.Value.OID.String()
	default:
		return pdu, fmt.Errorf("set %s: a value of %s cannot be set", NameOf(vb.OID), vb.Value.Type)
	}
	return pdu, nil
}
