package plugin

import (
	"fmt"
	"net/netip"
	"time"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

// oidTrapAddress is snmpTrapAddress.0, which stands behind the objects of HAWSER-MIB (RFC 3584 section 3.1).
var oidTrapAddress = snmp.OID{1, 3, 6, 1, 6, 3, 18, 1, 3, 0}

// message is what one notification is made of besides its event.
type message struct {
	cluster *cluster.State
	prev    cluster.Seq   // the last sequence sent to this sink
	uptime  time.Duration // of the sending engine
	address netip.Addr    // snmpTrapAddress: where the sender is
	now     time.Time
	rows    *rows // template of an event's row
}

// messageOverhead is the longest frame around the varbinds: v3 header, SHA-512 digest, user and engine names of full length,
// and the length octets that the two texts need beyond those of empty ones.
const messageOverhead = 204

// varbinds are those of the event, in the order that every receiver counts on. Error and Summary are cut so that the message
// fits into one datagram (mib.NotifyMax).
func (m message) varbinds(e cluster.Event) []snmp.Varbind {
	trap, ok := mib.NotificationOID(int(e.Type))
	if !ok {
		panic(fmt.Sprintf("plugin: event type %s has no notification", e.Type))
	}
	errText, summary := e.Error, e.Summary
	e.Error, e.Summary = "", ""
	size := messageOverhead
	for _, vb := range m.assemble(trap, e) {
		size += len(snmp.AppendVarbind(nil, vb))
	}
	e.Error, e.Summary = mib.FitTexts(mib.NotifyMax-size, errText, summary)
	return m.assemble(trap, e)
}

func (m message) assemble(trap []uint32, e cluster.Event) []snmp.Varbind {
	row := m.rows.fresh()
	renderEvent(e, row)
	columns := row.varbinds()
	out := snmp.Notification(uint32(m.uptime/(10*time.Millisecond)), trap)
	for _, name := range mib.NotifyOrder() {
		o, found := mib.ByName(name)
		if !found {
			panic("plugin: the notifications name an unknown object " + name)
		}
		if vb, ok := findColumn(columns, o.OID); ok {
			out = append(out, vb)
			continue
		}
		if o.Kind == mib.Column && o.Name != "hawserStackPrimaryNode" {
			out = append(out, empty(o, uint32(e.Seq)))
			continue
		}
		out = append(out, m.figure(o, e))
	}
	return append(out, snmp.Varbind{OID: oidTrapAddress, Value: snmp.IPAddress(m.address)})
}

func findColumn(columns []snmp.Varbind, oid []uint32) (snmp.Varbind, bool) {
	for _, vb := range columns {
		if vb.OID.HasPrefix(oid) {
			return vb, true
		}
	}
	return snmp.Varbind{}, false
}

// empty stands where the event's row has no instance: receivers count on the position, and on a value.
func empty(o mib.Object, seq uint32) snmp.Varbind {
	vb := snmp.Varbind{OID: snmp.OID(o.OID).Append(seq)}
	switch o.Base {
	case mib.OctetString:
		vb.Value = snmp.String("")
	case mib.Integer32:
		low, _ := bounds(o)
		vb.Value = snmp.Integer(int32(max(low, 1))) // enumerations start at 1
	case mib.Counter64:
		vb.Value = snmp.Counter64(0)
	default:
		vb.Value = snmp.Gauge(0)
	}
	return vb
}

// figure is a varbind that is no column of the event's row: identities and the figures of the cluster at the event.
func (m message) figure(o mib.Object, e cluster.Event) snmp.Varbind {
	vb := snmp.Varbind{OID: snmp.OID(o.OID).Append(0)}
	switch o.Name {
	case "hawserClusterId":
		vb.Value = snmp.String(m.cluster.ClusterID)
	case "hawserClusterName":
		vb.Value = snmp.String(mib.CutText(m.cluster.Spec.Name, mib.NameMax))
	case "hawserGeneration":
		vb.Value = snmp.Gauge(m.cluster.Generation)
	case "hawserNotifyEventSeq":
		vb.Value = snmp.Gauge(uint32(e.Seq))
	case "hawserNotifyPrevSeq":
		vb.Value = snmp.Gauge(uint32(m.prev))
	case "hawserClusterState":
		vb.Value = snmp.Integer(int32(max(e.Facts.ClusterState, 1)))
	case "hawserNodesOnline":
		vb.Value = snmp.Gauge(uint32(e.Facts.NodesOnline))
	case "hawserNodeCount":
		vb.Value = snmp.Gauge(uint32(e.Facts.NodeCount))
	case "hawserServicesFailed":
		vb.Value = snmp.Gauge(uint32(e.Facts.ServicesFailed))
	case "hawserWorstHwHealth":
		vb.Value = snmp.Integer(int32(max(e.Facts.WorstHwHealth, 1)))
	case "hawserStackPrimaryNode":
		vb.OID = snmp.OID(o.OID).Append(max(m.cluster.Index("stack", m.stack(e)), 1))
		vb.Value = snmp.String(mib.CutText(e.Facts.PrimaryNode, mib.NameMax))
	case "hawserNotifyDelay":
		vb.Value = snmp.Gauge(uint32(min(max(m.now.Sub(e.Time).Milliseconds(), 0), 1<<32-1)))
	default:
		panic(fmt.Sprintf("plugin: no value for %s in a notification", o.Name))
	}
	return vb
}

// stack is the event's stack, else the first.
func (m message) stack(e cluster.Event) string {
	if e.StackName != "" || len(m.cluster.Spec.Stacks) == 0 {
		return e.StackName
	}
	return m.cluster.Spec.Stacks[0].Name
}
