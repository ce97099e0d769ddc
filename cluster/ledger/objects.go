package ledger

import (
	"cmp"
	"fmt"
	"strconv"

	"hawser/cluster"
)

// object is one thing that can be set: how a value is tested, applied, read for the write log, and taken back.
type object struct {
	check func(*cluster.State, cluster.Op) *cluster.Refusal
	apply func(*writer, cluster.Change, cluster.Op) step
	read  func(*cluster.State, cluster.Op) string
	back  func(*writer, step)
	// mayBack says whether it can still be taken back; nil: always.
	mayBack func(*cluster.State, step) bool
}

// objects is the table of all that can be set, by MIB descriptor without "hawser".
var objects = map[string]object{
	"NodeAdminState":          {check: checkNodeAdmin, apply: applyNodeAdmin, read: readNodeAdmin, back: backNodeAdmin},
	"ServiceAdminState":       {check: checkServiceAdmin, apply: applyServiceAdmin, read: readServiceAdmin, back: backServiceAdmin},
	"ServiceProbeInterval":    policyObject,
	"ServiceProbeTimeout":     policyObject,
	"ServiceFailureThreshold": policyObject,
	"ServiceRestartLimit":     policyObject,
	"ServiceFailureWindow":    policyObject,
	"ServiceReaction":         policyObject,
	"StackPreferredNode":      {check: checkPreferred, apply: applyStack, read: readStack, back: backOverride},
	"StackFailback":           {check: checkFailback, apply: applyStack, read: readStack, back: backOverride},
	"AlarmAcknowledged":       {check: checkAlarm, apply: applyAlarm, read: readAlarm, back: backAlarm},
	"AlarmAckComment":         {check: checkAlarm, apply: applyAlarm, read: readAlarm, back: backAlarm},
	"HwSettingDesired":        {check: checkDesired, apply: applyDesired, read: readDesired, back: backDesired},
	"HwJob":                   {check: checkHwJob, apply: applyHwJob, read: readHwJob, back: backHwJob, mayBack: checkBackHwJob},
	"HwJobAbort":              {check: checkHwJobAbort, apply: applyHwJobAbort, read: readHwJob, back: backHwJobAbort},
}

var policyObject = object{check: checkPolicy, apply: applyPolicy, read: readPolicy, back: backPolicy}

func refuse(code cluster.Refused, format string, args ...any) *cluster.Refusal {
	return &cluster.Refusal{Code: code, Reason: fmt.Sprintf(format, args...)}
}

func checkNodeAdmin(s *cluster.State, op cluster.Op) *cluster.Refusal {
	if _, ok := s.Nodes[op.Target.Name]; !ok {
		return refuse(cluster.RefusedNoCreation, "there is no node %q", op.Target.Name)
	}
	if op.Int < 1 || op.Int > int64(cluster.NodeAdminMaintenance) {
		return refuse(cluster.RefusedValue, "%d is none of online(1), standby(2), maintenance(3)", op.Int)
	}
	if cluster.NodeAdmin(op.Int) != cluster.NodeAdminStandby {
		return nil
	}
	for _, st := range s.Spec.Stacks {
		if s.Stacks[st.Name].Primary != op.Target.Name {
			continue
		}
		if node, why := cluster.StandbyFor(s, st); node == "" {
			return refuse(cluster.RefusedInconsistent, "stack %s is active on %s and no standby is ready: %s", st.Name, op.Target.Name, why)
		}
	}
	return nil
}

func applyNodeAdmin(w *writer, c cluster.Change, op cluster.Op) step {
	n := w.s.Nodes[op.Target.Name]
	st := step{Object: op.Object, Target: op.Target, Int: int64(n.Admin)}
	n.Admin = cluster.NodeAdmin(op.Int)
	w.s.Nodes[op.Target.Name] = n
	return w.override(st, c, op)
}

func readNodeAdmin(s *cluster.State, op cluster.Op) string {
	return s.Nodes[op.Target.Name].Admin.String()
}

func backNodeAdmin(w *writer, st step) {
	n := w.s.Nodes[st.Target.Name]
	n.Admin = cluster.NodeAdmin(st.Int)
	w.s.Nodes[st.Target.Name] = n
	backOverride(w, st)
}

func checkServiceAdmin(s *cluster.State, op cluster.Op) *cluster.Refusal {
	if _, ok := s.Services[op.Target.Name]; !ok {
		return refuse(cluster.RefusedNoCreation, "there is no service %q", op.Target.Name)
	}
	if op.Int < 1 || op.Int > int64(cluster.ServiceAdminMaintenance) {
		return refuse(cluster.RefusedValue, "%d is none of enabled(1), disabled(2), maintenance(3)", op.Int)
	}
	return nil
}

func applyServiceAdmin(w *writer, c cluster.Change, op cluster.Op) step {
	sv := w.s.Services[op.Target.Name]
	st := step{Object: op.Object, Target: op.Target, Int: int64(sv.Admin), Quarantined: sv.Quarantined}
	sv.Admin = cluster.ServiceAdmin(op.Int)
	w.s.Services[op.Target.Name] = sv
	if sv.Admin == cluster.ServiceAdminEnabled {
		w.unquarantine(op.Target.Name) // as hawserServiceAdminState promises
	}
	return w.override(st, c, op)
}

func readServiceAdmin(s *cluster.State, op cluster.Op) string {
	return s.Services[op.Target.Name].Admin.String()
}

func backServiceAdmin(w *writer, st step) {
	sv := w.s.Services[st.Target.Name]
	sv.Admin, sv.Quarantined = cluster.ServiceAdmin(st.Int), st.Quarantined
	w.s.Services[st.Target.Name] = sv
	backOverride(w, st)
}

func checkPolicy(s *cluster.State, op cluster.Op) *cluster.Refusal {
	sv, ok := s.Services[op.Target.Name]
	if !ok {
		return refuse(cluster.RefusedNoCreation, "there is no service %q", op.Target.Name)
	}
	p := sv.Policy
	setPolicy(&p, op.Object, op.Int)
	if faults := p.Faults(); len(faults) > 0 {
		return refuse(cluster.RefusedValue, "%s", faults[0])
	}
	return nil
}

func applyPolicy(w *writer, c cluster.Change, op cluster.Op) step {
	sv := w.s.Services[op.Target.Name]
	st := step{Object: op.Object, Target: op.Target, Int: getPolicy(sv.Policy, op.Object)}
	setPolicy(&sv.Policy, op.Object, op.Int)
	w.s.Services[op.Target.Name] = sv
	return w.override(st, c, op)
}

func readPolicy(s *cluster.State, op cluster.Op) string {
	v := getPolicy(s.Services[op.Target.Name].Policy, op.Object)
	if op.Object == "ServiceReaction" {
		return cluster.Reaction(v).String()
	}
	return strconv.FormatInt(v, 10)
}

func backPolicy(w *writer, st step) {
	sv := w.s.Services[st.Target.Name]
	setPolicy(&sv.Policy, st.Object, st.Int)
	w.s.Services[st.Target.Name] = sv
	backOverride(w, st)
}

func checkPreferred(s *cluster.State, op cluster.Op) *cluster.Refusal {
	if _, ok := s.Stacks[op.Target.Name]; !ok {
		return refuse(cluster.RefusedNoCreation, "there is no stack %q", op.Target.Name)
	}
	if n, ok := s.Spec.Node(op.Text); op.Text != "" && (!ok || n.Role != cluster.RoleResource) {
		return refuse(cluster.RefusedInconsistent, "%q is no node that runs services", op.Text)
	}
	return nil
}

func checkFailback(s *cluster.State, op cluster.Op) *cluster.Refusal {
	if _, ok := s.Stacks[op.Target.Name]; !ok {
		return refuse(cluster.RefusedNoCreation, "there is no stack %q", op.Target.Name)
	}
	if op.Int < 1 || op.Int > int64(cluster.FailbackManual) {
		return refuse(cluster.RefusedValue, "%d is none of never(1), automatic(2), manual(3)", op.Int)
	}
	return nil
}

func applyStack(w *writer, c cluster.Change, op cluster.Op) step {
	return w.override(step{Object: op.Object, Target: op.Target}, c, op)
}

func readStack(s *cluster.State, op cluster.Op) string {
	spec, _ := s.Spec.Stack(op.Target.Name)
	if op.Object == "StackFailback" {
		return s.FailbackOf(spec).String()
	}
	return s.Preferred(spec)
}

// override keeps what was SET, so that it survives restarts and a new file, and remembers what stood there before.
func (w *writer) override(st step, c cluster.Change, op cluster.Op) step {
	key := cluster.OverrideKey(op.Object, op.Target)
	if old, ok := w.s.Overrides[key]; ok {
		st.Override = &old
	}
	w.s.Overrides[key] = cluster.Override{
		Object: op.Object, Target: op.Target, Int: op.Int, Text: op.Text, By: c.By, Time: w.entry.At,
	}
	return st
}

func backOverride(w *writer, st step) {
	key := cluster.OverrideKey(st.Object, st.Target)
	if st.Override == nil {
		delete(w.s.Overrides, key)
		return
	}
	w.s.Overrides[key] = *st.Override
}

func checkAlarm(s *cluster.State, op cluster.Op) *cluster.Refusal {
	if _, ok := s.Alarms[op.Target.Index]; !ok {
		return refuse(cluster.RefusedNoCreation, "there is no alarm %d", op.Target.Index)
	}
	if op.Object == "AlarmAcknowledged" && op.Int != 1 && op.Int != 2 {
		return refuse(cluster.RefusedValue, "%d is none of true(1), false(2)", op.Int)
	}
	return nil
}

func applyAlarm(w *writer, c cluster.Change, op cluster.Op) step {
	old := w.s.Alarms[op.Target.Index]
	a := old
	if op.Object == "AlarmAckComment" {
		a.AckComment = op.Text
	} else {
		a.Acknowledged = op.Int == 1
		a.AckBy = ""
		if a.Acknowledged {
			a.AckBy = c.By.User
		}
	}
	w.s.Alarms[op.Target.Index] = a
	return step{Object: op.Object, Target: op.Target, Alarm: &old}
}

func readAlarm(s *cluster.State, op cluster.Op) string {
	a := s.Alarms[op.Target.Index]
	if op.Object == "AlarmAckComment" {
		return a.AckComment
	}
	return cmp.Or(map[bool]string{true: "true"}[a.Acknowledged], "false")
}

func backAlarm(w *writer, st step) {
	if a, ok := w.s.Alarms[st.Target.Index]; ok {
		a.Acknowledged, a.AckBy, a.AckComment = st.Alarm.Acknowledged, st.Alarm.AckBy, st.Alarm.AckComment
		w.s.Alarms[st.Target.Index] = a
	}
}
