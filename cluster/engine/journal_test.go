package engine_test

import (
	"fmt"
	"strings"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

func (w *world) say(format string, args ...any) {
	w.journal = append(w.journal, fmt.Sprintf(format, args...))
}

// record writes down what an entry did, in the words of the stories. Decisions that the ledger refused are told too.
func (w *world) record(before *cluster.State, decisions []cluster.Decision, result ledger.Result) {
	after, events := w.ledger.State(), result.Events
	for _, d := range decisions {
		switch {
		case d.Event != nil || d.Change != nil || d.Undo != nil:
			events = w.tell(events)
		default:
			w.decision(before, after, d)
		}
	}
	if len(events) > 0 {
		w.t.Errorf("events that nobody asked for: %+v", events)
	}
}

// tell writes down the story of one event and what it did to its alarm, and gives the rest back.
func (w *world) tell(events []cluster.Event) []cluster.Event {
	for i, e := range events {
		switch {
		case e.Type == cluster.EventAlarmRaised:
			key := w.ledger.State().Alarms[e.AlarmIndex].Key
			if _, again := w.raised[e.AlarmIndex]; again {
				w.t.Errorf("alarm %d was raised twice", e.AlarmIndex)
			}
			w.raised[e.AlarmIndex] = key
			w.say("alarm %s raised", key)
		case e.Type == cluster.EventAlarmCleared:
			if w.cleared[e.AlarmIndex] || w.raised[e.AlarmIndex] == "" {
				w.t.Errorf("alarm %d was cleared twice, or never raised", e.AlarmIndex)
			}
			w.cleared[e.AlarmIndex] = true
			w.say("alarm %s cleared", w.raised[e.AlarmIndex])
		case i > 0:
			return events[i:]
		default:
			w.say("event %s", eventLine(e))
		}
	}
	return nil
}

func eventLine(e cluster.Event) string {
	line := fmt.Sprintf("%s %s %s", e.Type, e.ComponentType, e.ComponentName)
	if e.ComponentType == cluster.ComponentService || e.ComponentType == cluster.ComponentStack {
		line += " on " + e.NodeName
	}
	line += fmt.Sprintf(", %s %s", e.Reaction, e.Result)
	if e.Duration != 0 {
		line += fmt.Sprintf(" after %s", e.Duration)
	}
	if e.Setter != "" {
		line += " by " + e.Setter
	}
	if e.Error != "" {
		line += ": " + e.Error
	}
	return line
}

func (w *world) decision(before, after *cluster.State, d cluster.Decision) {
	switch {
	case d.Join != nil:
		w.took(after.Nodes[d.Join.Node].Boot == d.Join.Boot && after.Nodes[d.Join.Node].Incarnation == d.Join.Incarnation, "join %s boot %s", d.Join.Node, d.Join.Boot)
	case d.NodeIs != nil:
		w.say("%s is %s", d.NodeIs.Node, d.NodeIs.State)
	case d.Intent != nil:
		w.took(after.Fences[d.Intent.Node].ID == d.Intent.ID, "intent against %s: %s", d.Intent.Node, d.Intent.Reason)
	case d.Fenced != nil && !d.Fenced.Powered:
		w.took(!before.Fences[d.Fenced.Node].Done && after.Fences[d.Fenced.Node].Done && before.Fences[d.Fenced.Node].ID == d.Fenced.ID,
			"fence of %s is %s", d.Fenced.Node, map[bool]string{true: "off", false: "not confirmed"}[d.Fenced.Off])
	case d.Assign != nil:
		h := after.Services[d.Assign.Service].Holder
		w.took(h.Node == d.Assign.Node && h.Epoch > before.Epoch, "assign %s to %s epoch %d", d.Assign.Service, d.Assign.Node, uint32(h.Epoch))
	case d.Withdraw != nil:
		h := before.Services[d.Withdraw.Service].Holder
		w.took(h.Epoch == d.Withdraw.Epoch, "withdraw %s from %s", d.Withdraw.Service, h.Node)
	case d.Released != nil:
		w.took(before.Services[d.Released.Service].Holder.Epoch == d.Released.Epoch && after.Services[d.Released.Service].Holder.Epoch != d.Released.Epoch,
			"released %s from %s by proof %s", d.Released.Service, d.Released.Node, d.Released.Proof)
	case d.Move != nil:
		w.say("%s", moveLine(*d.Move))
	case d.Restart != nil:
		w.say("restart %s on %s", d.Restart.Service, d.Restart.Node)
	case d.Service != nil && d.Service.Quarantine:
		w.say("quarantine %s", d.Service.Service)
	case d.Reserve != nil:
		w.took(after.Nodes[d.Reserve.Node].ReservedBy == d.Reserve.By, "reserve %s for %q", d.Reserve.Node, d.Reserve.By)
	}
}

func (w *world) took(ok bool, format string, args ...any) {
	if !ok {
		format = "refused: " + format
	}
	w.say(format, args...)
}

func moveLine(m cluster.Move) string {
	parts := []string{m.Stack}
	switch {
	case m.Blocked != "":
		parts = append(parts, "is blocked:", m.Blocked)
	case m.Phase == cluster.PhaseReleasing:
		parts = append(parts, "leaves", m.Primary, "for", m.Target)
	case m.Phase == cluster.PhaseStarting:
		parts = append(parts, "starts on", m.Primary)
	default:
		parts = append(parts, "is up on", m.Primary)
	}
	return strings.Join(parts, " ")
}

// conflicts is the property that holds for the decisions of one step: applied together, none contradicts another.
func (w *world) conflicts(entry []cluster.Decision) {
	w.t.Helper()
	seen := map[string]bool{}
	once := func(format string, args ...any) {
		key := fmt.Sprintf(format, args...)
		if seen[key] {
			w.t.Errorf("one step decides twice: %s", key)
		}
		seen[key] = true
	}
	for _, d := range entry {
		switch {
		case d.Assign != nil:
			once("lease of %s", d.Assign.Service)
		case d.Withdraw != nil:
			once("lease of %s", d.Withdraw.Service)
		case d.Released != nil:
			once("lease of %s", d.Released.Service)
		case d.Move != nil:
			once("place of %s", d.Move.Stack)
		case d.Join != nil:
			once("membership of %s", d.Join.Node)
		case d.Intent != nil:
			once("membership of %s", d.Intent.Node)
		case d.NodeIs != nil:
			once("state of %s", d.NodeIs.Node)
		case d.Observe != nil:
			once("observation of %s on %s", d.Observe.Service, d.Observe.Node)
		case d.Restart != nil:
			once("restart of %s on %s", d.Restart.Service, d.Restart.Node)
		case d.Event != nil:
			once("event %s %s %s %s", d.Event.Type, d.Event.ComponentName, d.Event.NodeName, d.Event.AlarmKey)
		}
	}
}
