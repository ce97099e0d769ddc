package main

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"

	"hawser/plugin"
)

// keyDelimiter is one that no key holds, so that a key with a point stays one key.
const keyDelimiter = "::"

// readConfig reads a YAML file into out, a pointer to a struct that holds the defaults already. entries are the defaults
// of entries of lists, by their type. The faults are what could not be read as it stands; the error says that there was
// nothing to read.
func readConfig(path string, out any, entries ...any) (plugin.Faults, error) {
	v := viper.NewWithOptions(viper.KeyDelimiter(keyDelimiter))
	v.SetConfigFile(path)
	v.SetConfigType("yaml")
	if err := v.ReadInConfig(); err != nil {
		return nil, fmt.Errorf("read the configuration %s: %w", path, err)
	}
	err := v.UnmarshalExact(out, func(c *mapstructure.DecoderConfig) {
		c.WeaklyTypedInput = false
		c.DecodeHook = mapstructure.ComposeDecodeHookFunc(defaultsHook(entries), durationHook, enumHook)
	})
	root, spell := reflect.TypeOf(out).Elem(), spelling(path)
	var faults plugin.Faults
	for _, one := range flatten(err) {
		faults = append(faults, decodeFaults(one, root, spell)...)
	}
	return faults, nil
}

// unknownKey names the nearest key that there is.
func unknownKey(path string, root reflect.Type, spell map[string]string) plugin.Fault {
	parent, name := split(path)
	known := keys(typeAt(root, parent))
	remedy := "known here are " + strings.Join(known, ", ")
	if near := nearest(name, known); near != "" {
		remedy = fmt.Sprintf("did you mean %s? %s", near, remedy)
	}
	if written, ok := spell[strings.ToLower(path)]; ok {
		path = written
	}
	return plugin.Fault{Path: path, Problem: "unknown key", Remedy: remedy}
}

func split(path string) (parent, name string) {
	at := strings.LastIndexByte(path, '.')
	return path[:max(at, 0)], path[at+1:]
}

// keys are the names of a struct's keys, in its order.
func keys(t reflect.Type) []string {
	if t.Kind() != reflect.Struct {
		return nil
	}
	names := make([]string, 0, t.NumField())
	for field := range t.Fields() {
		if tag := field.Tag.Get("mapstructure"); tag != "" && tag != "-" {
			names = append(names, tag)
		}
	}
	return names
}

// typeAt follows a path such as "nodes[0].bmc" to its type; the type reached is returned if it ends early.
func typeAt(t reflect.Type, path string) reflect.Type {
	if path == "" {
		return t
	}
	for part := range strings.SplitSeq(path, ".") {
		name, _, indexed := strings.Cut(part, "[")
		if t.Kind() != reflect.Struct {
			return t
		}
		for field := range t.Fields() {
			if strings.EqualFold(field.Tag.Get("mapstructure"), name) {
				t = field.Type
				break
			}
		}
		if indexed && t.Kind() == reflect.Slice {
			t = t.Elem()
		}
	}
	return t
}

// nearest is the known name with the fewest differences, if these are few.
func nearest(name string, known []string) string {
	best, least := "", 1+max(2, len(name)/3)
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts insertions, deletions and replacements (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
