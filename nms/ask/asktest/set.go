package asktest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hawser/mib"
	"hawser/mib/snmp"
)

// refusal is why a SET is not carried out.
type refusal struct {
	status snmp.ErrorStatus
	index  int
	reason string
}

// set carries a SET out as MIB.md describes it; answered is false when the answer gets lost.
func (a *Agent) set(m *snmp.Message, role mib.Role, pdu snmp.PDU) (out snmp.PDU, answered bool) {
	pdu.Varbinds = m.PDU.Varbinds
	if a.knobs.DropSets > 0 {
		a.knobs.DropSets--
		return pdu, false
	}
	if a.knobs.RaceSets > 0 {
		a.knobs.RaceSets--
		a.bump()
	}
	token, said := tokenOf(m.PDU.Varbinds), fmt.Sprint(m.PDU.Varbinds)
	if first, known := a.tokens[token]; known && token != "" {
		if first.varbinds != said {
			first.status, first.index = snmp.InconsistentValue, 1
		}
		pdu.ErrorStatus, pdu.ErrorIndex = first.status, first.index
		return pdu, true
	}
	r := a.check(role, m.PDU.Varbinds)
	a.log(m, token, r)
	if r.status == snmp.NoError && !a.knobs.IgnoreSets {
		a.apply(m.PDU.Varbinds)
	}
	a.tokens[token] = result{varbinds: said, status: r.status, index: r.index}
	if a.knobs.SwallowSets > 0 {
		a.knobs.SwallowSets--
		return pdu, false
	}
	pdu.ErrorStatus, pdu.ErrorIndex = r.status, r.index
	return pdu, true
}

func tokenOf(binds []snmp.Varbind) string {
	for _, vb := range binds {
		if vb.OID.HasPrefix(mib.HawserWriteToken) {
			return string(vb.Value.Bytes)
		}
	}
	return ""
}

func (a *Agent) check(role mib.Role, binds []snmp.Varbind) refusal {
	for i, vb := range binds {
		o, _, known := mib.ByOID(vb.OID)
		switch {
		case !known || !role.CanWrite(vb.OID):
			return refusal{snmp.NoAccess, i + 1, "not writable by this user"}
		case !o.Access.Writable():
			return refusal{snmp.NotWritable, i + 1, "read only"}
		case o.Name == "hawserConfigSerial" && vb.Value.Int != int64(a.serial):
			return refusal{snmp.InconsistentValue, i + 1, "stale serial"}
		case o.Name == a.knobs.RefuseSet:
			return refusal{snmp.InconsistentValue, i + 1, "refused by the test"}
		}
		if err := o.Check(base(vb.Value.Type), vb.Value.Int+int64(vb.Value.Uint), len(vb.Value.Bytes)); err != nil {
			return refusal{snmp.WrongValue, i + 1, err.Error()}
		}
	}
	return refusal{}
}

func base(t snmp.Type) mib.Base {
	switch t {
	case snmp.TypeInteger:
		return mib.Integer32
	case snmp.TypeGauge32:
		return mib.Unsigned32
	case snmp.TypeOctetString:
		return mib.OctetString
	}
	return mib.NoBase
}

// log writes one row of hawserWriteTable per object.
func (a *Agent) log(m *snmp.Message, token string, r refusal) {
	outcome := "succeeded"
	if r.status != snmp.NoError {
		outcome = "refused"
	}
	for _, vb := range m.PDU.Varbinds {
		o, instance, known := mib.ByOID(vb.OID)
		if !known || o.Name == "hawserConfigSerial" || o.Name == "hawserWriteToken" {
			continue
		}
		a.writes++
		at := []uint32{a.writes}
		a.put("hawserWriteTime", at, time.Now())
		a.put("hawserWriteUser", at, m.User)
		a.put("hawserWriteSetToken", at, token)
		a.put("hawserWriteObject", at, o.Name+"."+snmp.OID(instance).String())
		a.put("hawserWriteOldValue", at, a.get(vb.OID).String())
		a.put("hawserWriteNewValue", at, vb.Value.String())
		a.put("hawserWriteResult", at, outcome)
		a.put("hawserWriteReason", at, r.reason)
	}
}

func (a *Agent) apply(binds []snmp.Varbind) {
	a.sets++
	a.before = slices.Clone(a.rows)
	for _, vb := range binds {
		o, instance, _ := mib.ByOID(vb.OID)
		switch o.Name {
		case "hawserConfigSerial", "hawserWriteToken":
		case "hawserHwSettingDesired":
			a.store(vb)
			state := "drifted"
			if a.text("hawserHwSettingCurrent", instance...) == string(vb.Value.Bytes) {
				state = "inSync"
			}
			a.put("hawserHwSettingState", instance, state)
		default:
			a.store(vb)
		}
	}
	for _, vb := range binds {
		if vb.OID.HasPrefix(mib.HawserHwJobRowStatus) {
			a.runJob(vb.OID[len(mib.HawserHwJobRowStatus):])
		}
	}
	a.bump()
}

// bump raises the serial, as every accepted SET does.
func (a *Agent) bump() {
	a.serial++
	a.put("hawserConfigSerial", nil, int(a.serial))
}

// runJob applies the desired settings at once: this agent's machine needs no reset.
func (a *Agent) runJob(instance []uint32) {
	a.put("hawserHwJobDetail", instance, "")
	a.put("hawserNextHwJobIndex", nil, int(instance[0])+1)
	if a.knobs.HoldJobs {
		a.put("hawserHwJobState", instance, "held")
		a.put("hawserHwJobResult", instance, "pending")
		return
	}
	desired, _ := mib.ByName("hawserHwSettingDesired")
	for _, r := range slices.Clone(a.rows) {
		if r.OID.HasPrefix(desired.OID) && len(r.Value.Bytes) > 0 {
			at := r.OID[len(desired.OID):]
			if strings.Contains(string(r.Value.Bytes), "bad") {
				a.put("hawserHwSettingState", at, "rejected")
				a.put("hawserHwSettingMessage", at, "the BMC does not take it")
				continue
			}
			a.put("hawserHwSettingCurrent", at, string(r.Value.Bytes))
			a.put("hawserHwSettingState", at, "inSync")
		}
	}
	a.put("hawserHwJobState", instance, "done")
	a.put("hawserHwJobResult", instance, "succeeded")
}
