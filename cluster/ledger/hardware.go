package ledger

import (
	"errors"
	"fmt"
	"slices"

	"hawser/cluster"
)

// hardware takes what changed at a node's BMC: rows replaced by key, rows gone, new keys numbered.
func (w *writer) hardware(d cluster.HardwareDiff) {
	n, ok := w.s.Nodes[d.Node]
	if !ok {
		return
	}
	hw := cluster.Hardware{Node: d.Node}
	if old := w.s.Hardware[d.Node]; old != nil {
		hw = *old
	}
	hw.BMCState, hw.Collected, hw.Problems = d.BMCState, d.Collected, d.Problems
	if d.System != nil {
		hw.System = *d.System
	}
	hw.Components = merge(hw.Components, d.Components, d.Gone, func(c cluster.HardwarePart) string { return c.Key })
	hw.Sensors = merge(hw.Sensors, d.Sensors, d.Gone, func(c cluster.HardwareSensor) string { return c.Key })
	hw.Settings = merge(hw.Settings, d.Settings, d.Gone, SettingKey)
	for _, c := range d.Components {
		w.allot("hw/"+d.Node, c.Key)
	}
	for _, c := range d.Sensors {
		w.allot("hw/"+d.Node, c.Key)
	}
	w.s.Hardware[d.Node] = &hw
	n.FenceReady = d.FenceReady
	w.s.Nodes[d.Node] = n
	w.syncDesired(d.Node, hw.Settings)
}

// SettingKey is the key of a setting among HardwareDiff.Gone.
func SettingKey(s cluster.HardwareSetting) string {
	return fmt.Sprintf("setting/%d/%s", s.Scope, s.Name)
}

func merge[T any](old, changed []T, gone []string, key func(T) string) []T {
	if len(changed) == 0 && len(gone) == 0 {
		return old
	}
	at := make(map[string]int, len(old))
	out := make([]T, 0, len(old)+len(changed))
	for _, row := range old {
		if !slices.Contains(gone, key(row)) {
			at[key(row)] = len(out)
			out = append(out, row)
		}
	}
	for _, row := range changed {
		if i, ok := at[key(row)]; ok {
			out[i] = row
			continue
		}
		out = append(out, row)
	}
	return out
}

// syncDesired moves the state of wishes along with what was observed: what is current is in sync, what is not in sync any
// more has drifted.
func (w *writer) syncDesired(node string, settings []cluster.HardwareSetting) {
	for _, s := range settings {
		key := cluster.DesiredKey(node, s.Scope, s.Name)
		d, ok := w.s.Desired[key]
		if !ok {
			continue
		}
		switch {
		case s.Current == d.Value && d.State != cluster.SettingInSync && d.State != cluster.SettingApplying:
			d.State, d.Message = cluster.SettingInSync, ""
		case s.Current != d.Value && d.State == cluster.SettingInSync:
			d.State, d.Message = cluster.SettingDrifted, "is "+s.Current
		default:
			continue
		}
		w.s.Desired[key] = d
	}
}

func (w *writer) setting(d cluster.SettingIs) {
	key := cluster.DesiredKey(d.Node, d.Scope, d.Name)
	if row, ok := w.s.Desired[key]; ok {
		row.State, row.Message = d.State, d.Message
		w.s.Desired[key] = row
	}
}

func findSetting(s *cluster.State, t cluster.Target) (cluster.HardwareSetting, bool) {
	hw := s.Hardware[t.Name]
	if hw == nil {
		return cluster.HardwareSetting{}, false
	}
	i := slices.IndexFunc(hw.Settings, func(x cluster.HardwareSetting) bool { return x.Scope == t.Scope && x.Name == t.Key })
	if i < 0 {
		return cluster.HardwareSetting{}, false
	}
	return hw.Settings[i], true
}

func checkDesired(s *cluster.State, op cluster.Op) *cluster.Refusal {
	if _, ok := s.Nodes[op.Target.Name]; !ok {
		return refuse(cluster.RefusedNoCreation, "there is no node %q", op.Target.Name)
	}
	setting, ok := findSetting(s, op.Target)
	if !ok {
		return refuse(cluster.RefusedNoCreation, "the BMC of %s shows no setting %q in scope %d", op.Target.Name, op.Target.Key, op.Target.Scope)
	}
	err := cluster.CheckSetting(setting, op.Text)
	if refusal, ok := errors.AsType[*cluster.Refusal](err); ok {
		return refusal
	}
	if err != nil {
		return refuse(cluster.RefusedValue, "%v", err)
	}
	return nil
}

func applyDesired(w *writer, c cluster.Change, op cluster.Op) step {
	key := cluster.DesiredKey(op.Target.Name, op.Target.Scope, op.Target.Key)
	st := step{Object: op.Object, Target: op.Target}
	if old, ok := w.s.Desired[key]; ok {
		st.Desired = &old
	}
	if op.Text == "" { // the wish is withdrawn
		delete(w.s.Desired, key)
		return st
	}
	setting, _ := findSetting(w.s, op.Target)
	d := cluster.Desired{
		Node: op.Target.Name, Scope: op.Target.Scope, Name: op.Target.Key, Value: op.Text, By: c.By, Time: w.entry.At,
		State: cluster.SettingDrifted,
	}
	if setting.Current == op.Text {
		d.State = cluster.SettingInSync
	}
	w.s.Desired[key] = d
	return st
}

func readDesired(s *cluster.State, op cluster.Op) string {
	return s.Desired[cluster.DesiredKey(op.Target.Name, op.Target.Scope, op.Target.Key)].Value
}

func backDesired(w *writer, st step) {
	key := cluster.DesiredKey(st.Target.Name, st.Target.Scope, st.Target.Key)
	if st.Desired == nil {
		delete(w.s.Desired, key)
		return
	}
	w.s.Desired[key] = *st.Desired
}

// hwJobKinds are the kinds of hardware jobs of this release.
var hwJobKinds = []cluster.HwJobKind{cluster.HwJobCollect, cluster.HwJobApply}

func checkHwJob(s *cluster.State, op cluster.Op) *cluster.Refusal {
	kind := cluster.HwJobKind(op.Int)
	if kind < cluster.HwJobCollect || kind > cluster.HwJobFirmware {
		return refuse(cluster.RefusedValue, "%d is no kind of hardware job", op.Int)
	}
	if !slices.Contains(hwJobKinds, kind) {
		return refuse(cluster.RefusedInconsistent, "a hardware job of kind %s cannot be asked for in this release; collect(1) and apply(2) can", kind)
	}
	n, ok := s.Spec.Node(op.Target.Name)
	if !ok {
		return refuse(cluster.RefusedValue, "hawserHwJobTarget %q is no node", op.Target.Name)
	}
	if !n.HasBMC {
		return refuse(cluster.RefusedInconsistent, "node %s has no BMC in the configuration", op.Target.Name)
	}
	if op.Target.Index < s.NextHwJob {
		return refuse(cluster.RefusedInconsistent, "row %d was used; take hawserNextHwJobIndex, now %d", op.Target.Index, s.NextHwJob)
	}
	return nil
}

func applyHwJob(w *writer, c cluster.Change, op cluster.Op) step {
	state := cluster.JobQueued
	if c.Hold {
		state = cluster.JobHeld
	}
	w.s.HwJobs[op.Target.Index] = cluster.Job{
		Index: op.Target.Index, HwKind: cluster.HwJobKind(op.Int), Target: op.Target.Name, Argument: op.Text,
		State: state, By: c.By, Created: w.entry.At, Serial: w.s.Serial,
	}
	w.s.NextHwJob = op.Target.Index + 1
	w.dropOldJobs()
	return step{Object: op.Object, Target: op.Target}
}

// keepJobs is how many rows the job tables hold.
const keepJobs = 200

func (w *writer) dropOldJobs() {
	for len(w.s.HwJobs) > keepJobs {
		oldest := uint32(0)
		for i, j := range w.s.HwJobs {
			if j.State.Ended() && (oldest == 0 || i < oldest) {
				oldest = i
			}
		}
		if oldest == 0 {
			return
		}
		delete(w.s.HwJobs, oldest)
	}
}

func readHwJob(s *cluster.State, op cluster.Op) string {
	if j, ok := s.HwJobs[op.Target.Index]; ok {
		return j.State.String()
	}
	return ""
}

// checkBackHwJob: a job that runs or has run cannot be made undone.
func checkBackHwJob(s *cluster.State, st step) bool {
	j, ok := s.HwJobs[st.Target.Index]
	return !ok || j.State == cluster.JobHeld || j.State == cluster.JobQueued || j.State == cluster.JobCancelled
}

func backHwJob(w *writer, st step) { delete(w.s.HwJobs, st.Target.Index) }

func checkHwJobAbort(s *cluster.State, op cluster.Op) *cluster.Refusal {
	j, ok := s.HwJobs[op.Target.Index]
	switch {
	case !ok:
		return refuse(cluster.RefusedNoCreation, "there is no hardware job %d", op.Target.Index)
	case j.State == cluster.JobRunning:
		return refuse(cluster.RefusedInconsistent, "hardware job %d is running: a BMC cannot take a step back; wait for its end", op.Target.Index)
	}
	return nil
}

func applyHwJobAbort(w *writer, _ cluster.Change, op cluster.Op) step {
	j := w.s.HwJobs[op.Target.Index]
	st := step{Object: op.Object, Target: op.Target, Job: new(j)}
	if !j.State.Ended() {
		j.State, j.Ended, j.Result = cluster.JobCancelled, w.entry.At, "cancelled"
		w.s.HwJobs[op.Target.Index] = j
	}
	return st
}

func backHwJobAbort(w *writer, st step) { w.s.HwJobs[st.Target.Index] = *st.Job }

// job records the progress of a job; an ended one stays as it is, and who speaks of it is refused, unless it is its end that
// is told again.
func (w *writer) job(d cluster.JobIs) {
	table := w.s.Jobs
	if d.Hw {
		table = w.s.HwJobs
	}
	j, ok := table[d.Index]
	switch {
	case !ok:
		w.result.Refusal = refuse(cluster.RefusedInconsistent, "there is no job %d", d.Index)
		return
	case j.State.Ended() && j.State == d.State && j.Result == d.Result:
		return
	case j.State.Ended():
		w.result.Refusal = refuse(cluster.RefusedInconsistent, "job %d has ended: it is %s", d.Index, j.State)
		return
	}
	if d.State == cluster.JobRunning && j.Started.IsZero() {
		j.Started = w.entry.At
	}
	j.State, j.Progress, j.Detail, j.Result, j.EventSeq = d.State, d.Progress, d.Detail, d.Result, d.EventSeq
	if d.Step != "" {
		j.Step = d.Step
	}
	if j.State.Ended() {
		j.Step, j.Ended = "", w.entry.At
		if j.Started.IsZero() {
			j.Started = j.Ended
		}
	}
	table[d.Index] = j
	if d.Hw && j.State.Ended() {
		w.jobEnded(j, d.Applied)
	}
}
