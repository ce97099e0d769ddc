package ledger

import (
	"fmt"
	"slices"
	"strconv"

	"hawser/cluster"
)

func cloneWrites(w []cluster.Write) []cluster.Write { return slices.Clone(w) }

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
	case "HwJob":
		text := cluster.HwJobKind(op.Int).String()
		if op.Text != "" {
			text += " " + op.Text
		}
		return text
	}
	if op.Text != "" || op.Int == 0 {
		return op.Text
	}
	return strconv.FormatInt(op.Int, 10)
}

func (w *writer) logWrite(c cluster.Change, op cluster.Op, old, result string) {
	w.s.LastWrite++
	w.h.writes = append(w.h.writes, cluster.Write{
		Seq: w.s.LastWrite, Time: w.entry.At, By: c.By, Token: c.Token, Object: rowName(op), Old: old,
		New: valueText(op), Result: result,
	})
}

// logRefusal writes a row for the op that was refused, or for all if the whole was.
func (w *writer) logRefusal(c cluster.Change, r cluster.Refusal) {
	for i, op := range c.Ops {
		if r.Op >= 0 && i != r.Op {
			continue
		}
		old := ""
		if o, ok := objects[op.Object]; ok {
			old = o.read(w.s, op)
		}
		w.logWrite(c, op, old, string(r.Code)+": "+r.Reason)
	}
}

func (w *writer) refuse(r cluster.Refuse) { w.logRefusal(r.Change, r.Refusal) }
