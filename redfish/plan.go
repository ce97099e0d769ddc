package redfish

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Desired is a value that someone wants an attribute to have, as text: the
// registry says how to read it.
type Desired struct {
	Scope string `json:"scope"` // empty means bios
	Name  string `json:"name"`
	Value string `json:"value"`
}

// DesiredBIOS turns a map of names and values into a sorted list.
func DesiredBIOS(m map[string]any) []Desired {
	var out []Desired
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Desired{Scope: ScopeBIOS, Name: name, Value: fmt.Sprint(m[name])})
	}
	return out
}

// Plan is what has to be done so that the desired values are in force.
type Plan struct {
	// Desired is what was asked for, so that the plan can be made again.
	Desired []Desired `json:"desired"`
	// Changes are the settings to bring about, sorted by name.
	Changes []Change `json:"changes"`
	// Rejections are the desired values that are not possible. A plan that
	// has any is not applied at all.
	Rejections []Rejection `json:"rejections"`
	// InSync are the names that have the desired value already.
	InSync []string `json:"inSync"`
	// Implied are values that the firmware will change along with them.
	Implied []Implied `json:"implied"`
	// Warnings are no reason to refuse.
	Warnings []string `json:"warnings"`
	// ResetNeeded is true when a change takes effect only at a reset.
	ResetNeeded bool      `json:"resetNeeded"`
	MadeAt      time.Time `json:"madeAt"`
}

// Change brings one setting to its desired value.
type Change struct {
	Scope   string `json:"scope"`
	Name    string `json:"name"`
	Current Value  `json:"current"`
	Pending Value  `json:"pending"`
	To      Value  `json:"to"`
	// Staged is true when To is pending already and only the reset is missing.
	Staged        bool `json:"staged"`
	ResetRequired bool `json:"resetRequired"`
}

// Rejection says why a desired value is not possible.
type Rejection struct {
	Scope   string `json:"scope"`
	Name    string `json:"name"`
	Value   string `json:"value"`
	Allowed string `json:"allowed"`
	Reason  string `json:"reason"`
}

// Error renders the rejection as one line.
func (r Rejection) Error() string {
	s := fmt.Sprintf("%s = %q %s", r.Name, clip(r.Value, 120), r.Reason)
	if r.Allowed != "" {
		s += "; allowed: " + clip(r.Allowed, 600)
	}
	return s
}

// Implied is a value that a dependency changes along with a desired one.
type Implied struct {
	Name    string `json:"name"`
	From    Value  `json:"from"`
	To      Value  `json:"to"`
	Because string `json:"because"`
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 }

// Err returns nil, or one error that names all rejections.
func (p *Plan) Err() error {
	if len(p.Rejections) == 0 {
		return nil
	}
	lines := make([]string, len(p.Rejections))
	for i, r := range p.Rejections {
		lines[i] = r.Error()
	}
	return fmt.Errorf("%w: %s", ErrRejected, strings.Join(lines, "; "))
}

// Plan reads the settings and compares the desired values with them.
// Rejected values are in the plan, not an error.
func (b *BMC) Plan(ctx context.Context, desired []Desired) (*Plan, error) {
	s, err := b.settings(ctx)
	if err != nil {
		return nil, b.errorf("plan", err)
	}
	return s.Plan(desired), nil
}

// Plan compares the desired values with s. It is pure: a caller that keeps
// Settings can answer a SET without asking the BMC.
func (s *Settings) Plan(desired []Desired) *Plan {
	p := &Plan{Desired: slices.Clone(desired), MadeAt: time.Now()}
	want := s.read(p, desired)
	m := s.merge(want)
	limits := s.settle(p, m, want)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		s.judge(p, limits, name, want[name])
	}
	slices.SortFunc(p.Rejections, func(a, b Rejection) int { return strings.Compare(a.Name, b.Name) })
	return p
}

// read parses the desired values by type; what cannot be read is rejected.
func (s *Settings) read(p *Plan, desired []Desired) map[string]Value {
	want := make(map[string]Value, len(desired))
	for _, d := range desired {
		if d.Scope == "" {
			d.Scope = ScopeBIOS
		}
		reject := func(reason, allowed string) {
			p.Rejections = append(p.Rejections, Rejection{Scope: d.Scope, Name: d.Name, Value: d.Value, Reason: reason, Allowed: allowed})
		}
		if d.Scope != ScopeBIOS {
			reject("has an unknown scope "+d.Scope, ScopeBIOS)
			continue
		}
		a, ok := s.Find(d.Scope, d.Name)
		if !ok {
			reject(s.unknown(d.Name), "")
			continue
		}
		v, err := a.parse(d.Value)
		if err != nil {
			reject(err.Error(), a.AllowedText())
			continue
		}
		if old, twice := want[d.Name]; twice && old != v {
			reject("contradicts another desired value "+old.String(), a.AllowedText())
			continue
		}
		want[d.Name] = v
	}
	return want
}

// unknown says that an attribute is not there, and what is written like it.
func (s *Settings) unknown(name string) string {
	for _, a := range s.Settings {
		if strings.EqualFold(a.Name, name) {
			return "names no attribute of this machine; write " + a.Name
		}
	}
	return "names no attribute of this machine"
}

// merge lays pending over current and desired over both.
func (s *Settings) merge(want map[string]Value) *merged {
	m := &merged{values: make(map[string]Value, len(s.Settings)), attrs: make(map[string]*Setting, len(s.Settings))}
	for i := range s.Settings {
		a := &s.Settings[i]
		m.attrs[a.Name] = a
		m.values[a.Name] = a.Current
		if a.Pending.Known() {
			m.values[a.Name] = a.Pending
		}
	}
	maps.Copy(m.values, want)
	return m
}

// maxRounds bounds how far one forced value may force another.
const maxRounds = 16

// settle lets the dependencies force values on the merged set until nothing
// changes any more. A desired value that would be forced to another one is
// rejected; what else is forced is implied.
func (s *Settings) settle(p *Plan, m *merged, want map[string]Value) *constraints {
	rejected := map[string]bool{}
	implied := map[string]bool{}
	for range maxRounds {
		limits := s.constrain(m)
		changed := false
		for _, name := range slices.Sorted(maps.Keys(limits.forced)) {
			f := limits.forced[name]
			if sameValue(m.values[name], f.value) {
				continue
			}
			if v, asked := want[name]; asked {
				if !rejected[name] {
					rejected[name] = true
					p.Rejections = append(p.Rejections, Rejection{
						Scope: ScopeBIOS, Name: name, Value: v.String(), Allowed: f.value.String(),
						Reason: fmt.Sprintf("would be set to %s by the firmware while %s", f.value, f.because),
					})
				}
				continue
			}
			if implied[name] {
				continue // two rules pull in different directions: keep the first
			}
			implied[name] = true
			p.Implied = append(p.Implied, Implied{Name: name, From: m.values[name], To: f.value, Because: f.because})
			m.values[name] = f.value
			changed = true
		}
		if !changed {
			for name := range rejected {
				delete(want, name)
			}
			return limits
		}
	}
	p.Warnings = append(p.Warnings, "the registry's dependencies do not settle; the firmware decides")
	return s.constrain(m)
}

// judge decides on one desired value under the constraints of the merged set.
func (s *Settings) judge(p *Plan, limits *constraints, name string, to Value) {
	a, now := s.Settings[s.index[name]], limits.attrs[name]
	if sameValue(a.Current, to) && !a.Staged() {
		p.InSync = append(p.InSync, name)
		return
	}
	reject := func(reason string) {
		p.Rejections = append(p.Rejections, Rejection{
			Scope: ScopeBIOS, Name: name, Value: to.String(), Allowed: now.AllowedText(), Reason: reason,
		})
	}
	if now.ReadOnly {
		reason := "cannot be set: the attribute is read-only"
		if why := limits.reasons[name+" readonly"]; why != "" {
			reason += " while " + why
		}
		reject(reason)
		return
	}
	if err := now.check(to); err != nil {
		reject(err.Error())
		return
	}
	for property, on := range map[string]bool{"grayout": now.GrayOut, "hidden": now.Hidden} {
		if why := limits.reasons[name+" "+property]; on && why != "" {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s has no effect while %s", name, why))
			break
		}
	}
	c := Change{
		Scope: ScopeBIOS, Name: name, Current: a.Current, Pending: a.Pending, To: to,
		Staged: sameValue(a.Pending, to), ResetRequired: a.ResetRequired,
	}
	// A pending value that goes back to the current one needs no reset.
	if sameValue(a.Current, to) {
		c.ResetRequired = false
	}
	p.ResetNeeded = p.ResetNeeded || c.ResetRequired
	p.Changes = append(p.Changes, c)
}
