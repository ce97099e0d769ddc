package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"hawser/nms"
	"hawser/nms/journal"
)

// fleet reads the manager's journal, also while the manager runs.
type fleet struct {
	*app
	config, cluster string
	limit           int
}

func fleetCommand(a *app) *cobra.Command {
	f := &fleet{app: a}
	c := &cobra.Command{Use: "fleet", Short: "What the manager knows of all clusters, from its journal"}
	c.PersistentFlags().StringVar(&f.config, "config", defaultManagerConfig, "configuration of the manager")
	c.PersistentFlags().StringVar(&f.cluster, "cluster", "", "only the cluster of this id")
	c.PersistentFlags().IntVar(&f.limit, "limit", 50, "at most so many, the newest")
	c.AddCommand(f.events(), f.conditions(), f.incidents(), f.reconfig(), f.audit(), f.passwd(), f.setAside())
	return c
}

// read opens the journal for one command.
func (f *fleet) read(do func(*journal.Reader) error) error {
	cfg, _, err := managerConfig(f.config)
	if err != nil {
		return fmt.Errorf("%w; name the manager's configuration with --config", err)
	}
	r, err := nms.OpenJournal(cfg.DataDir)
	if err != nil {
		return err
	}
	if err := do(r); err != nil {
		_ = r.Close() // the first error counts
		return err
	}
	return r.Close()
}

func (f *fleet) events() *cobra.Command {
	filter := journal.EventFilter{}
	c := &cobra.Command{
		Use: "events", Short: "Events of all clusters, in the order in which they came", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			filter.ClusterID, filter.Limit = f.cluster, f.limit
			return f.read(func(r *journal.Reader) error {
				events, err := r.Events(c.Context(), filter)
				if err != nil {
					return err
				}
				return f.print(events, func(w io.Writer) { showJournal(w, events) })
			})
		},
	}
	c.Flags().StringVar(&filter.Component, "component", "", "only of this component")
	c.Flags().StringVar(&filter.Type, "type", "", "only of this type")
	c.Flags().StringVar(&filter.Severity, "severity", "", "only of this severity")
	return c
}

func showJournal(w io.Writer, events []journal.Event) {
	row(w, "CLUSTER", "EVENT", "TIME", "SEVERITY", "TYPE", "COMPONENT", "NODE", "VIA", "CONDITION", "SUMMARY")
	for _, e := range events {
		row(w, e.ClusterName, e.Seq, clock(e.Time), e.Severity, e.Type, e.ComponentType+" "+e.ComponentName,
			cmp.Or(e.NodeName, "-"), e.Via, e.ConditionState, e.Summary)
	}
}

func (f *fleet) conditions() *cobra.Command {
	return &cobra.Command{
		Use: "conditions ID", Short: "The state of every component at an event; ID as `fleet events --json` shows it", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || id < 1 {
				return misuse{fmt.Errorf("%q is no number of an event", args[0])}
			}
			return f.read(func(r *journal.Reader) error { return f.showConditions(c.Context(), r, id) })
		},
	}
}

func (f *fleet) showConditions(ctx context.Context, r *journal.Reader, id int64) error {
	events, err := r.Events(ctx, journal.EventFilter{AfterID: id - 1, Limit: 1, Oldest: true})
	if err != nil {
		return err
	}
	if len(events) == 0 || events[0].ID != id {
		return fmt.Errorf("the journal holds no event %d: `hawser fleet events --json` shows those it holds", id)
	}
	found, err := r.Conditions(ctx, events[0].Identity)
	if err != nil {
		return err
	}
	return f.print(found, func(w io.Writer) {
		row(w, "COMPONENT", "NAME", "NODE", "STATE", "DETAIL")
		for _, c := range found {
			row(w, c.ComponentType, c.ComponentName, cmp.Or(c.NodeName, "-"), c.State, c.Detail)
		}
	})
}

func (f *fleet) incidents() *cobra.Command {
	var open bool
	c := &cobra.Command{
		Use: "incidents", Short: "Troubles, each with its root and what followed from it", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return f.read(func(r *journal.Reader) error {
				found, err := r.Incidents(c.Context(), journal.IncidentFilter{ClusterID: f.cluster, OpenOnly: open, Limit: f.limit})
				if err != nil {
					return err
				}
				return f.print(found, func(w io.Writer) {
					row(w, "INCIDENT", "STATE", "SEVERITY", "OPENED", "EVENTS", "TITLE")
					for _, i := range found {
						row(w, i.ID, i.State, i.Severity, clock(i.Opened), i.Events, i.Title)
					}
				})
			})
		},
	}
	c.Flags().BoolVar(&open, "open", false, "only those that are open")
	return c
}

func (f *fleet) audit() *cobra.Command {
	return &cobra.Command{
		Use: "audit", Short: "Who did what, checked against its chain of hashes", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return f.read(func(r *journal.Reader) error {
				if err := r.VerifyAudit(c.Context()); err != nil {
					return err
				}
				found, err := r.Audit(c.Context(), f.limit)
				if err != nil {
					return err
				}
				return f.print(found, func(w io.Writer) {
					row(w, "N", "TIME", "ACTOR", "ACTION", "SUBJECT", "DETAIL")
					for _, l := range found {
						row(w, l.N, clock(l.At), l.Actor, l.Action, l.Subject, l.Detail)
					}
				})
			})
		},
	}
}
