package redfish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ScopeBIOS is the scope of BIOS attributes, the only one so far.
const ScopeBIOS = "bios"

// Settings are the BIOS attributes of one machine: what is in force, what
// waits for the next reset, and what the attribute registry allows.
type Settings struct {
	// Settings are sorted by name.
	Settings []Setting `json:"settings"`
	// Registry is the name of the attribute registry, empty where the BMC has
	// none; then nothing can be planned, because nothing can be validated.
	Registry     string   `json:"registry"`
	ApplyTimes   []string `json:"applyTimes"`
	Dependencies int      `json:"dependencies"`
	// Messages are the BMC's words about the last apply.
	Messages []string  `json:"messages"`
	Problems []string  `json:"problems"`
	ReadAt   time.Time `json:"readAt"`

	// pendingUnknown is true when the settings object could not be read.
	pendingUnknown bool

	biosURI    string
	settingURI string
	etag       string // of the settings object
	deps       []dependency
	index      map[string]int
}

// Setting is one attribute.
type Setting struct {
	Scope string `json:"scope"`
	Name  string `json:"name"`
	// Type is Enumeration, String, Integer, Boolean or Password; empty where
	// the registry does not know the attribute.
	Type    string `json:"type"`
	Current Value  `json:"current"`
	// Pending is the value after the next reset; equal to Current where
	// nothing waits, none where it could not be read.
	Pending Value `json:"pending"`
	Default Value `json:"default"`
	// Allowed are the values of an enumeration.
	Allowed    []string `json:"allowed"`
	LowerBound *int64   `json:"lowerBound"`
	UpperBound *int64   `json:"upperBound"`
	Step       *int64   `json:"step"`
	MinLength  *int64   `json:"minLength"`
	MaxLength  *int64   `json:"maxLength"`
	// Pattern is the registry's ValueExpression.
	Pattern  string `json:"pattern"`
	ReadOnly bool   `json:"readOnly"`
	// GrayOut and Hidden say that the attribute has no effect at present.
	GrayOut bool `json:"grayOut"`
	Hidden  bool `json:"hidden"`
	// ResetRequired is false only where the registry says so.
	ResetRequired bool   `json:"resetRequired"`
	DisplayName   string `json:"displayName"`
	HelpText      string `json:"helpText"`
}

// Staged reports whether another value than the current one waits for a reset.
func (s Setting) Staged() bool { return s.Pending.Known() && s.Pending != s.Current }

// AllowedText says in one line what values the attribute takes.
func (s Setting) AllowedText() string {
	var out []string
	switch {
	case len(s.Allowed) > 0:
		return strings.Join(s.Allowed, ", ")
	case s.Type == "Boolean":
		return "true, false"
	case s.Type == "Integer":
		out = append(out, boundsText("", s.LowerBound, s.UpperBound))
		if s.Step != nil && *s.Step > 1 {
			out = append(out, fmt.Sprintf("step %d", *s.Step))
		}
	case s.Type == "String":
		out = append(out, boundsText("length ", s.MinLength, s.MaxLength))
		if s.Pattern != "" {
			out = append(out, "pattern "+s.Pattern)
		}
	}
	return strings.Join(slices.DeleteFunc(out, func(s string) bool { return s == "" }), ", ")
}

func boundsText(what string, lo, hi *int64) string {
	switch {
	case lo != nil && hi != nil:
		return fmt.Sprintf("%s%d..%d", what, *lo, *hi)
	case lo != nil:
		return fmt.Sprintf("%sat least %d", what, *lo)
	case hi != nil:
		return fmt.Sprintf("%sat most %d", what, *hi)
	}
	return ""
}

// Find returns the setting of that scope and name.
func (s *Settings) Find(scope, name string) (Setting, bool) {
	i, ok := s.index[name]
	if !ok || scope != ScopeBIOS {
		return Setting{}, false
	}
	return s.Settings[i], true
}

// biosResource is what we need of a Bios and of its settings object.
type biosResource struct {
	ID                string `json:"@odata.id"`
	Etag              string `json:"@odata.etag"`
	AttributeRegistry string
	Attributes        map[string]Value
	Settings          struct {
		SettingsObject      link
		SupportedApplyTimes []string
		Messages            []message
		Etag                string `json:"ETag"`
	} `json:"@Redfish.Settings"`
}

// Settings reads current and pending BIOS attributes and their registry.
func (b *BMC) Settings(ctx context.Context) (*Settings, error) {
	s, err := b.settings(ctx)
	return s, b.errorf("settings", err)
}

func (b *BMC) settings(ctx context.Context) (*Settings, error) {
	sys, err := b.system(ctx, b.c.bulk)
	if err != nil {
		return nil, err
	}
	if sys.refs.Bios == "" {
		return nil, errors.New("the system has no Bios resource, so its settings cannot be read over Redfish")
	}
	s := &Settings{biosURI: string(sys.refs.Bios), ReadAt: time.Now()}
	current, err := b.readAttributes(ctx, s)
	if err != nil {
		return nil, err
	}
	reg := b.registryFor(ctx, s)
	s.build(current.Attributes, reg)
	return s, nil
}

// refresh reads current and pending values again, keeping the registry.
func (b *BMC) refresh(ctx context.Context, s *Settings) (*Settings, error) {
	n := *s
	n.Settings, n.Messages, n.Problems, n.ReadAt = slices.Clone(s.Settings), nil, nil, time.Now()
	current, pending, err := b.readBoth(ctx, &n)
	if err != nil {
		return nil, err
	}
	for i := range n.Settings {
		st := &n.Settings[i]
		st.Current = current.Attributes[st.Name]
		st.Pending = n.pendingValue(st.Current, pending, st.Name)
	}
	return &n, nil
}

// readAttributes reads both objects and leaves the pending values in s.
func (b *BMC) readAttributes(ctx context.Context, s *Settings) (*biosResource, error) {
	current, pending, err := b.readBoth(ctx, s)
	if err != nil {
		return nil, err
	}
	s.Registry = current.AttributeRegistry
	s.Settings = make([]Setting, 0, len(current.Attributes))
	for name, v := range current.Attributes {
		s.Settings = append(s.Settings, Setting{
			Scope: ScopeBIOS, Name: name, Current: v, Pending: s.pendingValue(v, pending, name), ResetRequired: true,
		})
	}
	slices.SortFunc(s.Settings, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	return current, nil
}

// readBoth reads the Bios and its settings object, neither from a cache: what
// is read here decides what is written.
func (b *BMC) readBoth(ctx context.Context, s *Settings) (current, pending *biosResource, err error) {
	resp, err := b.c.get(ctx, link(s.biosURI), fresh, b.c.bulk)
	if err != nil {
		return nil, nil, err
	}
	if current, err = decode[biosResource](resp.body); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", s.biosURI, err)
	}
	s.pendingUnknown = false
	s.ApplyTimes = current.Settings.SupportedApplyTimes
	s.Messages = messageTexts(current.Settings.Messages)
	s.settingURI = string(current.Settings.SettingsObject)
	if s.settingURI == "" {
		// Without a settings object writes go to the Bios itself.
		s.settingURI, s.etag = s.biosURI, first(resp.etag, current.Etag)
		return current, nil, nil
	}
	resp, err = b.c.get(ctx, link(s.settingURI), fresh, b.c.bulk)
	if err != nil {
		s.pendingUnknown = true
		s.Problems = append(s.Problems, fmt.Sprintf("pending settings %s: %v", s.settingURI, err))
		return current, nil, nil
	}
	if pending, err = decode[biosResource](resp.body); err != nil {
		s.pendingUnknown = true
		s.Problems = append(s.Problems, fmt.Sprintf("pending settings %s: %v", s.settingURI, err))
		return current, nil, nil
	}
	s.etag = first(resp.etag, pending.Etag)
	return current, pending, nil
}

// pendingValue is the value after the next reset. Some BMCs list only what
// will change (Dell), some everything (HPE, Lenovo).
func (s *Settings) pendingValue(current Value, pending *biosResource, name string) Value {
	if s.pendingUnknown {
		return Value{}
	}
	if pending == nil {
		return current
	}
	if v, ok := pending.Attributes[name]; ok && v.Known() {
		return v
	}
	return current
}

// build joins the attributes with what the registry says of them.
func (s *Settings) build(current map[string]Value, reg *registry) {
	s.index = make(map[string]int, len(s.Settings))
	for i := range s.Settings {
		s.index[s.Settings[i].Name] = i
	}
	if reg == nil {
		return
	}
	s.deps, s.Dependencies = reg.deps, len(reg.deps)
	for _, a := range reg.attributes {
		i, ok := s.index[a.AttributeName]
		if !ok {
			continue // known to the registry, not offered by this machine
		}
		a.describe(&s.Settings[i])
	}
}
