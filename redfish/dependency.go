package redfish

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/stmcginnis/gofish/schemas"
)

// dependency is one rule of a registry: while its conditions hold, a property
// of another attribute has a given value.
type dependency struct {
	conditions []condition
	target     string // attribute
	property   string // ReadOnly, CurrentValue, UpperBound ...
	value      Value
}

// condition compares a property of an attribute.
type condition struct {
	attribute string
	property  string
	op        string // EQU, NEQ, GTR, GEQ, LSS, LEQ
	value     Value
	or        bool // joined to the ones before by OR instead of AND
}

// dependencyEntry mirrors gofish's type with values kept typed.
type dependencyEntry struct {
	schemas.Dependencies
	Dependency struct {
		schemas.Dependency
		MapFrom []struct {
			schemas.MapFrom
			MapFromValue Value
		}
		MapToValue Value
	}
}

func parseDependency(raw json.RawMessage) (dependency, error) {
	e, err := decode[dependencyEntry](raw)
	if err != nil {
		return dependency{}, err
	}
	if e.Type != "" && e.Type != schemas.MapDependencyType {
		return dependency{}, fmt.Errorf("type %q is unknown", e.Type)
	}
	m := e.Dependency
	d := dependency{target: m.MapToAttribute, property: string(m.MapToProperty), value: m.MapToValue}
	if d.target == "" {
		d.target = e.DependencyFor
	}
	if d.target == "" || d.property == "" || len(m.MapFrom) == 0 {
		return dependency{}, fmt.Errorf("for %q is incomplete", e.DependencyFor)
	}
	for _, f := range m.MapFrom {
		d.conditions = append(d.conditions, condition{
			attribute: f.MapFromAttribute, property: string(f.MapFromProperty), op: string(f.MapFromCondition),
			value: f.MapFromValue, or: f.MapTerms != schemas.ANDMapTerms, // absent means OR (Dell, see quirks)
		})
	}
	return d, nil
}

// merged is the set of values as it would be after the change: current,
// overlaid by pending, overlaid by desired, overlaid by what dependencies
// force.
type merged struct {
	values map[string]Value
	attrs  map[string]*Setting
}

// holds evaluates the conditions from left to right. A condition on an
// attribute that this machine does not offer does not hold.
func (d dependency) holds(m *merged) bool {
	result := true
	for i, c := range d.conditions {
		ok := c.holds(m)
		switch {
		case i == 0:
			result = ok
		case c.or:
			result = result || ok
		default:
			result = result && ok
		}
	}
	return result
}

func (c condition) holds(m *merged) bool {
	got, ok := m.property(c.attribute, c.property)
	if !ok {
		return false
	}
	switch c.op {
	case "EQU":
		return sameValue(got, c.value)
	case "NEQ":
		return !sameValue(got, c.value)
	}
	if got.Kind != KindInteger || c.value.Kind != KindInteger {
		return false
	}
	switch c.op {
	case "GTR":
		return got.Int > c.value.Int
	case "GEQ":
		return got.Int >= c.value.Int
	case "LSS":
		return got.Int < c.value.Int
	case "LEQ":
		return got.Int <= c.value.Int
	}
	return false
}

func (m *merged) property(attr, property string) (Value, bool) {
	a, ok := m.attrs[attr]
	if !ok {
		return Value{}, false
	}
	switch strings.ToLower(property) {
	case "currentvalue", "value", "":
		v, ok := m.values[attr]
		return v, ok && v.Known()
	case "defaultvalue":
		return a.Default, a.Default.Known()
	case "readonly":
		return BooleanValue(a.ReadOnly), true
	case "grayout":
		return BooleanValue(a.GrayOut), true
	case "hidden":
		return BooleanValue(a.Hidden), true
	}
	return Value{}, false
}

// sameValue compares typed values; where one side is a string and the other
// is not, their text decides (registries write booleans and numbers both ways).
func sameValue(a, b Value) bool {
	if a.Kind == b.Kind {
		return a == b
	}
	return a.Known() && b.Known() && a.String() == b.String()
}

// forced is a value that a dependency gives to an attribute.
type forced struct {
	value   Value
	because string
}

// because says in words which condition holds.
func (d dependency) because(m *merged) string {
	var out []string
	for _, c := range d.conditions {
		if !c.holds(m) {
			continue
		}
		op := map[string]string{"EQU": "=", "NEQ": "is not", "GTR": ">", "GEQ": ">=", "LSS": "<", "LEQ": "<="}[c.op]
		out = append(out, fmt.Sprintf("%s %s %s", c.attribute, op, c.value))
	}
	return strings.Join(out, " and ")
}

// constraints are the properties of attributes under a merged set.
type constraints struct {
	attrs   map[string]*Setting // with the properties that hold now
	reasons map[string]string   // attribute + property -> which condition made it so
	forced  map[string]forced
}

// constrain applies the dependencies to the properties of all attributes.
func (s *Settings) constrain(m *merged) *constraints {
	c := &constraints{attrs: make(map[string]*Setting, len(s.Settings)), reasons: map[string]string{}, forced: map[string]forced{}}
	for i := range s.Settings {
		copied := s.Settings[i]
		c.attrs[copied.Name] = &copied
	}
	for _, d := range s.deps {
		a, ok := c.attrs[d.target]
		if !ok || !d.holds(m) {
			continue
		}
		why := d.because(m)
		property := strings.ToLower(d.property)
		if property == "currentvalue" || property == "value" {
			if v, ok := a.typed(d.value); ok {
				c.forced[d.target] = forced{value: v, because: why}
			}
			continue
		}
		if a.set(property, d.value) {
			c.reasons[d.target+" "+property] = why
		}
	}
	return c
}

// set gives a property of the attribute a value; it reports whether it did.
func (s *Setting) set(property string, v Value) bool {
	flag := map[string]*bool{"readonly": &s.ReadOnly, "immutable": &s.ReadOnly, "grayout": &s.GrayOut, "hidden": &s.Hidden}[property]
	if flag != nil && v.Kind == KindBoolean {
		*flag = v.Bool
		return true
	}
	bound := map[string]**int64{
		"lowerbound": &s.LowerBound, "upperbound": &s.UpperBound, "scalarincrement": &s.Step,
		"minlength": &s.MinLength, "maxlength": &s.MaxLength,
	}[property]
	if bound != nil && v.Kind == KindInteger {
		*bound = &v.Int
		return true
	}
	return false
}

// typed turns a registry's value into the attribute's type.
func (s *Setting) typed(v Value) (Value, bool) {
	if v.Kind == KindOther || v.Kind == KindNone {
		return Value{}, false
	}
	out, err := s.parse(v.String())
	if err != nil || len(s.Allowed) > 0 && !slices.Contains(s.Allowed, out.Text) {
		return Value{}, false
	}
	return out, true
}
