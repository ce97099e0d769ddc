package analyze

import (
	"context"
	"fmt"
	"time"

	"cel.dev/cel-go/common/types"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

// Facts are what rules judge.
type Facts struct {
	Event     journal.Event
	Condition []journal.Component
	Cluster   *ask.State // nil: not polled yet
	Count     func(eventType, component string, window time.Duration) (int64, error)
}

// Proposal is what a rule wants set.
type Proposal struct {
	Rule     string
	Kind     string // reaction or hardware
	Event    journal.Event
	Service  string // reaction
	Node     string // hardware
	Scope    uint32
	Values   []Value
	Apply    bool
	Approval string
	DryRun   bool
	Cooldown time.Duration
}

// Value is one object or setting and the text of its new value.
type Value struct{ Object, Setting, Text string }

// Target names what the proposal changes: a service, or a node and scope.
func (p Proposal) Target() string {
	if p.Kind == KindReaction {
		return p.Service
	}
	return fmt.Sprintf("%s/%d", p.Node, p.Scope)
}

// Verdict is what one rule made of an event.
type Verdict struct {
	Rule     string
	Matched  bool
	Proposal Proposal
	Err      error // the rule could not be evaluated; it did not match
}

// Evaluate judges the facts by every rule, in order.
func (r *Rules) Evaluate(ctx context.Context, f Facts) []Verdict {
	vars := f.variables()
	verdicts := make([]Verdict, 0, len(r.list))
	for i := range r.list {
		verdicts = append(verdicts, r.list[i].judge(ctx, vars, f))
	}
	return verdicts
}

// Len is the number of rules that are not disabled.
func (r *Rules) Len() int { return len(r.list) }

func (f Facts) variables() map[string]any {
	state := ask.State{}
	if f.Cluster != nil {
		state = *f.Cluster
	}
	components := make([]Component, len(f.Condition))
	for i, c := range f.Condition {
		components[i] = Component{ComponentType: c.ComponentType, ComponentName: c.ComponentName, NodeName: c.NodeName, State: c.State, Detail: c.Detail}
	}
	return map[string]any{"event": toEvent(f.Event), "condition": components, "cluster": state, "history": history{count: f.Count}}
}

func (c *compiled) judge(ctx context.Context, vars map[string]any, f Facts) Verdict {
	v := Verdict{Rule: c.rule.Name}
	matched, err := eval(ctx, c.when, vars)
	if err != nil {
		v.Err = fmt.Errorf("rule %s: when: %w", c.rule.Name, err)
		return v
	}
	if v.Matched = matched == types.True; !v.Matched {
		return v
	}
	v.Proposal, v.Err = c.propose(ctx, vars, f)
	v.Matched = v.Err == nil
	return v
}

func (c *compiled) propose(ctx context.Context, vars map[string]any, f Facts) (Proposal, error) {
	a := c.rule.Action
	p := Proposal{
		Rule: c.rule.Name, Kind: a.Kind, Event: f.Event, Scope: a.Scope, Apply: a.Apply, DryRun: c.rule.DryRun, Cooldown: c.rule.Cooldown, Approval: c.rule.Approval,
	}
	if p.Approval == "" {
		p.Approval = ApprovalNone
	}
	target, err := eval(ctx, c.target, vars)
	if err != nil {
		return p, fmt.Errorf("rule %s: target: %w", p.Rule, err)
	}
	name, _ := target.Value().(string)
	if name == "" {
		return p, fmt.Errorf("rule %s: its target is empty for this event", p.Rule)
	}
	if a.Kind == KindReaction {
		p.Service = name
	} else {
		p.Node = name
	}
	for i, program := range c.values {
		value, err := eval(ctx, program, vars)
		if err != nil {
			return p, fmt.Errorf("rule %s: value of %s%s: %w", p.Rule, a.Set[i].Object, a.Set[i].Setting, err)
		}
		text, err := valueText(value)
		if o, known := policyObject(a.Set[i].Object); err == nil && known {
			err = checkValue(o, text)
		}
		if err != nil {
			return p, fmt.Errorf("rule %s: %w", p.Rule, err)
		}
		p.Values = append(p.Values, Value{Object: a.Set[i].Object, Setting: a.Set[i].Setting, Text: text})
	}
	return p, nil
}
