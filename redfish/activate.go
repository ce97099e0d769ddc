package redfish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sirupsen/logrus"
)

// Activate brings staged settings into force: it clears the node through the
// gate, resets it, waits for POST, and judges each setting by what it reads
// then.
func (b *BMC) Activate(ctx context.Context, plan *Plan, gate Gate, progress func(Step)) (*Report, error) {
	unlock, err := b.exclusive(ctx)
	if err != nil {
		return nil, b.errorf("activate", err)
	}
	defer unlock()
	r, err := b.newApply(plan, gate, progress).activate(ctx)
	return r, b.errorf("activate", err)
}

// Apply stages the plan and, where a change needs it, activates it. Whatever
// is in sync already is left alone, so it may be repeated at any time.
func (b *BMC) Apply(ctx context.Context, plan *Plan, gate Gate, progress func(Step)) (*Report, error) {
	unlock, err := b.exclusive(ctx)
	if err != nil {
		return nil, b.errorf("apply", err)
	}
	defer unlock()
	r, err := b.newApply(plan, gate, progress).run(ctx)
	return r, b.errorf("apply", err)
}

// Resume continues an apply from the step that was saved last. A step before
// the reset starts over: what is staged already is not written again, and what
// a former life wrote too late is refused by its ETag. From the reset on it is
// not known whether it was sent; then the machine is not reset a second time,
// and without a sign of the first one within ResetTimeout it is ErrNoReset.
func (b *BMC) Resume(ctx context.Context, step Step, gate Gate, progress func(Step)) (*Report, error) {
	unlock, err := b.exclusive(ctx)
	if err != nil {
		return nil, b.errorf("resume", err)
	}
	defer unlock()
	a := b.newApply(&Plan{Desired: step.Desired}, gate, progress)
	var r *Report
	switch step.Name {
	case StepReset, StepWait, StepVerify, StepDone:
		r, err = a.rejoin(ctx, step)
	default:
		r, err = a.run(ctx)
	}
	return r, b.errorf("resume", err)
}

// applying is one apply under way.
type applying struct {
	b        *BMC
	plan     *Plan
	gate     Gate
	progress func(Step)
	task     string
	types    []string // resets to try when the one sent has no effect
	doubt    error    // why it is not known whether the reset was sent; nil: it was
	report   *Report
}

func (b *BMC) newApply(plan *Plan, gate Gate, progress func(Step)) *applying {
	if progress == nil {
		progress = func(Step) {}
	}
	return &applying{b: b, plan: plan, gate: gate, progress: progress, report: &Report{BMC: b.cfg.Name, Began: time.Now()}}
}

// step saves and then shows a step.
func (a *applying) step(ctx context.Context, s Step) error {
	s.BMC, s.At, s.Desired, s.Task = a.b.cfg.Name, time.Now(), a.plan.Desired, a.task
	if a.gate != nil {
		if err := a.gate.Save(ctx, s); err != nil {
			return fmt.Errorf("save step %s: %w", s.Name, err)
		}
	}
	a.b.log.WithFields(logrus.Fields{"step": s.Name, "detail": s.Detail}).Info("apply step")
	a.progress(s)
	return nil
}

func (a *applying) run(ctx context.Context) (*Report, error) {
	if err := a.step(ctx, Step{Name: StepStage, Percent: -1, Detail: fmt.Sprintf("%d settings", len(a.plan.Desired))}); err != nil {
		return nil, err
	}
	st, err := a.b.stage(ctx, a.plan, func(s Step) { s.BMC, s.At, s.Desired = a.b.cfg.Name, time.Now(), a.plan.Desired; a.progress(s) })
	if st != nil {
		a.plan, a.task = st.Plan, st.Task
		a.report.Task, a.report.Results, a.report.Messages = st.Task, st.Results, st.Messages
	}
	if err != nil {
		return a.end(), err
	}
	if !a.plan.ResetNeeded {
		return a.finish(ctx, nil)
	}
	return a.activate(ctx)
}

// activate clears the node, resets it and waits.
func (a *applying) activate(ctx context.Context) (*Report, error) {
	if a.gate == nil {
		return a.end(), fmt.Errorf("%w; staged settings wait for the next reset", ErrNoGate)
	}
	s, err := a.b.settings(ctx)
	if err != nil {
		return a.end(), err
	}
	a.plan = s.Plan(a.plan.Desired)
	if !a.plan.ResetNeeded {
		return a.finish(ctx, s)
	}
	reason := fmt.Sprintf("apply %d BIOS settings", len(a.plan.Changes))
	if err := a.step(ctx, Step{Name: StepClear, Percent: -1, Detail: reason}); err != nil {
		return a.end(), err
	}
	done, err := a.gate.Clear(ctx, reason)
	if err != nil {
		return a.end(), fmt.Errorf("node is not free: %w; the settings stay staged", err)
	}
	defer done()
	before, err := a.reset(ctx)
	if err != nil {
		return a.end(), err
	}
	return a.await(ctx, s, before)
}

// rejoin goes on behind a reset that was sent in an earlier life.
func (a *applying) rejoin(ctx context.Context, from Step) (*Report, error) {
	if a.gate == nil {
		return a.end(), ErrNoGate
	}
	a.task, a.report.Reset = from.Task, true
	a.doubt = fmt.Errorf("it was asked for by a former life, at %s", from.At.UTC().Format(time.RFC3339))
	done, err := a.gate.Clear(ctx, "finish an apply after its reset")
	if err != nil {
		return a.end(), fmt.Errorf("node is not free: %w", err)
	}
	defer done()
	s, err := a.b.settingsSoon(ctx)
	if err != nil {
		return a.end(), err
	}
	a.plan = s.Plan(from.Desired)
	if from.Name == StepVerify || from.Name == StepDone {
		return a.finish(ctx, s)
	}
	return a.await(ctx, s, from.Before)
}

// settingsSoon reads the settings of a machine that may be in the middle of
// its POST.
func (b *BMC) settingsSoon(ctx context.Context) (*Settings, error) {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.ApplyTimeout)
	defer cancel()
	for {
		s, err := b.settings(ctx)
		if err == nil || sleep(ctx, b.cfg.Poll) != nil {
			return s, err
		}
	}
}

// reset restarts the machine, or switches it on if it is off.
func (a *applying) reset(ctx context.Context) (Boot, error) {
	sys, err := a.b.idle(ctx)
	if err != nil {
		return Boot{}, err
	}
	before := bootOf(sys)
	types := a.b.cfg.ResetTypes
	if before.Power == PowerOff {
		types = []string{"On", "ForceOn"}
	}
	typ, err := a.b.allowed(ctx, sys, types)
	if err != nil {
		return before, err
	}
	if err := a.send(ctx, sys, Step{Name: StepReset, Percent: -1, Detail: typ, Before: before}, typ); err != nil {
		return before, err
	}
	a.report.Reset = true
	if before.Power != PowerOff && a.doubt == nil {
		a.types = after(types, typ)
	}
	return before, nil
}

// send saves the step and sends the reset, within one request's time from the
// moment before the step is saved: whoever finds the step later knows that
// nothing is sent any more. Where no answer says what became of it, it is in
// doubt, and taken for sent.
func (a *applying) send(ctx context.Context, sys *systemResource, step Step, typ string) error {
	bound, cancel := context.WithTimeoutCause(ctx, a.b.cfg.Timeout, fmt.Errorf("no answer within %v", a.b.cfg.Timeout))
	defer cancel()
	if err := a.step(bound, step); err != nil {
		return err
	}
	if bound.Err() != nil {
		return fmt.Errorf("saving the step took over %v, so nothing was sent", a.b.cfg.Timeout)
	}
	err := a.b.reset(bound, sys, typ, a.b.c.bulk)
	if err != nil && statusOf(err) == 0 && ctx.Err() == nil {
		a.b.log.WithError(err).Warn("it is not known whether the reset was sent; looking for a sign of it")
		a.doubt = err
		return nil
	}
	return err
}

// await waits until POST is over and the settings show, then judges them.
func (a *applying) await(ctx context.Context, s *Settings, before Boot) (*Report, error) {
	if err := a.step(ctx, Step{Name: StepWait, Percent: -1, Before: before}); err != nil {
		return a.end(), err
	}
	wait, cancel := context.WithTimeoutCause(ctx, a.b.cfg.ApplyTimeout,
		fmt.Errorf("the machine was not back within %v", a.b.cfg.ApplyTimeout))
	defer cancel()
	now, err := a.awaitBoot(wait, s, before)
	if ctx.Err() != nil {
		return a.end(), context.Cause(ctx) // resumable: the step is saved
	}
	if errors.Is(err, ErrNoReset) {
		a.report.Reset = false
		if now != nil {
			a.report.Results = a.plan.judgeAll(now, false)
		}
		return a.end(), fmt.Errorf("%w; the settings stay staged: look at the machine before you apply again", err)
	}
	r, ferr := a.finish(ctx, now)
	return r, errors.Join(err, ferr)
}

// finish reads the settings once more, unless now is given, and reports.
func (a *applying) finish(ctx context.Context, now *Settings) (*Report, error) {
	if err := a.step(ctx, Step{Name: StepVerify, Percent: -1}); err != nil {
		return a.end(), err
	}
	if now == nil {
		var err error
		if now, err = a.b.settings(ctx); err != nil {
			for i := range a.report.Results {
				a.report.Results[i].State = StateUnknown
			}
			return a.end(), err
		}
	}
	a.report.Results = a.plan.judgeAll(now, a.report.Reset)
	a.report.Messages = append(a.report.Messages, now.Messages...)
	if a.task != "" {
		a.taskEnd(ctx)
	}
	r := a.end()
	return r, a.step(ctx, Step{Name: StepDone, Percent: 100, Detail: r.Summary()})
}

// taskEnd adds how the BMC's task ended.
func (a *applying) taskEnd(ctx context.Context) {
	t, err := a.b.Task(ctx, a.task)
	switch {
	case err != nil:
		a.report.Messages = append(a.report.Messages, err.Error())
	case t.State == TaskFailed, t.State == TaskRunning, t.State == TaskWaiting:
		a.report.Messages = append(a.report.Messages, fmt.Sprintf("task %s is %s", a.task, t.State))
		a.report.Messages = append(a.report.Messages, t.Messages...)
	}
}

func (a *applying) end() *Report {
	a.report.Ended = time.Now()
	a.report.Messages = slices.Compact(a.report.Messages)
	return a.report
}
