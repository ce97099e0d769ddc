package ledger

import (
	"fmt"
	"strconv"

	"hawser/cluster"
)

// rowName is the object with its target, as the write log shows it: hawserServiceReaction.web.
func rowName(op cluster.Op) string {
	name := "hawser" + op.Object
	t := op.Target
	if t.Name != "" {
		name += "." + t.Name
	}
	if t.Key != "" {
		name += fmt.Sprintf(".%d.%s", t.Scope, t.Key)
	}
	if t.Index != 0 {
		name += "." + strconv.FormatUint(uint64(t.Index), 10)
	}
	return name
}

// valueText is the value of an op for people: the name of an enumeration, else the number or text.
func valueText(op cluster.Op) string {
	switch op.Object {
	case "NodeAdminState":
		return cluster.NodeAdmin(op.Int).String()
	case "ServiceAdminState":
		return cluster.ServiceAdmin(op.Int).String()
	case "ServiceReaction":
		return cluster.Reaction(op.Int).String()
	case "StackFailback":
		return cluster.Failback(op.Int).String()
	case "AlarmAcknowledged":
		return map[int64]string{1: "true", 2: "false"}[op.Int]
	case "HwJob":
		text := cluster.HwJobKind(op.Int).String()
		if op.Text != "" {
			text += " " + op.Text
		}
		return text
	}
	if op.Text != "" || textObjects[op.Object] {
		return op.Text
	}
	return strconv.FormatInt(op.Int, 10)
}

// textObjects are the objects whose value is a text, which may be empty.
var textObjects = map[string]bool{"StackPreferredNode": true, "AlarmAckComment": true, "HwSettingDesired": true, "HwJobAbort": true}

// secret says whether the value of an op must not be shown: somebody tried to SET a password.
func secret(s *cluster.State, op cluster.Op) bool {
	if op.Object != "HwSettingDesired" {
		return false
	}
	setting, ok := findSetting(s, op.Target)
	return ok && setting.Type == cluster.SettingPassword
}

func (w *writer) logWrite(c cluster.Change, op cluster.Op, old, result string) {
	value := valueText(op)
	if secret(w.s, op) {
		value = ""
	}
	w.s.LastWrite++
	if w.wrote == 0 {
		w.wrote = w.s.LastWrite
	}
	w.h.writes = append(w.h.writes, cluster.Write{
		Seq: w.s.LastWrite, Change: w.wrote, Time: w.entry.At, By: c.By, Token: c.Token, Object: rowName(op), Old: old,
		New: value, Result: result,
	})
}

// logRefusal writes a row for the op that was refused, or for all if the whole was.
func (w *writer) logRefusal(c cluster.Change, r cluster.Refusal) {
	result := string(r.Code) + ": " + r.Reason
	if len(c.Ops) == 0 && c.Serial != nil {
		w.logWrite(c, cluster.Op{Object: "ConfigSerial", Int: int64(*c.Serial)}, strconv.FormatInt(int64(w.s.Serial), 10), result)
	}
	for i, op := range c.Ops {
		if r.Op >= 0 && i != r.Op {
			continue
		}
		old := ""
		if o, ok := objects[op.Object]; ok && r.Code != cluster.RefusedNoCreation {
			old = o.read(w.s, op)
		}
		w.logWrite(c, op, old, result)
	}
}

func (w *writer) refuse(r cluster.Refuse) {
	w.wrote = 0
	w.logRefusal(r.Change, r.Refusal)
}
