package analyze

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func calm() Rule {
	return Rule{
		Name: "calm-flapping",
		When: `event.type == "serviceFailed" && history.count("serviceFailed", event.componentName, duration("10m")) >= 3
			&& cluster.quorate && condition.exists(c, c.componentType == "node" && c.state == "online")`,
		Action: Action{Kind: KindReaction, Service: "event.componentName", Set: []Assignment{
			{Object: "hawserServiceReaction", Value: `"failover"`},
			{Object: "hawserServiceFailureThreshold", Value: "cluster.service(event.componentName).failureThreshold + 2"},
		}},
		Cooldown: 10 * time.Minute,
	}
}

func power() Rule {
	return Rule{Name: "cool-down", When: `event.duration > duration("1s") && event.seq > 3`, Action: Action{
		Kind: KindHardware, Node: "cluster.node(event.nodeName).name", Scope: 2, Apply: true, Set: []Assignment{{Setting: "PowerProfile", Value: `"Balanced"`}},
	}, DryRun: true, Approval: ApprovalOperator}
}

func facts(count int64) Facts {
	return Facts{
		Event: journal.Event{
			Identity: journal.Identity{ClusterID: "c1", Generation: 1, Seq: 9}, Type: "serviceFailed", Severity: "major",
			ComponentType: "service", ComponentName: "web", NodeName: "db1", Duration: 2 * time.Second, Time: noon,
		},
		Condition: []journal.Component{{ComponentType: "node", ComponentName: "db1", State: "online"}},
		Cluster: &ask.State{
			Scalars: ask.Scalars{ClusterID: "c1", Quorate: true}, Nodes: []ask.Node{{Name: "db1"}},
			Services: []ask.Service{{Name: "web", FailureThreshold: 3}},
		},
		Count: func(eventType, component string, window time.Duration) (int64, error) {
			if eventType != "serviceFailed" || component != "web" || window != 10*time.Minute {
				return 0, errors.New("asked for something else")
			}
			return count, nil
		},
	}
}

func mustCompile(t *testing.T, rules ...Rule) *Rules {
	t.Helper()
	compiled, err := Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func TestRulesMatchAndPropose(t *testing.T) {
	rules := mustCompile(t, calm(), power())
	verdicts := rules.Evaluate(t.Context(), facts(3))
	for _, v := range verdicts {
		if v.Err != nil || !v.Matched {
			t.Fatalf("rule %s: matched %v, error %v", v.Rule, v.Matched, v.Err)
		}
	}
	reaction, hardware := verdicts[0].Proposal, verdicts[1].Proposal
	want := []Value{{Object: "hawserServiceReaction", Text: "failover"}, {Object: "hawserServiceFailureThreshold", Text: "5"}}
	if !slices.Equal(reaction.Values, want) || reaction.Target() != "web" || reaction.Approval != ApprovalNone || reaction.Cooldown != 10*time.Minute {
		t.Errorf("reaction: got %+v", reaction)
	}
	if hardware.Target() != "db1/2" || !hardware.Apply || !hardware.DryRun || hardware.Approval != ApprovalOperator || hardware.Values[0] != (Value{Setting: "PowerProfile", Text: "Balanced"}) {
		t.Errorf("hardware: got %+v", hardware)
	}
	if v := rules.Evaluate(t.Context(), facts(2))[0]; v.Matched || v.Err != nil {
		t.Errorf("two failures: matched %v, error %v, want no match", v.Matched, v.Err)
	}
}

func TestRulesThatCannotBeEvaluated(t *testing.T) {
	f := facts(3)
	f.Cluster = nil
	f.Condition = nil
	rule := calm()
	rule.When = "true"
	v := mustCompile(t, rule).Evaluate(t.Context(), f)[0]
	if v.Matched || v.Err == nil || !strings.Contains(v.Err.Error(), `no service "web"`) {
		t.Errorf("unknown service: matched %v, error %v", v.Matched, v.Err)
	}
	rule.Action.Set[1].Value = "-3 - event.seq"
	if v := mustCompile(t, rule).Evaluate(t.Context(), facts(3))[0]; v.Matched || v.Err == nil {
		t.Errorf("out of range: matched %v, error %v, want an error", v.Matched, v.Err)
	}
	dear := calm()
	dear.When = `[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, event.seq + a + b + c + d + e > 0)))))`
	if v := mustCompile(t, dear).Evaluate(t.Context(), facts(3))[0]; v.Err == nil || !strings.Contains(v.Err.Error(), "cost limit") {
		t.Errorf("dear rule: error %v, want the cost limit", v.Err)
	}
}

func TestFaultsAreNamedAtLoad(t *testing.T) {
	change := func(f func(*Rule)) Rule {
		r := calm()
		f(&r)
		return r
	}
	for _, test := range []struct {
		name string
		rule Rule
		want string
	}{
		{"unknown field", change(func(r *Rule) { r.When = `event.kind == "x"` }), `undefined field 'kind'`},
		{"unknown variable", change(func(r *Rule) { r.When = `evnt.type == "x"` }), `undeclared reference to 'evnt'`},
		{"unknown function", change(func(r *Rule) { r.When = `history.sum("a") > 1` }), `sum`},
		{"not a bool", change(func(r *Rule) { r.When = `event.type` }), "wanted is bool"},
		{"syntax", change(func(r *Rule) { r.When = `event.type ==` }), "Syntax error"},
		{"missing when", change(func(r *Rule) { r.When = "" }), "when: is missing"},
		{"unknown object", change(func(r *Rule) { r.Action.Set[0].Object = "hawserServiceReact" }), `"hawserServiceReact" cannot be set`},
		{"read-only object", change(func(r *Rule) { r.Action.Set[0].Object = "hawserServiceState" }), "cannot be set by a rule: use one of hawserServiceAdminState"},
		{"wrong label", change(func(r *Rule) { r.Action.Set[0].Value = `"explode"` }), `use one of ignore, notify, restart, failover, fence`},
		{"out of range", change(func(r *Rule) { r.Action.Set[1].Value = `-1` }), "hawserServiceFailureThreshold"},
		{"wrong type", change(func(r *Rule) { r.Action.Set[1].Value = `"five"` }), "wanted is int"},
		{"unknown kind", change(func(r *Rule) { r.Action.Kind = "reboot" }), "use reaction or hardware"},
		{"no service", change(func(r *Rule) { r.Action.Service = "" }), "action.service: is missing"},
		{"approval", change(func(r *Rule) { r.Approval = "boss" }), "use none or operator"},
		{"name", change(func(r *Rule) { r.Name = "with space" }), "rules[0] (with space).name"},
		{"cooldown", change(func(r *Rule) { r.Cooldown = -1 }), "negative"},
		{"scope", func() Rule { r := power(); r.Action.Scope = 0; return r }(), "action.scope"},
		{"setting", func() Rule { r := power(); r.Action.Set[0].Setting = ""; return r }(), "action.set[0].setting"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Compile([]Rule{test.rule}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want it to name %q", err, test.want)
			}
		})
	}
	_, err := Compile([]Rule{calm(), change(func(r *Rule) { r.When = "1"; r.Action.Set[0].Value = `"x"` })})
	for _, want := range []string{"there twice", "when: 1 is of type int", "action.set[0].value"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("all faults at once: got %v, want it to name %q", err, want)
		}
	}
}
