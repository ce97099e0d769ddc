package analyze

import (
	"fmt"
	"reflect"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

const (
	costLimit      = 100_000 // of one evaluation, in CEL's units: some milliseconds
	interruptEvery = 100     // iterations of a comprehension between two looks at the context
)

// Event is what rules see of an event.
type Event struct {
	Type          string        `json:"type"`
	Severity      string        `json:"severity"`
	ComponentType string        `json:"componentType"`
	ComponentName string        `json:"componentName"`
	NodeName      string        `json:"nodeName"`
	Error         string        `json:"error"`
	Reaction      string        `json:"reaction"`
	Result        string        `json:"result"`
	Duration      time.Duration `json:"duration"`
	Time          time.Time     `json:"time"`
	Origin        string        `json:"origin"`
	Setter        string        `json:"setter"`
	Summary       string        `json:"summary"`
	AlarmIndex    int64         `json:"alarmIndex"`
	Seq           int64         `json:"seq"`
	Generation    int64         `json:"generation"`
	ClusterID     string        `json:"clusterId"`
	ClusterName   string        `json:"clusterName"`
}

// Component is what rules see of one line of a condition.
type Component struct {
	ComponentType string `json:"componentType"`
	ComponentName string `json:"componentName"`
	NodeName      string `json:"nodeName"`
	State         string `json:"state"`
	Detail        string `json:"detail"`
}

func toEvent(e journal.Event) Event {
	return Event{
		Type: e.Type, Severity: e.Severity, ComponentType: e.ComponentType, ComponentName: e.ComponentName, NodeName: e.NodeName, Error: e.Error,
		Reaction: e.Reaction, Result: e.Result, Duration: e.Duration, Time: e.Time, Origin: e.Origin, Setter: e.Setter, Summary: e.Summary,
		AlarmIndex: int64(e.AlarmIndex), Seq: int64(e.Seq), Generation: int64(e.Generation), ClusterID: e.ClusterID, ClusterName: e.ClusterName,
	}
}

// history is the value of the variable of that name: an opaque thing with one function.
type history struct {
	count func(eventType, component string, window time.Duration) (int64, error)
}

var historyType = types.NewOpaqueType("hawser.history")

// ConvertToNative is not offered: nothing but count can be done with a history.
func (h history) ConvertToNative(reflect.Type) (any, error) {
	return nil, fmt.Errorf("a history has no value of its own: use history.count(...)")
}

// ConvertToType is not offered either.
func (h history) ConvertToType(ref.Type) ref.Val {
	return types.NewErr("a history has no value of its own: use history.count(...)")
}

// Equal is false: no two histories are compared.
func (h history) Equal(ref.Val) ref.Val { return types.False }

// Type is the opaque type that the checker knows.
func (h history) Type() ref.Type { return historyType }

// Value is the history itself.
func (h history) Value() any { return h }

var _ ref.Val = history{}

// newEnv declares what rules may use.
func newEnv() (*cel.Env, error) {
	adapter := &lateAdapter{}
	env, err := cel.NewEnv(
		ext.NativeTypes(ext.ParseStructTag("json"), reflect.TypeFor[Event](), reflect.TypeFor[Component](), reflect.TypeFor[ask.State](),
			reflect.TypeFor[ask.Node](), reflect.TypeFor[ask.Stack](), reflect.TypeFor[ask.Service](), reflect.TypeFor[ask.ServiceInstance](), reflect.TypeFor[ask.Hardware](), reflect.TypeFor[ask.Alarm]()),
		cel.CrossTypeNumericComparisons(true),
		ext.Strings(),
		cel.Variable("event", cel.ObjectType("analyze.Event")),
		cel.Variable("condition", cel.ListType(cel.ObjectType("analyze.Component"))),
		cel.Variable("cluster", cel.ObjectType("ask.State")),
		cel.Variable("history", historyType),
		cel.Function("count",
			cel.MemberOverload("history_count_component", []*cel.Type{historyType, cel.StringType, cel.StringType, cel.DurationType}, cel.IntType, cel.FunctionBinding(countComponent)),
			cel.MemberOverload("history_count", []*cel.Type{historyType, cel.StringType, cel.DurationType}, cel.IntType, cel.FunctionBinding(countType))),
		cel.Function("service", cel.MemberOverload("cluster_service", []*cel.Type{cel.ObjectType("ask.State"), cel.StringType}, cel.ObjectType("ask.Service"), cel.BinaryBinding(adapter.service))),
		cel.Function("node", cel.MemberOverload("cluster_node", []*cel.Type{cel.ObjectType("ask.State"), cel.StringType}, cel.ObjectType("ask.Node"), cel.BinaryBinding(adapter.node))),
	)
	if err != nil {
		return nil, fmt.Errorf("the language of rules: %w", err)
	}
	adapter.to = env.CELTypeAdapter()
	return env, nil
}

func countComponent(args ...ref.Val) ref.Val {
	return count(args[0], string(args[1].(types.String)), string(args[2].(types.String)), args[3].(types.Duration).Duration)
}

func countType(args ...ref.Val) ref.Val {
	return count(args[0], string(args[1].(types.String)), "", args[2].(types.Duration).Duration)
}

func count(of ref.Val, eventType, component string, window time.Duration) ref.Val {
	h, ok := of.(history)
	if !ok || h.count == nil {
		return types.NewErr("no history here")
	}
	n, err := h.count(eventType, component, window)
	if err != nil {
		return types.WrapErr(err)
	}
	return types.Int(n)
}

// lateAdapter turns our structs into CEL's values; the environment that can do so exists only after its functions.
type lateAdapter struct{ to types.Adapter }

func (a *lateAdapter) service(state, name ref.Val) ref.Val {
	s, text, failed := stateAndName(state, name)
	if failed != nil {
		return failed
	}
	service, found := s.Service(text)
	if !found {
		return types.NewErr("cluster %s has no service %q", s.ClusterName, text)
	}
	return a.to.NativeToValue(service)
}

func (a *lateAdapter) node(state, name ref.Val) ref.Val {
	s, text, failed := stateAndName(state, name)
	if failed != nil {
		return failed
	}
	node, found := s.Node(text)
	if !found {
		return types.NewErr("cluster %s has no node %q", s.ClusterName, text)
	}
	return a.to.NativeToValue(node)
}

func stateAndName(state, name ref.Val) (*ask.State, string, ref.Val) {
	text, ok := name.(types.String)
	if !ok {
		return nil, "", types.MaybeNoSuchOverloadErr(name)
	}
	switch s := state.Value().(type) {
	case ask.State:
		return &s, string(text), nil
	case *ask.State:
		return s, string(text), nil
	}
	return nil, "", types.MaybeNoSuchOverloadErr(state)
}
