package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"hawser/nms"
	"hawser/nms/journal"
)

// verdictOn is what a person says to a reconfiguration, or to all.
type verdictOn struct {
	approve, reject int64
	reason          string
	off, on         bool
}

func (v verdictOn) given() bool { return v.approve != 0 || v.reject != 0 || v.off || v.on }

func (f *fleet) reconfig() *cobra.Command {
	var filter journal.ReconfigurationFilter
	var v verdictOn
	c := &cobra.Command{
		Use: "reconfig", Short: "What the manager's rules have set, and what waits for approval", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if v.given() {
				return f.decide(c.Context(), v)
			}
			filter.ClusterID, filter.Limit = f.cluster, f.limit
			return f.read(func(r *journal.Reader) error {
				found, err := r.Reconfigurations(c.Context(), filter)
				if err != nil {
					return err
				}
				return f.print(found, func(w io.Writer) { showReconfigurations(w, found) })
			})
		},
	}
	c.Flags().StringVar(&filter.Rule, "rule", "", "only of this rule")
	c.Flags().StringVar(&filter.State, "state", "", "only in this state")
	c.Flags().Int64Var(&v.approve, "approve", 0, "let the reconfiguration of this number go on")
	c.Flags().Int64Var(&v.reject, "reject", 0, "end the reconfiguration of this number")
	c.Flags().StringVar(&v.reason, "reason", "", "why it is rejected")
	c.Flags().BoolVar(&v.off, "off", false, "switch all reconfiguration off, for good")
	c.Flags().BoolVar(&v.on, "on", false, "switch reconfiguration on again")
	c.MarkFlagsMutuallyExclusive("approve", "reject", "off", "on")
	return c
}

func showReconfigurations(w io.Writer, found []journal.Reconfiguration) {
	row(w, "N", "STATE", "RULE", "KIND", "TARGET", "SET", "USER", "PROPOSED", "WHY")
	for _, r := range found {
		var values []string
		for _, v := range r.Values {
			values = append(values, fmt.Sprintf("%s %s -> %s", v.Object, v.Old, v.New))
		}
		row(w, r.ID, r.State, r.Rule, r.Kind, r.Target, strings.Join(values, ", "), cmp.Or(r.User, "-"), clock(r.Proposed), r.Reason)
	}
}

// decide carries a person's verdict into the journal, from where the manager takes it up.
func (f *fleet) decide(ctx context.Context, v verdictOn) error {
	cfg, _, err := managerConfig(f.config)
	if err != nil {
		return err
	}
	who, err := user.Current()
	if err != nil {
		return fmt.Errorf("who decides: %w", err)
	}
	switch {
	case v.approve != 0:
		return nms.Approve(ctx, cfg.DataDir, v.approve, who.Username)
	case v.reject != 0 && v.reason == "":
		return misuse{errors.New("say why, with --reason")}
	case v.reject != 0:
		return nms.Reject(ctx, cfg.DataDir, v.reject, who.Username, v.reason)
	}
	return nms.SetOff(ctx, cfg.DataDir, v.off, who.Username)
}
