package probe

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// statusRange is one entry of an http probe's expected status: a code or a range of codes, both ends included.
type statusRange struct{ low, high int }

const statusRemedy = "write a status as 200 or a range as 200-299"

// statusHook reads an entry of status: a number, or a text with a range.
func statusHook(_, to reflect.Type, value any) (any, error) {
	if to != reflect.TypeFor[statusRange]() {
		return value, nil
	}
	var text string
	switch v := value.(type) {
	case statusRange:
		return v, nil
	case int:
		text = strconv.Itoa(v)
	case string:
		text = v
	default:
		return nil, &remedyError{problem: fmt.Sprintf("%v is not a status", value), remedy: statusRemedy}
	}
	low, high, isRange := strings.Cut(text, "-")
	if !isRange {
		high = low
	}
	from, err1 := strconv.Atoi(low)
	till, err2 := strconv.Atoi(high)
	if err1 != nil || err2 != nil || from < 100 || till > 599 || from > till {
		return nil, &remedyError{problem: fmt.Sprintf("%q is not a status from 100 to 599", text), remedy: statusRemedy}
	}
	return statusRange{from, till}, nil
}

// expected reports whether a status is in one of the ranges.
func expected(ranges []statusRange, code int) bool {
	for _, r := range ranges {
		if r.low <= code && code <= r.high {
			return true
		}
	}
	return false
}
