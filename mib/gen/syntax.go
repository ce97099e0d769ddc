package main

import (
	"fmt"
	"strconv"
)

// syntax reads a type with its bounds or labels.
func (p *parser) syntax() (syntax, error) {
	s := syntax{name: p.next().text}
	switch s.name {
	case "SEQUENCE":
		err := p.expect("OF")
		s.rowOf = p.next().text
		return s, err
	case "OCTET":
		s.name = "OCTET STRING"
		if err := p.expect("STRING"); err != nil {
			return s, err
		}
	case "OBJECT":
		s.name = "OBJECT IDENTIFIER"
		if err := p.expect("IDENTIFIER"); err != nil {
			return s, err
		}
	}
	var err error
	switch {
	case p.accept("{"):
		s.enum, err = p.labels()
	case p.accept("("):
		s.ranges, s.size, err = p.bounds()
	}
	return s, err
}

// labels reads the rest of { a(1), b(2) }.
func (p *parser) labels() ([]enumValue, error) {
	var enum []enumValue
	for {
		name := p.next().text
		if err := p.expect("("); err != nil {
			return nil, err
		}
		n, err := p.number()
		if err != nil {
			return nil, err
		}
		enum = append(enum, enumValue{name, n})
		if err := p.expect(")"); err != nil {
			return nil, err
		}
		if !p.accept(",") {
			return enum, p.expect("}")
		}
	}
}

// bounds reads the rest of (1..4 | 8) or (SIZE (1..4 | 8)).
func (p *parser) bounds() (ranges [][2]int64, size bool, err error) {
	if size = p.accept("SIZE"); size {
		if err := p.expect("("); err != nil {
			return nil, size, err
		}
	}
	for {
		low, err := p.number()
		if err != nil {
			return nil, size, err
		}
		high := low
		if p.accept("..") {
			if high, err = p.number(); err != nil {
				return nil, size, err
			}
		}
		ranges = append(ranges, [2]int64{low, high})
		if !p.accept("|") {
			break
		}
	}
	if size {
		if err := p.expect(")"); err != nil {
			return nil, size, err
		}
	}
	return ranges, size, p.expect(")")
}

func (p *parser) number() (int64, error) {
	t := p.next()
	n, err := strconv.ParseInt(t.text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q where a number is wanted", t.text)
	}
	return n, nil
}
