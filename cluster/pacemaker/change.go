package pacemaker

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"hawser/cluster"
	"hawser/cluster/ledger"
)

// own are the objects that concern hawser alone: they may be SET though Pacemaker decides about the cluster.
var own = map[string]bool{
	"AlarmAcknowledged": true, "AlarmAckComment": true, "HwSettingDesired": true, "HwJob": true, "HwJobAbort": true,
}

// tools names, for each act that is refused, the tool of Pacemaker that does it.
var tools = map[string]string{
	"NodeAdminState":       "crm_attribute --node NODE --name standby (or maintenance)",
	"ServiceAdminState":    "crm_resource --resource SERVICE --meta --set-parameter target-role (or is-managed)",
	"ServiceProbeInterval": "cibadmin (the interval of the monitor operation)", "ServiceProbeTimeout": "cibadmin (the timeout of the monitor operation)",
	"ServiceRestartLimit":  "crm_resource --resource SERVICE --meta --set-parameter migration-threshold",
	"ServiceFailureWindow": "crm_resource --resource SERVICE --meta --set-parameter failure-timeout",
	"ServiceReaction":      "cibadmin (on-fail of the monitor operation)", "StackPreferredNode": "crm_resource --move, or a location constraint",
	"StackFailback": "crm_resource --meta --set-parameter resource-stickiness",
}

// readOnly refuses what is Pacemaker's to decide.
func readOnly(change cluster.Change) *cluster.Refusal {
	for i, op := range change.Ops {
		power := op.Object == "HwJob" && (op.Int == int64(cluster.HwJobFence) || op.Int == int64(cluster.HwJobPowerOff))
		switch tool := tools[op.Object]; {
		case power:
			return &cluster.Refusal{Op: i, Code: cluster.RefusedInconsistent, Reason: "over Pacemaker hawser does not fence: use stonith_admin, so that the cluster knows"}
		case own[op.Object]:
		case tool != "":
			return &cluster.Refusal{Op: i, Code: cluster.RefusedNotWritable, Reason: "over Pacemaker hawser is read-only: use " + tool}
		default:
			return &cluster.Refusal{Op: i, Code: cluster.RefusedNotWritable, Reason: "Pacemaker has nothing like hawser" + op.Object}
		}
	}
	return nil
}

// Prepare tests a change against the state as it is here; it changes nothing.
func (c *Controller) Prepare(change cluster.Change) (cluster.Plan, error) {
	if c.leader() == "" {
		return cluster.Plan{}, cluster.ErrNoLeader
	}
	if r := readOnly(change); r != nil {
		return cluster.Plan{}, r
	}
	s := c.ledger.State()
	if len(change.Token) == 0 { // a repetition by token is answered by the ledger alone
		if r := ledger.Check(s, change); r != nil {
			return cluster.Plan{}, r
		}
	}
	return cluster.Plan{Change: change, Serial: s.Serial}, nil
}

// Commit applies the change in one entry at the leader, and waits a moment until it shows here too.
func (c *Controller) Commit(ctx context.Context, plan cluster.Plan) (cluster.Receipt, error) {
	return c.change(ctx, cluster.Decision{Change: &plan.Change})
}

// Undo takes a change back by an entry of its own, if no other change came between.
func (c *Controller) Undo(ctx context.Context, receipt cluster.Receipt) error {
	_, err := c.change(ctx, cluster.Decision{Undo: &cluster.Undo{ID: receipt.ID, Serial: receipt.Serial, Unknown: receipt.Unknown}})
	return err
}

// Release carries a held change out.
func (c *Controller) Release(ctx context.Context, receipt cluster.Receipt) error {
	_, err := c.change(ctx, cluster.Decision{Release: &cluster.ReleaseHold{ID: receipt.ID}})
	return err
}

// Refuse writes a refused change into the write log.
func (c *Controller) Refuse(ctx context.Context, change cluster.Change, why cluster.Refusal) error {
	_, err := c.propose(ctx, cluster.Decision{Refuse: &cluster.Refuse{Change: change, Refusal: why}})
	return err
}

func (c *Controller) change(ctx context.Context, d cluster.Decision) (cluster.Receipt, error) {
	o, err := c.propose(ctx, d)
	switch {
	case err != nil:
		return cluster.Receipt{}, err
	case o.Refusal != nil:
		return cluster.Receipt{}, o.Refusal
	case o.Receipt == nil:
		return cluster.Receipt{}, errors.New("the leader gave no receipt: it runs another version")
	}
	return *o.Receipt, nil // this node has the entry already, unless it could not take it
}

// propose writes decisions at the leader, wherever that is.
func (c *Controller) propose(ctx context.Context, decisions ...cluster.Decision) (outcome, error) {
	bound, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	var o outcome
	switch leader := c.leader(); leader {
	case "":
		return o, cluster.ErrNoLeader
	case c.cfg.Node:
		o = c.proposeHere(bound, decisions)
	default:
		if err := c.call(bound, leader, pathPropose, proposal{Decisions: decisions}, &o); err != nil {
			return o, err
		}
	}
	switch {
	case o.NoLeader != "":
		return o, fmt.Errorf("%w (%s)", cluster.ErrNoLeader, o.NoLeader)
	case o.Unknown != "":
		return o, fmt.Errorf("%w: %s", cluster.ErrUnknownOutcome, o.Unknown)
	}
	return o, nil
}

// proposeHere writes as leader.
func (c *Controller) proposeHere(ctx context.Context, decisions []cluster.Decision) outcome {
	for _, d := range decisions {
		if err := whole(d); err != nil {
			return outcome{NoLeader: err.Error()}
		}
		if d.Change == nil {
			continue
		}
		if r := readOnly(*d.Change); r != nil {
			return outcome{Refusal: r}
		}
	}
	result, err := c.commit(ctx, decisions...)
	switch {
	case errors.Is(err, cluster.ErrUnknownOutcome):
		return outcome{Unknown: err.Error()}
	case err != nil:
		return outcome{NoLeader: err.Error()}
	}
	c.wake.wake()
	return outcome{Index: c.ledger.State().Applied, Receipt: result.Receipt, Refusal: result.Refusal}
}

// fromOutside says whether a decision may come from another node: what Pacemaker did the leader sees itself.
func fromOutside(d cluster.Decision) bool {
	return d.Change != nil || d.Refuse != nil || d.Undo != nil || d.Release != nil || d.Job != nil || d.Hardware != nil ||
		d.Setting != nil || d.Sink != nil || d.Event != nil
}

// whole says whether a decision has exactly one content, which this program knows.
func whole(d cluster.Decision) error {
	count := 0
	for _, field := range reflect.ValueOf(d).Fields() {
		if !field.IsNil() {
			count++
		}
	}
	if count != 1 {
		return fmt.Errorf("a decision has exactly one content, not %d: the program that sent it is of a later version or faulty", count)
	}
	return nil
}

// Raise records an event of this node.
func (c *Controller) Raise(ctx context.Context, event cluster.Event) error {
	if event.NodeName == "" {
		event.NodeName = c.cfg.Node
	}
	if event.Time.IsZero() {
		event.Time = time.Now()
	}
	_, err := c.propose(ctx, cluster.Decision{Event: &event})
	return err
}

// Delivered records cursors and counters of sinks.
func (c *Controller) Delivered(ctx context.Context, sinks map[string]cluster.SinkStatus) error {
	var ds []cluster.Decision
	for name, status := range sinks {
		ds = append(ds, cluster.Decision{Sink: &cluster.SinkIs{Name: name, Status: status}})
	}
	return c.all(ctx, ds)
}

// Progress records how far a job has come.
func (c *Controller) Progress(ctx context.Context, job cluster.JobIs) error {
	return c.all(ctx, []cluster.Decision{{Job: &job}})
}

// Setting records how far desired hardware settings have come.
func (c *Controller) Setting(ctx context.Context, settings ...cluster.SettingIs) error {
	var ds []cluster.Decision
	for _, s := range settings {
		ds = append(ds, cluster.Decision{Setting: &s})
	}
	return c.all(ctx, ds)
}

func (c *Controller) all(ctx context.Context, ds []cluster.Decision) error {
	if len(ds) == 0 {
		return nil
	}
	_, err := c.propose(ctx, ds...)
	return err
}
