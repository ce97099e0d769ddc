package plugin

import (
	"fmt"
	"net/netip"
	"time"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

// The objects that stand before and behind those of HAWSER-MIB in a notification (RFC 3416 section 4.2.6, RFC 3418).
var (
	oidSysUpTime   = snmp.OID{1, 3, 6, 1, 2, 1, 1, 3, 0}
	oidTrapOID     = snmp.OID{1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0}
	oidTrapAddress = snmp.OID{1, 3, 6, 1, 6, 3, 18, 1, 3, 0}
)

// message is what one notification is made of besides its event.
type message struct {
	cluster *cluster.State
	prev    cluster.Seq   // the last sequence sent to this sink
	uptime  time.Duration // of the sending engine
	address netip.Addr    // snmpTrapAddress: where the sender is
	now     time.Time
}

// messageOverhead is the longest frame around the varbinds: v3 header, SHA-512 digest, user and engine names of full length.
const messageOverhead = 190

// varbinds are those of the event, in the order that every receiver counts on; ok is false where the event type has no
// notification. Error and Summary are cut so that the message fits into one datagram (mib.NotifyMax).
func (m message) varbinds(e cluster.Event) (binds []snmp.Varbind, ok bool) {
	trap, ok := mib.NotificationOID(int(e.Type))
	if !ok {
		return nil, false
	}
	errText, summary := e.Error, e.Summary
	e.Error, e.Summary = "", ""
	bare := m.assemble(trap, e)
	size := messageOverhead
	for _, vb := range bare {
		size += len(snmp.AppendVarbind(nil, vb))
	}
	e.Error, e.Summary = mib.FitTexts(mib.NotifyMax-size, errText, summary)
	return m.assemble(trap, e), true
}

func (m message) assemble(trap []uint32, e cluster.Event) []snmp.Varbind {
	row := newRows(mib.HawserEventTable)
	renderEvent(e, row)
	columns := row.varbinds()
	out := []snmp.Varbind{
		{OID: oidSysUpTime, Value: snmp.TimeTicks(uint32(m.uptime / (10 * time.Millisecond)))},
		{OID: oidTrapOID, Value: snmp.ObjectID(snmp.OID(trap))},
	}
	for _, name := range mib.NotifyOrder() {
		o, found := mib.ByName(name)
		if !found {
			panic("plugin: the notifications name an unknown object " + name)
		}
		if vb, ok := findColumn(columns, o.OID); ok {
			out = append(out, vb)
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
