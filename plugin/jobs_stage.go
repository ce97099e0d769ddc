package plugin

import (
	"context"
	"time"

	"hawser/cluster"
	"hawser/redfish"
)

// trial is a wish that could not be staged because the BMC did not answer. It is tried again after the next collection.
type trial struct {
	wished   time.Time
	answered uint64 // collections that had gone well
}

// newWishes are the desired settings of this node that wait to be staged. A setting that was as desired and drifted is not
// among them: somebody changed it at the machine, which is reported, and an apply job puts it right.
func (w *hardwareWorker) newWishes(s *cluster.State) []cluster.Desired {
	var out []cluster.Desired
	for key, d := range s.Desired {
		fresh := d.State == cluster.SettingDrifted && d.Message == "" // the ledger says of a drift what the value is
		t, tried := w.tried[key]
		if d.Node == w.node && fresh && (!tried || !t.wished.Equal(d.Time) || t.answered < w.answered.Load()) {
			out = append(out, d)
		}
	}
	return out
}

// wishes are all desired settings of this node.
func (w *hardwareWorker) wishes() []cluster.Desired {
	var out []cluster.Desired
	for _, d := range w.source.Snapshot().State.Desired {
		if d.Node == w.node && d.Value != "" {
			out = append(out, d)
		}
	}
	return out
}

// stage writes wishes to the BMC's settings object, so that they wait for the next reset; a wish that the registry or its
// dependencies refuse is marked with what is allowed.
func (w *hardwareWorker) stage(ctx context.Context, wishes []cluster.Desired) {
	bound, cancel := context.WithTimeout(ctx, w.pace.collect)
	defer cancel()
	for _, d := range wishes {
		w.tried[cluster.DesiredKey(d.Node, d.Scope, d.Name)] = trial{d.Time, w.answered.Load()}
	}
	plan, marks, err := w.plan(bound, wishes)
	if err == nil && !plan.Empty() {
		var staging *redfish.Staging
		if staging, err = w.bmc.Stage(bound, plan); err == nil {
			marks = append(marks, verdicts(w.node, staging.Results)...)
		}
	}
	if err != nil && ctx.Err() == nil {
		w.log.WithError(err).Warn("settings were not staged; they are tried again after the next collection")
	}
	w.mark(ctx, marks)
	w.want() // so that what waits is seen
}

// plan plans the wishes that the registry accepts together, and says which it rejects.
func (w *hardwareWorker) plan(ctx context.Context, wishes []cluster.Desired) (*redfish.Plan, []cluster.SettingIs, error) {
	var marks []cluster.SettingIs
	for desired := desiredOf(wishes); ; {
		plan, err := w.bmc.Plan(ctx, desired)
		if err != nil || len(plan.Rejections) == 0 {
			return plan, marks, err
		}
		marks = append(marks, rejections(w.node, plan)...)
		desired = accepted(desired, plan) // fewer each time: a rejection is one of them
	}
}

func (w *hardwareWorker) mark(ctx context.Context, marks []cluster.SettingIs) {
	if len(marks) == 0 {
		return
	}
	if err := w.recorder.Setting(ctx, marks...); err != nil && ctx.Err() == nil {
		w.log.WithError(err).Warn("the state of settings was not recorded")
	}
}

func desiredOf(wishes []cluster.Desired) []redfish.Desired {
	var out []redfish.Desired
	for _, d := range wishes {
		out = append(out, redfish.Desired{Scope: redfish.ScopeBIOS, Name: d.Name, Value: d.Value})
	}
	return out
}

// accepted are the wishes that the plan does not reject.
func accepted(desired []redfish.Desired, plan *redfish.Plan) []redfish.Desired {
	refused := map[string]bool{}
	for _, r := range plan.Rejections {
		refused[r.Name] = true
	}
	var out []redfish.Desired
	for _, d := range desired {
		if !refused[d.Name] {
			out = append(out, d)
		}
	}
	return out
}
