package analyze

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"hawser/mib"
)

// Rules are checked rules, ready to be evaluated by many goroutines.
type Rules struct{ list []compiled }

// compiled is one rule with its programs.
type compiled struct {
	rule   Rule
	when   cel.Program
	target cel.Program
	values []cel.Program
}

// Compile checks all rules and names every fault with its path.
func Compile(rules []Rule) (*Rules, error) {
	env, err := newEnv()
	if err != nil {
		return nil, err
	}
	out := &Rules{}
	var errs []error // all of type *Fault
	seen := map[string]bool{}
	for i, r := range rules {
		f := &faults{path: fmt.Sprintf("rules[%d]", i)}
		if r.Name != "" {
			f.path = fmt.Sprintf("rules[%d] (%s)", i, r.Name)
		}
		if seen[r.Name] {
			f.add("name", "%q is there twice: rename one", r.Name)
		}
		seen[r.Name] = true
		f.checkShape(r)
		c := f.compile(env, r)
		errs = append(errs, f.errs...)
		if !r.Disabled {
			out.list = append(out.list, c)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

// compile checks the expressions of a rule.
func (f *faults) compile(env *cel.Env, r Rule) compiled {
	c := compiled{rule: r, when: f.expression(env, "when", r.When, cel.BoolType)}
	switch r.Action.Kind {
	case KindReaction:
		c.target = f.expression(env, "action.service", r.Action.Service, cel.StringType)
	case KindHardware:
		c.target = f.expression(env, "action.node", r.Action.Node, cel.StringType)
	}
	for i, set := range r.Action.Set {
		field := fmt.Sprintf("action.set[%d].value", i)
		wanted := []*cel.Type{cel.StringType, cel.IntType, cel.BoolType}
		o, known := policyObject(set.Object)
		if known {
			wanted = []*cel.Type{cel.IntType}
			if len(o.Enum) > 0 || o.Base == mib.OctetString {
				wanted = []*cel.Type{cel.StringType}
			}
		}
		program := f.expression(env, field, set.Value, wanted...)
		c.values = append(c.values, program)
		if program != nil && known {
			f.checkConstant(field, program, o)
		}
	}
	return c
}

// expression compiles one expression and checks its type.
func (f *faults) expression(env *cel.Env, field, text string, wanted ...*cel.Type) cel.Program {
	if text == "" {
		if field == "when" || len(wanted) > 0 && field != "action.service" && field != "action.node" {
			f.add(field, "is missing: give a CEL expression")
		}
		return nil
	}
	ast, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		f.add(field, "%s", err)
		return nil
	}
	fits := false
	for _, t := range wanted {
		fits = fits || ast.OutputType().IsExactType(t)
	}
	if !fits {
		f.add(field, "%s is of type %s, wanted is %s", text, ast.OutputType(), typeNames(wanted))
		return nil
	}
	program, err := env.Program(ast, cel.CostLimit(costLimit), cel.InterruptCheckFrequency(interruptEvery), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		f.add(field, "%s", err)
		return nil
	}
	return program
}

// checkConstant evaluates an expression without any event: if that gives a value it is a constant, and a wrong one is
// found now instead of at night.
func (f *faults) checkConstant(field string, program cel.Program, o mib.Object) {
	value, _, err := program.Eval(map[string]any{})
	if err != nil {
		return
	}
	text, err := valueText(value)
	if err == nil {
		err = checkValue(o, text)
	}
	if err != nil {
		f.add(field, "%s", err)
	}
}

func typeNames(list []*cel.Type) string {
	var text strings.Builder
	for i, t := range list {
		if i > 0 {
			text.WriteString(" or ")
		}
		text.WriteString(t.String())
	}
	return text.String()
}

// valueText is the text of a value that an expression gave.
func valueText(v ref.Val) (string, error) {
	switch v := v.(type) {
	case types.String:
		return string(v), nil
	case types.Int:
		return strconv.FormatInt(int64(v), 10), nil
	case types.Bool:
		if v {
			return "true", nil
		}
		return "false", nil
	}
	return "", fmt.Errorf("a value of type %s cannot be set", v.Type())
}

// eval runs a program with a deadline of its own through ctx.
func eval(ctx context.Context, program cel.Program, vars map[string]any) (ref.Val, error) {
	value, _, err := program.ContextEval(ctx, vars)
	return value, err
}
