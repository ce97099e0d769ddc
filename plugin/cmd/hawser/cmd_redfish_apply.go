package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"hawser/redfish"
)

func (b *bmcFlags) applyCommand() *cobra.Command {
	var dryRun, stage bool
	c := &cobra.Command{
		Use: "apply NAME=VALUE...", Short: "Bring settings into force: staged, reset, verified", Args: cobra.MinimumNArgs(1),
		Long: `Bring settings into force. Values are tested against the registry of the BMC first; a machine is reset only when the
cluster keeps it free of active services, and each setting is judged by what is read after the reset.`,
		RunE: func(c *cobra.Command, args []string) error {
			desired, err := assignments(args)
			if err != nil {
				return err
			}
			return b.with(c.Context(), func(bmc *redfish.BMC) error {
				plan, err := bmc.Plan(c.Context(), desired)
				if err != nil {
					return err
				}
				switch {
				case dryRun, plan.Err() != nil:
					return cmpErr(b.print(plan, func(w io.Writer) { showPlan(w, plan) }), plan.Err())
				case stage:
					return b.stage(c.Context(), bmc, plan)
				}
				return b.apply(c.Context(), bmc, plan)
			})
		},
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "print the plan and change nothing")
	c.Flags().BoolVar(&stage, "stage", false, "leave them at the BMC until the next reset, and reset nothing")
	c.Flags().BoolVar(&b.alone, "alone", false, "the machine belongs to no cluster: reset it without asking one")
	c.MarkFlagsMutuallyExclusive("dry-run", "stage")
	return c
}

func cmpErr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

func showPlan(w io.Writer, p *redfish.Plan) {
	row(w, "SETTING", "FROM", "TO", "")
	for _, c := range p.Changes {
		note := ""
		if c.ResetRequired {
			note = "at the next reset"
		}
		row(w, c.Name, c.Current, c.To, note)
	}
	for _, name := range p.InSync {
		row(w, name, "-", "-", "is so already")
	}
	for _, r := range p.Rejections {
		row(w, r.Name, "-", r.Value, "refused: "+r.Reason+"; allowed: "+r.Allowed)
	}
	for _, text := range p.Warnings {
		fmt.Fprintln(w, "warning:", text)
	}
}

func (b *bmcFlags) stage(ctx context.Context, bmc *redfish.BMC, plan *redfish.Plan) error {
	staging, err := bmc.Stage(ctx, plan)
	if err != nil {
		return err
	}
	return b.print(staging, func(w io.Writer) { showResults(w, staging.Results) })
}

func (b *bmcFlags) apply(ctx context.Context, bmc *redfish.BMC, plan *redfish.Plan) error {
	gate, err := b.gate()
	if err != nil {
		return err
	}
	report, err := bmc.Apply(ctx, plan, gate, func(s redfish.Step) {
		if !b.asJSON {
			fmt.Fprintf(b.stderr, "%s %s %s\n", s.At.Local().Format("15:04:05"), s.Name, s.Detail)
		}
	})
	if report != nil {
		err = cmpErr(b.print(report, func(w io.Writer) { showResults(w, report.Results) }), err)
	}
	if err == nil && !report.OK() {
		err = fmt.Errorf("not all settings are in force: %s", report.Summary())
	}
	return err
}

func showResults(w io.Writer, results []redfish.Result) {
	row(w, "SETTING", "STATE", "BEFORE", "DESIRED", "AFTER", "")
	for _, r := range results {
		row(w, r.Name, r.State, r.Before, r.Desired, r.After, r.Message)
	}
}

// powerActs are the words of `redfish power` that change something, with what they do.
var powerActs = []string{"on", "off", "reset", "cycle"}

func (b *bmcFlags) powerCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "power [on|off|reset|cycle]", Short: "Read the power state, or switch it", Args: cobra.MaximumNArgs(1), ValidArgs: powerActs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 && !slices.Contains(powerActs, args[0]) {
				return misuse{fmt.Errorf("%q: use on, off, reset or cycle", args[0])}
			}
			return b.with(c.Context(), func(bmc *redfish.BMC) error {
				if len(args) == 1 {
					if err := b.power(c.Context(), bmc, args[0]); err != nil {
						return err
					}
				}
				return b.showPower(c.Context(), bmc)
			})
		},
	}
	c.Flags().BoolVar(&b.alone, "alone", false, "the machine belongs to no cluster: switch it without asking one")
	return c
}

// power switches; whatever takes the machine down needs the cluster's consent.
func (b *bmcFlags) power(ctx context.Context, bmc *redfish.BMC, act string) error {
	if act == "on" {
		return bmc.On(ctx)
	}
	gate, err := b.gate()
	if err != nil {
		return err
	}
	done, err := gate.Clear(ctx, "power "+act)
	if err != nil {
		return err
	}
	defer done()
	switch act {
	case "off":
		return bmc.Off(ctx)
	case "cycle":
		if err := bmc.Off(ctx); err != nil {
			return err
		}
		return bmc.On(ctx)
	}
	return bmc.Reset(ctx, "ForceRestart")
}

// powerIs is the answer of `redfish power`.
type powerIs struct {
	BMC   string             `json:"bmc"`
	Power redfish.PowerState `json:"power"`
	UUID  string             `json:"uuid"`
}

func (b *bmcFlags) showPower(ctx context.Context, bmc *redfish.BMC) error {
	state, err := bmc.Power(ctx)
	if err != nil {
		return err
	}
	uuid, err := bmc.UUID(ctx)
	if err != nil {
		return err
	}
	is := powerIs{BMC: bmc.Name(), Power: state, UUID: uuid}
	return b.print(is, func(w io.Writer) { fmt.Fprintf(w, "%s is %s (UUID %s)\n", is.BMC, is.Power, is.UUID) })
}
