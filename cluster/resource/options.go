package resource

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
)

// OptionError is one fault in the options of a kind.
type OptionError struct {
	// Path is the option, relative to the options of the kind, as in "log.file".
	Path string
	// Problem says what is wrong with it.
	Problem string
	// Remedy says what to write instead.
	Remedy string
}

// Error returns path, problem and remedy in one line.
func (e *OptionError) Error() string {
	return e.Path + ": " + e.Problem + "; " + e.Remedy
}

// faults collects option errors so that one run names them all.
type faults []error

func (f *faults) add(path, remedy, problem string, args ...any) {
	*f = append(*f, &OptionError{Path: path, Problem: fmt.Sprintf(problem, args...), Remedy: remedy})
}

func (f *faults) err() error { return errors.Join(*f...) }

// decode fills out, a pointer to an options struct, strictly: no unknown names, no conversion between types, and no
// duration without its unit.
func decode(options map[string]any, out any) error {
	var meta mapstructure.Metadata
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result: out, Metadata: &meta,
		DecodeHook: durationHook,
	})
	if err != nil {
		panic("resource: options struct cannot be decoded: " + err.Error())
	}
	var found faults
	for _, one := range flatten(decoder.Decode(options)) {
		found = append(found, asOptionError(one, reflect.TypeOf(out)))
	}
	slices.Sort(meta.Unused)
	for _, name := range meta.Unused {
		found.add(name, "known here are "+strings.Join(known(parentOf(reflect.TypeOf(out), name)), ", "), "unknown option")
	}
	return found.err()
}

// flatten takes joined and wrapped errors apart down to those that name an option.
func flatten(err error) []error {
	var named *mapstructure.DecodeError
	switch e := err.(type) { //nolint:errorlint // each layer is looked at on its own
	case nil:
		return nil
	case *mapstructure.DecodeError:
		return []error{e}
	case interface{ Unwrap() []error }:
		var out []error
		for _, inner := range e.Unwrap() {
			out = append(out, flatten(inner)...)
		}
		return out
	}
	if errors.As(err, &named) {
		return flatten(errors.Unwrap(err))
	}
	return []error{err}
}

func asOptionError(err error, options reflect.Type) error {
	var named *mapstructure.DecodeError
	if !errors.As(err, &named) {
		return &OptionError{Path: "options", Problem: err.Error(), Remedy: "write the options as a mapping of name to value"}
	}
	path := named.Name()
	if path == "" {
		path = "options"
	}
	var wrong *mapstructure.UnconvertibleTypeError
	if errors.As(err, &wrong) {
		return &OptionError{
			Path: path, Problem: fmt.Sprintf("%v is a %T", wrong.Value, wrong.Value),
			Remedy: "write a " + wanted(wrong.Expected.Type()),
		}
	}
	var hooked *remedyError
	if errors.As(err, &hooked) {
		return &OptionError{Path: path, Problem: hooked.problem, Remedy: hooked.remedy}
	}
	return &OptionError{Path: path, Problem: named.Unwrap().Error(), Remedy: "write a " + wanted(typeAt(options, path))}
}

// wanted names a type as a person writes it.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text, in quotes if it looks like a number"
	case reflect.Bool:
		return "truth value: true or false"
	case reflect.Int, reflect.Int64:
		return "whole number without quotes"
	case reflect.Slice:
		return "list"
	default:
		return "mapping of name to value"
	}
}

// typeAt follows a path such as "log.file" or "headers[1].name" to its type; the type reached is returned if it ends early.
func typeAt(t reflect.Type, path string) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for part := range strings.SplitSeq(path, ".") {
		name, index, _ := strings.Cut(part, "[")
		if t.Kind() != reflect.Struct {
			return t
		}
		for field := range t.Fields() {
			if strings.EqualFold(field.Tag.Get("mapstructure"), name) {
				t = field.Type
				break
			}
		}
		if index != "" && t.Kind() == reflect.Slice {
			t = t.Elem()
		}
	}
	return t
}

// parentOf is the struct that an unknown option stands in.
func parentOf(t reflect.Type, path string) reflect.Type {
	if at := strings.LastIndexByte(path, '.'); at > 0 {
		return typeAt(t, path[:at])
	}
	return typeAt(t, "")
}

// known lists the option names of a struct, in its order.
func known(t reflect.Type) []string {
	if t.Kind() != reflect.Struct {
		return nil
	}
	names := make([]string, 0, t.NumField())
	for field := range t.Fields() {
		names = append(names, field.Tag.Get("mapstructure"))
	}
	return names
}

// remedyError is how a decode hook says what to write instead.
type remedyError struct{ problem, remedy string }

func (e *remedyError) Error() string { return e.problem + "; " + e.remedy }

// durationHook reads durations and refuses a bare number, which would silently mean nanoseconds.
func durationHook(_, to reflect.Type, value any) (any, error) {
	if to != reflect.TypeFor[time.Duration]() {
		return value, nil
	}
	const remedy = "write a duration with its unit, as in 500ms or 2s"
	switch v := value.(type) {
	case time.Duration:
		return v, nil
	case string:
		d, err := time.ParseDuration(v)
		if err != nil || v == "0" {
			return nil, &remedyError{problem: fmt.Sprintf("%q is not a duration", v), remedy: remedy}
		}
		return d, nil
	default:
		return nil, &remedyError{problem: fmt.Sprintf("%v has no unit", value), remedy: remedy}
	}
}
