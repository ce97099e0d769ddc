package redfish

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// awaitBoot polls until the machine is through POST and every change is
// settled one way or the other. The BMC may be silent for a while meanwhile.
func (a *applying) awaitBoot(ctx context.Context, s *Settings, before Boot) (*Settings, error) {
	var now *Settings
	var upSince time.Time
	seen, sent := false, time.Now()
	for {
		if sys, err := a.b.system(ctx, a.b.c.bulk); err == nil {
			at := stageOf(sys)
			seen = seen || rebooted(sys, before)
			switch {
			case at != stageUp:
				upSince = time.Time{}
			case upSince.IsZero():
				upSince = time.Now()
			}
			if n, err := a.b.refresh(ctx, s); err == nil {
				now = n
				if (at == stageUp || at == stageReady) && allInSync(a.plan, n) {
					return n, nil
				}
				seen = seen || consumed(a.plan, n)
			}
			seen = seen || a.taskEnded(ctx)
			// Up for long enough: what is not there does not come.
			if seen && now != nil && at == stageUp && time.Since(upSince) >= a.b.cfg.Settle {
				return now, nil
			}
			if !seen && a.doubt != nil && time.Since(sent) >= a.b.cfg.ResetTimeout {
				return now, fmt.Errorf("%w within %v: %w", ErrNoReset, a.b.cfg.ResetTimeout, a.doubt)
			}
			if !seen && len(a.types) > 0 && time.Since(sent) >= a.b.cfg.ResetTimeout {
				if err := a.harder(ctx, sys, before); err != nil {
					return now, err
				}
				sent = time.Now()
			}
		}
		if sleep(ctx, a.b.cfg.Poll) != nil {
			return now, context.Cause(ctx)
		}
	}
}

// harder sends the next reset type, because the machine did not follow the
// last one: an operating system that hangs hears no graceful restart.
func (a *applying) harder(ctx context.Context, sys *systemResource, before Boot) error {
	typ, err := a.b.allowed(ctx, sys, a.types)
	a.types = nil
	if err != nil {
		return nil // nothing harder is allowed: wait on
	}
	a.types = after(a.b.cfg.ResetTypes, typ)
	detail := fmt.Sprintf("%s: no reset within %v of the last try", typ, a.b.cfg.ResetTimeout)
	if err := a.send(ctx, sys, Step{Name: StepReset, Percent: -1, Detail: detail, Before: before}, typ); err != nil {
		return err
	}
	return a.step(ctx, Step{Name: StepWait, Percent: -1, Before: before})
}

// after returns what follows typ in types.
func after(types []string, typ string) []string {
	return types[slices.Index(types, typ)+1:]
}

// consumed reports whether a staged value waits no longer: the firmware has
// dealt with it.
func consumed(p *Plan, now *Settings) bool {
	return slices.ContainsFunc(p.Changes, func(c Change) bool {
		a, ok := now.Find(c.Scope, c.Name)
		return ok && c.Staged && !sameValue(a.Pending, c.To)
	})
}

// taskEnded reports whether the BMC's task, which waited for the reset, ended.
func (a *applying) taskEnded(ctx context.Context) bool {
	if a.task == "" {
		return false
	}
	t, err := a.b.Task(ctx, a.task)
	return err == nil && (t.State == TaskDone || t.State == TaskFailed)
}

// stage is how far a machine is on its way up.
type stage int

const (
	stageOff     stage = iota
	stagePost          // firmware initialises
	stageReady         // firmware is done, nothing booted yet
	stageUp            // an operating system, or the BMC does not say how far it is
	stageBetween       // powering on or off, or unknown
)

func stageOf(s *systemResource) stage {
	switch powerState(string(s.PowerState)) {
	case PowerOff:
		return stageOff
	case PowerOn:
	default:
		return stageBetween
	}
	switch s.refs.BootProgress.LastState {
	case "", "None", "OEM", "SetupEntered", "OSBootStarted", "OSRunning":
		return stageUp
	case "SystemHardwareInitializationComplete":
		return stageReady
	}
	return stagePost
}

func allInSync(p *Plan, now *Settings) bool {
	for _, c := range p.Changes {
		if verdict(now, c, true).State != StateInSync {
			return false
		}
	}
	return true
}

// idle waits until the machine is in no POST: a reset in the middle of one
// could break what it applies, and could not be told from it afterwards.
func (b *BMC) idle(ctx context.Context) (*systemResource, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, b.cfg.ApplyTimeout, fmt.Errorf("the machine was in POST for over %v", b.cfg.ApplyTimeout))
	defer cancel()
	var ready time.Time
	for {
		sys, err := b.system(ctx, b.c.bulk)
		if err != nil {
			return nil, err
		}
		switch stageOf(sys) {
		case stageOff, stageUp:
			return sys, nil
		case stageReady:
			if ready.IsZero() {
				ready = time.Now()
			}
			if time.Since(ready) >= b.cfg.Settle {
				return sys, nil // it stays here: there is nothing to boot
			}
		}
		if sleep(ctx, b.cfg.Poll) != nil {
			return nil, context.Cause(ctx)
		}
	}
}

func bootOf(s *systemResource) Boot {
	return Boot{
		Power: powerState(string(s.PowerState)), LastResetTime: s.refs.LastResetTime,
		Progress: s.refs.BootProgress.LastState, ProgressTime: s.refs.BootProgress.LastStateTime,
	}
}

// progressRank orders the stages of a boot.
func progressRank(state string) int {
	return slices.Index([]string{
		"PrimaryProcessorInitializationStarted", "BusInitializationStarted", "MemoryInitializationStarted",
		"SecondaryProcessorInitializationStarted", "PCIResourceConfigStarted", "SystemHardwareInitializationComplete",
		"SetupEntered", "OSBootStarted", "OSRunning",
	}, state)
}

// rebooted reports whether the machine, which was idle before, is or was in a
// reset since: it is off, its boot is at an earlier stage, or the BMC says so.
func rebooted(sys *systemResource, before Boot) bool {
	now := bootOf(sys)
	rank, was := progressRank(now.Progress), progressRank(before.Progress)
	return now.Power != PowerOn || before.Power != PowerOn || now.LastResetTime != before.LastResetTime ||
		rank >= 0 && rank < was || rank == was && now.ProgressTime != before.ProgressTime
}
