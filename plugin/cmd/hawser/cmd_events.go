package main

import (
	"cmp"
	"errors"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"hawser/cluster"
)

func eventsCommand(a *app) *cobra.Command {
	var k asker
	var after uint32
	var limit int
	c := &cobra.Command{
		Use: "events", Short: "What happened, oldest first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := k.client()
			if err != nil {
				return err
			}
			var events []cluster.Event
			if c.Flags().Changed("after") {
				events, err = client.Events(c.Context(), cluster.Seq(after), limit)
			} else {
				events, err = client.Newest(c.Context(), limit)
			}
			if err != nil {
				return err
			}
			return a.print(events, func(w io.Writer) { showEvents(w, events) })
		},
	}
	k.flags(c)
	c.Flags().Uint32Var(&after, "after", 0, "only events after this sequence number; without it the newest")
	c.Flags().IntVar(&limit, "limit", 50, "at most so many")
	return c
}

func showEvents(w io.Writer, events []cluster.Event) {
	row(w, "EVENT", "TIME", "SEVERITY", "TYPE", "COMPONENT", "NODE", "REACTION", "RESULT", "SUMMARY")
	for _, e := range events {
		row(w, e.Seq, clock(e.Time), e.Severity, e.Type, e.ComponentType.String()+" "+e.ComponentName,
			cmp.Or(e.NodeName, "-"), e.Reaction, e.Result, e.Summary)
	}
}

func conditionsCommand(a *app) *cobra.Command {
	var k asker
	c := &cobra.Command{
		Use: "conditions EVENT", Short: "The state of every component at the moment of an event", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			seq, err := strconv.ParseUint(args[0], 10, 32)
			if err != nil || seq == 0 {
				return misuse{errors.New("EVENT is the number of an event, as `hawser events` shows it")}
			}
			client, err := k.client()
			if err != nil {
				return err
			}
			found, err := client.Conditions(c.Context(), cluster.Seq(seq))
			if err != nil {
				return err
			}
			return a.print(found, func(w io.Writer) {
				row(w, "COMPONENT", "NAME", "NODE", "STATE", "DETAIL")
				for _, f := range found {
					row(w, f.Type, f.Name, cmp.Or(f.Node, "-"), f.State, f.Detail)
				}
			})
		},
	}
	k.flags(c)
	return c
}
