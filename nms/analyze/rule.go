package analyze

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"hawser/mib"
)

// Kinds of actions, and levels of approval.
const (
	KindReaction     = "reaction" // how the controller reacts: a service's policy
	KindHardware     = "hardware" // a setting of a node's hardware
	ApprovalNone     = "none"
	ApprovalOperator = "operator"
)

// Rule says when something is set, where and to what.
type Rule struct {
	Name     string        `mapstructure:"name" json:"name"`
	When     string        `mapstructure:"when" json:"when"` // CEL, bool
	Action   Action        `mapstructure:"action" json:"action"`
	Cooldown time.Duration `mapstructure:"cooldown" json:"cooldown"` // per cluster, from one SET to the next
	Approval string        `mapstructure:"approval" json:"approval"` // none or operator
	DryRun   bool          `mapstructure:"dryRun" json:"dryRun"`
	Disabled bool          `mapstructure:"disabled" json:"disabled"`
}

// Action is what a rule sets. Service, Node and the values are CEL expressions.
type Action struct {
	Kind    string       `mapstructure:"kind" json:"kind"`
	Service string       `mapstructure:"service" json:"service,omitempty"` // reaction: name of the service
	Node    string       `mapstructure:"node" json:"node,omitempty"`       // hardware: name of the node
	Scope   uint32       `mapstructure:"scope" json:"scope,omitempty"`     // hardware: 1 system, 2 bios, 3 bmc, 4.. others
	Set     []Assignment `mapstructure:"set" json:"set"`
	Apply   bool         `mapstructure:"apply" json:"apply,omitempty"` // hardware: create the job that applies it
}

// Assignment sets one object (reaction) or one hardware setting to the value of a CEL expression.
type Assignment struct {
	Object  string `mapstructure:"object" json:"object,omitempty"`   // reaction: such as hawserServiceReaction
	Setting string `mapstructure:"setting" json:"setting,omitempty"` // hardware: name as the BMC gives it
	Value   string `mapstructure:"value" json:"value"`
}

var ruleName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// maxSettingName is the longest hawserHwSettingName.
const maxSettingName = 80

// Fault is one thing that is wrong with a rule: where, and what, which ends with what to write instead.
type Fault struct{ Path, Problem string }

// Error is the path and the problem.
func (f *Fault) Error() string { return f.Path + ": " + f.Problem }

// faults collects what is wrong with rules, each with its path.
type faults struct {
	path string
	errs []error
}

func (f *faults) add(field, format string, args ...any) {
	f.errs = append(f.errs, &Fault{Path: f.path + "." + field, Problem: fmt.Sprintf(format, args...)})
}

// checkShape finds what is wrong with a rule apart from its expressions.
func (f *faults) checkShape(r Rule) {
	if !ruleName.MatchString(r.Name) {
		f.add("name", "%q: use 1 to 64 letters, digits, dots, dashes", r.Name)
	}
	if r.Cooldown < 0 {
		f.add("cooldown", "%s is negative: use 0 or more, such as 10m", r.Cooldown)
	}
	if !slices.Contains([]string{"", ApprovalNone, ApprovalOperator}, r.Approval) {
		f.add("approval", "%q: use none or operator", r.Approval)
	}
	if len(r.Action.Set) == 0 {
		f.add("action.set", "is empty: name at least one object and value")
	}
	switch r.Action.Kind {
	case KindReaction:
		f.checkReaction(r.Action)
	case KindHardware:
		f.checkHardware(r.Action)
	default:
		f.add("action.kind", "%q: use reaction or hardware", r.Action.Kind)
	}
}

func (f *faults) checkReaction(a Action) {
	if a.Service == "" {
		f.add("action.service", "is missing: give the service's name, such as event.componentName")
	}
	if a.Node != "" || a.Scope != 0 || a.Apply {
		f.add("action", "node, scope and apply belong to kind hardware: remove them")
	}
	for i, set := range a.Set {
		if set.Setting != "" {
			f.add(fmt.Sprintf("action.set[%d].setting", i), "belongs to kind hardware: use object")
		}
		if _, ok := policyObject(set.Object); !ok {
			f.add(fmt.Sprintf("action.set[%d].object", i), "%q cannot be set by a rule: use one of %s", set.Object, strings.Join(PolicyObjects(), ", "))
		}
	}
}

func (f *faults) checkHardware(a Action) {
	if a.Node == "" {
		f.add("action.node", "is missing: give the node's name, such as event.nodeName")
	}
	if a.Scope == 0 || a.Scope > 65535 {
		f.add("action.scope", "%d: use 1 (system), 2 (bios), 3 (bmc) or the number of another resource", a.Scope)
	}
	if a.Service != "" {
		f.add("action.service", "belongs to kind reaction: remove it")
	}
	for i, set := range a.Set {
		if set.Object != "" {
			f.add(fmt.Sprintf("action.set[%d].object", i), "belongs to kind reaction: use setting")
		}
		if set.Setting == "" || len(set.Setting) > maxSettingName {
			f.add(fmt.Sprintf("action.set[%d].setting", i), "%q: use 1 to %d octets", set.Setting, maxSettingName)
		}
	}
}

// PolicyObjects are the objects that a rule of kind reaction may set: the writable columns of a service.
func PolicyObjects() []string {
	var names []string
	for _, o := range mib.Objects {
		if _, ok := policyObject(o.Name); ok {
			names = append(names, o.Name)
		}
	}
	return names
}

func policyObject(name string) (mib.Object, bool) {
	o, known := mib.ByName(name)
	table, _ := mib.ByName("hawserServiceTable")
	under := len(o.OID) > len(table.OID) && slices.Equal(o.OID[:len(table.OID)], table.OID)
	return o, known && under && o.Kind == mib.Column && o.Access.Writable()
}

// checkValue tests the text of a value against the object: a label of its enumeration, or a number within its bounds.
func checkValue(o mib.Object, text string) error {
	if len(o.Enum) > 0 {
		if _, ok := o.Number(text); ok {
			return nil
		}
		var labels []string
		for _, v := range o.Enum {
			labels = append(labels, v.Name)
		}
		return fmt.Errorf("%q is no value of %s: use one of %s", text, o.Name, strings.Join(labels, ", "))
	}
	if o.Base == mib.OctetString {
		return o.Check(o.Base, 0, len(text))
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is no number, as %s is", text, o.Name)
	}
	return o.Check(o.Base, n, 0)
}
