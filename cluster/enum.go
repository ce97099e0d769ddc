package cluster

import (
	"fmt"
	"slices"
)

// names is the table behind each enumeration: the text of value i stands at i-1, because SMIv2 enumerations start at 1.
type names []string

func (n names) text(v int) string {
	if v < 1 || v > len(n) {
		return fmt.Sprintf("invalid(%d)", v)
	}
	return n[v-1]
}

func (n names) marshal(v int) ([]byte, error) {
	if v == 0 {
		return nil, nil // the zero value of an optional field
	}
	if v < 0 || v > len(n) {
		return nil, fmt.Errorf("value %d is none of %v", v, []string(n))
	}
	return []byte(n[v-1]), nil
}

func (n names) parse(text []byte) (int, error) {
	if len(text) == 0 {
		return 0, nil
	}
	if i := slices.Index(n, string(text)); i >= 0 {
		return i + 1, nil
	}
	return 0, fmt.Errorf("%q is none of %v", text, []string(n))
}
