// Command hawser is the whole product in one binary: the daemons (node, manager), the commands of an operator, and the
// demonstration. This package parses, reads the configuration, wires the parts together and exits; it decides nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes (DESIGN.md, section 2).
const (
	exitDone   = 0
	exitFailed = 1
	exitMisuse = 2
)

// misuse is an error in how a command was called.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		sayLast(os.Stderr, "hawser:", err)
	}
	os.Exit(exitCode(err))
}

func exitCode(err error) int {
	var wrong misuse
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &wrong):
		return exitMisuse
	}
	return exitFailed
}

// run is the whole program, for main and for tests.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	a := &app{stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && !a.began { // cobra refused it: an unknown command, flag or argument
		return misuse{fmt.Errorf("%w: see `hawser --help`", err)}
	}
	return err
}
