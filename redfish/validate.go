package redfish

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parse reads a value text by the registry's type; it does not check bounds.
func (s *Setting) parse(text string) (Value, error) {
	switch s.Type {
	case "Integer":
		i, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return Value{}, errors.New("is not an integer")
		}
		return IntegerValue(i), nil
	case "Boolean":
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "true":
			return BooleanValue(true), nil
		case "false":
			return BooleanValue(false), nil
		}
		return Value{}, errors.New("is neither true nor false")
	case "Enumeration", "String":
		return StringValue(text), nil
	case "Password":
		return Value{}, errors.New("is a password, which is not set this way; use the BMC's own tool")
	case "":
		return Value{}, errors.New("is not described by the attribute registry, so no value can be checked")
	}
	return Value{}, fmt.Errorf("has type %s, which is not managed", s.Type)
}

// check reports why v is no value for the attribute, by the properties in s.
func (s *Setting) check(v Value) error {
	switch s.Type {
	case "Enumeration":
		return s.checkEnumeration(v.Text)
	case "Integer":
		return s.checkInteger(v.Int)
	case "String":
		return s.checkString(v.Text)
	}
	return nil
}

func (s *Setting) checkEnumeration(text string) error {
	if slices.Contains(s.Allowed, text) {
		return nil
	}
	for _, a := range s.Allowed {
		if strings.EqualFold(a, text) {
			return fmt.Errorf("is not among the allowed values; write it as %s", a)
		}
	}
	return errors.New("is not among the allowed values")
}

func (s *Setting) checkInteger(i int64) error {
	if s.LowerBound != nil && i < *s.LowerBound {
		return fmt.Errorf("is below the lower bound %d", *s.LowerBound)
	}
	if s.UpperBound != nil && i > *s.UpperBound {
		return fmt.Errorf("is above the upper bound %d", *s.UpperBound)
	}
	// A step of 0 is what Dell writes where there is none.
	if s.Step != nil && *s.Step > 1 {
		base := int64(0)
		if s.LowerBound != nil {
			base = *s.LowerBound
		}
		if (i-base)%*s.Step != 0 {
			return fmt.Errorf("is not a multiple of step %d from %d", *s.Step, base)
		}
	}
	return nil
}

func (s *Setting) checkString(text string) error {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return errors.New("is not valid UTF-8 text")
	}
	n := int64(utf8.RuneCountInString(text))
	if s.MinLength != nil && n < *s.MinLength {
		return fmt.Errorf("has %d characters, fewer than %d", n, *s.MinLength)
	}
	// A maximum of 0 with a positive minimum, or of 0 at all, states no limit.
	if s.MaxLength != nil && *s.MaxLength > 0 && n > *s.MaxLength {
		return fmt.Errorf("has %d characters, more than %d", n, *s.MaxLength)
	}
	if s.Pattern == "" {
		return nil
	}
	re, err := regexp.Compile(s.Pattern)
	if err != nil {
		return nil // the registry uses a syntax that Go has not: the BMC decides
	}
	if !re.MatchString(text) {
		return errors.New("does not match the pattern")
	}
	return nil
}
