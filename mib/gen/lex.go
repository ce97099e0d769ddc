package main

import (
	"fmt"
	"strings"
)

// token is one word, number, quoted text or mark of the module.
type token struct {
	kind tokenKind
	text string // without the quotes of a quoted text
	line int
}

type tokenKind int

const (
	endOfText tokenKind = iota
	word                // a descriptor, type or key word
	number              // decimal, may be negative
	quoted              // "..."
	mark                // ::= .. { } ( ) [ ] , ; |
)

// lexer walks over the text once.
type lexer struct {
	text string
	pos  int
	line int
}

// lex returns the tokens of the text, comments left out, with an endOfText
// token at the end.
func lex(text string) ([]token, error) {
	l := lexer{text: text, line: 1}
	var tokens []token
	for {
		t, err := l.next()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", l.line, err)
		}
		tokens = append(tokens, t)
		if t.kind == endOfText {
			return tokens, nil
		}
	}
}

func (l *lexer) next() (token, error) {
	l.skipBlanks()
	line, rest := l.line, l.text[l.pos:]
	switch {
	case rest == "":
		return token{kind: endOfText, line: line}, nil
	case rest[0] == '"':
		return l.quotedText()
	case isLetter(rest[0]):
		return token{word, l.take(isWordByte), line}, nil
	case isDigit(rest[0]) || rest[0] == '-' && len(rest) > 1 && isDigit(rest[1]):
		sign := rest[:1]
		l.pos++
		return token{number, sign + l.take(isDigit), line}, nil
	}
	for _, m := range []string{"::=", "..", "{", "}", "(", ")", "[", "]", ",", ";", "|"} {
		if strings.HasPrefix(rest, m) {
			l.pos += len(m)
			return token{mark, m, line}, nil
		}
	}
	return token{}, fmt.Errorf("unexpected character %q", rest[0])
}

// skipBlanks moves over white space and comments. A comment ends at the line's
// end or at the next pair of hyphens (RFC 2578 section 3.2).
func (l *lexer) skipBlanks() {
	for l.pos < len(l.text) {
		switch rest := l.text[l.pos:]; {
		case rest[0] == '\n':
			l.line++
			l.pos++
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r':
			l.pos++
		case strings.HasPrefix(rest, "--"):
			comment, _, _ := strings.Cut(rest[2:], "\n")
			if i := strings.Index(comment, "--"); i >= 0 {
				comment = comment[:i+2]
			}
			l.pos += 2 + len(comment)
		default:
			return
		}
	}
}

func (l *lexer) quotedText() (token, error) {
	line := l.line
	text, _, found := strings.Cut(l.text[l.pos+1:], `"`)
	if !found {
		return token{}, fmt.Errorf("quoted text without an end")
	}
	l.pos += len(text) + 2
	l.line += strings.Count(text, "\n")
	return token{quoted, text, line}, nil
}

// take returns the longest run of bytes that satisfy ok.
func (l *lexer) take(ok func(byte) bool) string {
	start := l.pos
	for l.pos < len(l.text) && ok(l.text[l.pos]) {
		l.pos++
	}
	return l.text[start:l.pos]
}

func isLetter(b byte) bool   { return 'a' <= b|0x20 && b|0x20 <= 'z' }
func isDigit(b byte) bool    { return '0' <= b && b <= '9' }
func isWordByte(b byte) bool { return isLetter(b) || isDigit(b) || b == '-' }
