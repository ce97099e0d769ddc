package main

import (
	"fmt"
	"strconv"
)

// module is what the text defines, in its order.
type module struct {
	name        string
	types       map[string]syntax // textual conventions
	definitions []definition
}

// definition is one named node of the tree with the clauses of its macro.
type definition struct {
	name    string
	macro   string // OBJECT-TYPE, ...; OBJECT IDENTIFIER for a plain value
	line    int
	parent  string
	arc     uint32
	syntax  syntax
	access  string
	units   string
	index   []string
	implied bool
	objects []string // of a notification or a group
}

// syntax is the type of an object or textual convention.
type syntax struct {
	name   string // the type's name; OCTET STRING and OBJECT IDENTIFIER in two words
	rowOf  string // of SEQUENCE OF: the row's type
	ranges [][2]int64
	size   bool // the ranges bound the length
	enum   []enumValue
}

type enumValue struct {
	name   string
	number int64
}

type parser struct {
	tokens []token
	pos    int
}

func parse(text string) (*module, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	m, err := p.module()
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", p.peek().line, err)
	}
	return m, nil
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != endOfText {
		p.pos++
	}
	return t
}

// accept moves over the next token if it has this text.
func (p *parser) accept(text string) bool {
	if t := p.peek(); t.kind != quoted && t.text == text {
		p.pos++
		return true
	}
	return false
}

// expect moves over the tokens with these texts.
func (p *parser) expect(texts ...string) error {
	for _, text := range texts {
		if !p.accept(text) {
			return fmt.Errorf("%q where %q is wanted", p.peek().text, text)
		}
	}
	return nil
}

// skipTo moves behind the next token with this text.
func (p *parser) skipTo(text string) error {
	for p.peek().kind != endOfText {
		if p.accept(text) {
			return nil
		}
		p.pos++
	}
	return fmt.Errorf("no %q before the end", text)
}

func (p *parser) module() (*module, error) {
	m := &module{name: p.next().text, types: map[string]syntax{}}
	if err := p.expect("DEFINITIONS", "::=", "BEGIN", "IMPORTS"); err != nil {
		return nil, err
	}
	if err := p.skipTo(";"); err != nil {
		return nil, err
	}
	for !p.accept("END") {
		if err := p.definition(m); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (p *parser) definition(m *module) error {
	name := p.next()
	if name.kind != word {
		return fmt.Errorf("%q where a definition is wanted", name.text)
	}
	if p.accept("::=") {
		return p.typeDefinition(m, name.text)
	}
	d := definition{name: name.text, macro: p.next().text, line: name.line}
	if d.macro == "OBJECT" {
		d.macro = "OBJECT IDENTIFIER"
		if err := p.expect("IDENTIFIER"); err != nil {
			return err
		}
	}
	if err := p.clauses(&d); err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	m.definitions = append(m.definitions, d)
	return nil
}

// typeDefinition reads a textual convention, or moves over a row's SEQUENCE.
func (p *parser) typeDefinition(m *module, name string) error {
	if p.accept("SEQUENCE") {
		return p.skipTo("}")
	}
	if err := p.expect("TEXTUAL-CONVENTION"); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := p.skipTo("SYNTAX"); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s, err := p.syntax()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	m.types[name] = s
	return nil
}

// clauses reads a macro up to and with its value. Clauses that Go needs nothing
// of are moved over; a compliance is nothing but these.
func (p *parser) clauses(d *definition) error {
	for !p.accept("::=") {
		var err error
		t := p.next()
		switch {
		case t.kind == endOfText:
			return fmt.Errorf("no value before the end")
		case t.kind != word || d.macro == "MODULE-COMPLIANCE":
		case t.text == "SYNTAX":
			d.syntax, err = p.syntax()
		case t.text == "MAX-ACCESS":
			d.access = p.next().text
		case t.text == "UNITS":
			d.units = p.next().text
		case t.text == "INDEX":
			d.index, d.implied, err = p.list()
		case t.text == "OBJECTS" || t.text == "NOTIFICATIONS":
			d.objects, _, err = p.list()
		}
		if err != nil {
			return err
		}
	}
	return p.value(d)
}

// value reads { parent arc }.
func (p *parser) value(d *definition) error {
	if err := p.expect("{"); err != nil {
		return err
	}
	d.parent = p.next().text
	arc, err := strconv.ParseUint(p.next().text, 10, 32)
	if err != nil {
		return fmt.Errorf("arc: %w", err)
	}
	d.arc = uint32(arc)
	return p.expect("}")
}

// list reads { a, b, IMPLIED c }.
func (p *parser) list() (names []string, implied bool, err error) {
	if err := p.expect("{"); err != nil {
		return nil, false, err
	}
	for {
		if p.accept("IMPLIED") {
			implied = true
		}
		names = append(names, p.next().text)
		if !p.accept(",") {
			return names, implied, p.expect("}")
		}
	}
}
