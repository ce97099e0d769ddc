package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run generates as the arguments say; stderr takes the usage.
func run(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	in := flags.String("text", "HAWSER-MIB.txt", "the `module`'s text")
	out := flags.String("out", "oids_gen.go", "the Go `file` to write")
	pen := flags.Uint("pen", 0, "move the module to this enterprise `number`, in the text too (0: keep it)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	text, err := os.ReadFile(*in)
	if err != nil {
		return fmt.Errorf("read the module: %w", err)
	}
	moved, err := setPEN(text, *pen)
	if err != nil {
		return fmt.Errorf("%s: %w", *in, err)
	}
	source, err := generate(moved)
	if err != nil {
		return fmt.Errorf("%s: %w", *in, err)
	}
	if err := replace(*out, source); err != nil {
		return err
	}
	return replace(*in, moved)
}

// generate returns the Go source for a module's text.
func generate(text []byte) ([]byte, error) {
	m, err := parse(string(text))
	if err != nil {
		return nil, err
	}
	objects, err := resolve(m)
	if err != nil {
		return nil, err
	}
	return emit(m, objects)
}

// enterprise finds the one place of the text that holds the number.
var enterprise = regexp.MustCompile(`(\{ enterprises )\d+( \})`)

// setPEN returns the text under another enterprise number; 0 keeps it.
func setPEN(text []byte, pen uint) ([]byte, error) {
	if n := len(enterprise.FindAll(text, -1)); n != 1 {
		return nil, fmt.Errorf("%d places with { enterprises N }, want one", n)
	}
	if pen == 0 {
		return text, nil
	}
	return enterprise.ReplaceAll(text, fmt.Appendf(nil, "${1}%d${2}", pen)), nil
}

// replace writes the file whole or not at all, and leaves it alone if it has
// this content already.
func replace(path string, content []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	next := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".next")
	if err := os.WriteFile(next, content, 0o644); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}
