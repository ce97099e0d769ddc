package main

import (
	"encoding"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"gopkg.in/yaml.v3"

	"hawser/plugin"
)

// defaultsHook fills an entry of a list with its defaults before the file's values go into it.
func defaultsHook(entries []any) mapstructure.DecodeHookFuncValue {
	return func(from, to reflect.Value) (any, error) {
		for _, entry := range entries {
			if value := reflect.ValueOf(entry); to.CanSet() && to.Type() == value.Type() && to.IsZero() {
				to.Set(value)
			}
		}
		return from.Interface(), nil
	}
}

// remedied is how a hook says what to write instead.
type remedied struct{ problem, remedy string }

func (r *remedied) Error() string { return r.problem + "; " + r.remedy }

// durationHook refuses a number without unit, which would silently mean nanoseconds.
func durationHook(_, to reflect.Type, value any) (any, error) {
	if to != reflect.TypeFor[time.Duration]() {
		return value, nil
	}
	const remedy = "write a duration with its unit, as in 500ms or 2s"
	text, ok := value.(string)
	if !ok {
		return nil, &remedied{fmt.Sprintf("%v has no unit", value), remedy}
	}
	d, err := time.ParseDuration(text)
	if err != nil || text == "0" {
		return nil, &remedied{fmt.Sprintf("%q is not a duration", text), remedy}
	}
	return d, nil
}

// enumHook reads enumerations by name, never by number.
func enumHook(_, to reflect.Type, value any) (any, error) {
	target := reflect.New(to)
	enum, ok := target.Interface().(encoding.TextUnmarshaler)
	if !ok {
		return value, nil
	}
	text, ok := value.(string)
	if !ok {
		return nil, &remedied{fmt.Sprintf("%v is not a name", value), "write the name: " + choices(to)}
	}
	if err := enum.UnmarshalText([]byte(text)); err != nil {
		return nil, &remedied{fmt.Sprintf("%q is not known", text), "use one of " + choices(to)}
	}
	return target.Elem().Interface(), nil
}

// choices are the names of an enumeration, which its String knows for 1, 2 and so on.
func choices(t reflect.Type) string {
	var names []string
	for i := int64(1); t.Kind() == reflect.Int; i++ {
		value := reflect.New(t).Elem()
		value.SetInt(i)
		name, ok := value.Interface().(fmt.Stringer)
		if !ok || strings.HasPrefix(name.String(), "invalid") {
			break
		}
		names = append(names, name.String())
	}
	return strings.Join(names, ", ")
}

// flatten takes joined and wrapped errors apart down to those that name a key.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // each layer is looked at on its own
		var out []error
		for _, inner := range joined.Unwrap() {
			out = append(out, flatten(inner)...)
		}
		return out
	}
	var deeper interface{ Unwrap() []error }
	if errors.As(err, &deeper) {
		return flatten(errors.Unwrap(err))
	}
	return []error{err}
}

// invalidKeys is how mapstructure begins its list of keys that are not known; it has no type of its own.
const invalidKeys = "has invalid keys: "

// decodeFaults says in the words of the file what the decoder found.
func decodeFaults(err error, root reflect.Type, spell map[string]string) plugin.Faults {
	var named *mapstructure.DecodeError
	if !errors.As(err, &named) {
		return plugin.Faults{{Path: "file", Problem: err.Error(), Remedy: "compare it with fixtures/configs/reference.yaml"}}
	}
	inner, name := named.Unwrap(), named.Name()
	if name == root.String() { // the decoder's name for the whole
		name = ""
	}
	if list, ok := strings.CutPrefix(inner.Error(), invalidKeys); ok {
		var faults plugin.Faults
		for key := range strings.SplitSeq(list, ", ") {
			faults = append(faults, unknownKey(strings.TrimPrefix(name+"."+key, "."), root, spell))
		}
		return faults
	}
	fault := plugin.Fault{Path: name, Problem: inner.Error(), Remedy: "write a " + wanted(typeAt(root, name))}
	var hooked *remedied
	var wrong *mapstructure.UnconvertibleTypeError
	switch {
	case errors.As(inner, &hooked):
		fault.Problem, fault.Remedy = hooked.problem, hooked.remedy
	case errors.As(inner, &wrong):
		fault.Problem = fmt.Sprintf("%v is a %T", wrong.Value, wrong.Value)
		fault.Remedy = "write a " + wanted(wrong.Expected.Type())
	}
	return plugin.Faults{fault}
}

// wanted names a type as a person writes it.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text, in quotes if it looks like a number"
	case reflect.Bool:
		return "truth value: true or false"
	case reflect.Int, reflect.Int64, reflect.Uint32:
		return "whole number without quotes"
	case reflect.Slice:
		return "list"
	default:
		return "mapping of name to value"
	}
}

// spelling is each path of a YAML file as it is written, by the path in lower case, which is how viper knows it.
func spelling(path string) map[string]string {
	out := map[string]string{}
	data, err := os.ReadFile(path)
	var doc yaml.Node
	if err != nil || yaml.Unmarshal(data, &doc) != nil || len(doc.Content) == 0 {
		return out // the paths stay in lower case
	}
	spellNode(doc.Content[0], "", out)
	return out
}

func spellNode(node *yaml.Node, at string, out map[string]string) {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			path := strings.TrimPrefix(at+"."+node.Content[i].Value, ".")
			out[strings.ToLower(path)] = path
			spellNode(node.Content[i+1], path, out)
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			spellNode(item, fmt.Sprintf("%s[%d]", at, i), out)
		}
	}
}
