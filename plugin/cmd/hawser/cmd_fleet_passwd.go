package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"hawser/nms/web"
)

// passwd prints the line of web.usersFile for one person; the password comes from standard input, never from a flag.
func (f *fleet) passwd() *cobra.Command {
	var role string
	c := &cobra.Command{
		Use: "passwd NAME", Short: "Print the line of web.usersFile for a person; the password is read from standard input", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			line, err := bufio.NewReader(c.InOrStdin()).ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				return fmt.Errorf("read the password from standard input: %w", err)
			}
			text, err := web.UserLine(args[0], role, strings.TrimRight(line, "\r\n"))
			if err != nil {
				return misuse{err}
			}
			_, err = fmt.Fprintln(f.stdout, text)
			return err
		},
	}
	c.Flags().StringVar(&role, "role", web.RoleViewer, "viewer sees, operator approves and rejects and throws the off switch too")
	return c
}
