package redfish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/stmcginnis/gofish/schemas"
)

// registry is an attribute registry: what values the attributes take.
type registry struct {
	name       string
	attributes []attribute
	deps       []dependency
	problems   []string
}

// attribute is one entry. gofish's type is not used here: its bounds are
// unsigned (a Dell registry has -1), and its booleans cannot tell absent from
// false, which for ResetRequired is the difference between a reset and none.
type attribute struct {
	AttributeName          string
	Type                   string
	DefaultValue           Value
	DisplayName, HelpText  string
	Value                  []schemas.AttributeValue
	LowerBound, UpperBound *json.Number
	ScalarIncrement        *json.Number
	MinLength, MaxLength   *json.Number
	ValueExpression        string
	ReadOnly, Immutable    bool
	WriteOnly              bool
	GrayOut, Hidden        bool
	ResetRequired          *bool
}

// describe writes what the registry knows of an attribute into s.
func (a *attribute) describe(s *Setting) {
	s.Type, s.Default = a.Type, a.DefaultValue
	s.DisplayName, s.HelpText = clean(a.DisplayName), clean(a.HelpText)
	s.Pattern = a.ValueExpression
	s.ReadOnly = a.ReadOnly || a.Immutable
	s.GrayOut, s.Hidden = a.GrayOut, a.Hidden
	s.ResetRequired = a.ResetRequired == nil || *a.ResetRequired
	for _, v := range a.Value {
		s.Allowed = append(s.Allowed, v.ValueName)
	}
	s.LowerBound, s.UpperBound = integer(a.LowerBound), integer(a.UpperBound)
	s.Step = integer(a.ScalarIncrement)
	s.MinLength, s.MaxLength = integer(a.MinLength), integer(a.MaxLength)
}

func integer(n *json.Number) *int64 {
	if n == nil {
		return nil
	}
	i, ok := wholeNumber(n.String())
	if !ok {
		return nil
	}
	return &i
}

// parseRegistry reads a registry entry by entry: one odd attribute is a
// problem, not the loss of all.
func parseRegistry(raw []byte) (*registry, error) {
	v, err := decode[struct {
		ID              string `json:"Id"`
		RegistryEntries struct {
			Attributes, Dependencies []json.RawMessage
		}
	}](raw)
	if err != nil {
		return nil, err
	}
	r := &registry{name: v.ID}
	for _, raw := range v.RegistryEntries.Attributes {
		a, err := decode[attribute](raw)
		if err != nil || a.AttributeName == "" {
			r.problems = append(r.problems, fmt.Sprintf("registry %s: attribute: %v", v.ID, err))
			continue
		}
		r.attributes = append(r.attributes, *a)
	}
	for _, raw := range v.RegistryEntries.Dependencies {
		d, err := parseDependency(raw)
		if err != nil {
			r.problems = append(r.problems, fmt.Sprintf("registry %s: dependency: %v", v.ID, err))
			continue
		}
		r.deps = append(r.deps, d)
	}
	if len(r.attributes) == 0 {
		return nil, errors.New("holds no attributes")
	}
	return r, nil
}

// registryFor finds and reads the registry of s; its absence is a problem of
// s, because values can still be shown.
func (b *BMC) registryFor(ctx context.Context, s *Settings) *registry {
	if s.Registry == "" {
		if len(s.Settings) > 0 {
			s.Problems = append(s.Problems, "the Bios names no attribute registry: settings can be read, not validated")
		}
		return nil
	}
	reg, err := b.readRegistry(ctx, s.Registry)
	if err != nil {
		s.Problems = append(s.Problems, fmt.Sprintf("attribute registry %s: %v", s.Registry, err))
		return nil
	}
	s.Problems = append(s.Problems, reg.problems...)
	return reg
}

func (b *BMC) readRegistry(ctx context.Context, name string) (*registry, error) {
	at, err := b.findRegistry(ctx, name)
	if err != nil {
		return nil, err
	}
	resp, err := b.c.get(ctx, at, revalidate, b.c.bulk)
	if err != nil {
		return nil, err
	}
	reg, err := parseRegistry(resp.body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	return reg, nil
}

// registryFile is one member of the Registries collection.
type registryFile struct {
	ID       string `json:"Id"`
	Registry string
	Location []schemas.MessageRegistryFileLocation
}

// findRegistry looks the registry up: the member named like it first, then
// all members, comparing names without their version (Dell states another
// version in each place, see quirks).
func (b *BMC) findRegistry(ctx context.Context, name string) (link, error) {
	root, err := b.service(ctx, b.c.bulk)
	if err != nil {
		return "", err
	}
	if root.Registries == "" {
		return "", errors.New("the BMC has no Registries")
	}
	direct := link(trimPath(string(root.Registries)) + "/" + name)
	if resp, err := b.c.get(ctx, direct, revalidate, b.c.bulk); err == nil {
		if f, err := decode[registryFile](resp.body); err == nil && len(f.Location) > 0 {
			return f.location(), nil
		}
	}
	ms, err := b.members(ctx, root.Registries, revalidate)
	if err != nil {
		return "", err
	}
	for _, m := range ms {
		f, err := decode[registryFile](m.raw)
		if m.err != nil || err != nil || len(f.Location) == 0 {
			continue
		}
		for _, n := range []string{f.Registry, f.ID, lastElement(m.path)} {
			if n != "" && stem(n) == stem(name) {
				return f.location(), nil
			}
		}
	}
	return "", errors.New("is not among the BMC's Registries")
}

// location prefers English.
func (f *registryFile) location() link {
	for _, l := range f.Location {
		if strings.HasPrefix(strings.ToLower(l.Language), "en") && l.URI != "" {
			return link(l.URI)
		}
	}
	return link(f.Location[0].URI)
}

// stem is a registry's name without version and case:
// "BiosAttributeRegistry.v1_0_3" and "BiosAttributeRegistry1.0" are one.
func stem(name string) string {
	name = strings.ToLower(name)
	if i := strings.Index(name, ".v"); i >= 0 {
		return name[:i]
	}
	if i := strings.IndexByte(name, '.'); i >= 0 {
		name = name[:i]
		return strings.TrimRight(name, "0123456789")
	}
	return name
}
