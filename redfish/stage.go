package redfish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Staging is what Stage left at the BMC.
type Staging struct {
	// Plan is the plan as it was staged; it differs from the one given when
	// the BMC's settings changed in between.
	Plan *Plan `json:"plan"`
	// Task is the BMC's task, empty if it gave none.
	Task string `json:"task"`
	// Results say for each setting whether it is staged (or in sync, where no
	// reset is needed).
	Results  []Result `json:"results"`
	Messages []string `json:"messages"`
}

// Stage writes the changes of plan to the settings object, so that they take
// effect at the next reset, and reads back that they wait there. It resets
// nothing. A plan with rejections is refused whole.
func (b *BMC) Stage(ctx context.Context, plan *Plan) (*Staging, error) {
	unlock, err := b.exclusive(ctx)
	if err != nil {
		return nil, b.errorf("stage", err)
	}
	defer unlock()
	st, err := b.stage(ctx, plan, nil)
	return st, b.errorf("stage", err)
}

// exclusive lets one apply at a time work on the settings object.
func (b *BMC) exclusive(ctx context.Context) (unlock func(), err error) {
	select {
	case b.apply <- struct{}{}:
		return func() { <-b.apply }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("another apply is under way: %w", ctx.Err())
	}
}

// stage plans again on fresh values, writes, and on 412 (somebody else wrote
// in between) starts over, at most maxConflicts times.
func (b *BMC) stage(ctx context.Context, plan *Plan, see func(Step)) (*Staging, error) {
	s, err := b.settings(ctx)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		p := s.Plan(plan.Desired)
		if err := p.Err(); err != nil {
			return &Staging{Plan: p, Results: p.judgeAll(s, false)}, err
		}
		if s.pendingUnknown {
			return nil, fmt.Errorf("pending settings are not readable, so nothing is written: %s", strings.Join(s.Problems, "; "))
		}
		resp, err := b.write(ctx, s, p)
		if statusOf(err) == http.StatusPreconditionFailed && try < maxConflicts {
			if s, err = b.refresh(ctx, s); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		return b.staged(ctx, s, p, resp, see)
	}
}

// write PATCHes what is not pending yet; nil if everything is.
func (b *BMC) write(ctx context.Context, s *Settings, p *Plan) (*response, error) {
	body := map[string]any{}
	attrs := map[string]Value{}
	for _, c := range p.Changes {
		if !c.Staged {
			attrs[c.Name] = c.To
		}
	}
	if len(attrs) == 0 {
		return nil, nil
	}
	body["Attributes"] = attrs
	if at := applyTime(s.ApplyTimes, p.ResetNeeded); at != "" {
		body["@Redfish.SettingsApplyTime"] = map[string]string{"ApplyTime": at}
	}
	path, err := b.c.origin.resolve(s.settingURI)
	if err != nil {
		return nil, err
	}
	return b.c.do(ctx, request{method: http.MethodPatch, path: path, body: body, ifMatch: s.etag})
}

// applyTime chooses among what the BMC supports: OnReset, or Immediate when no
// change needs a reset. Empty where the BMC states no choice.
func applyTime(supported []string, reset bool) string {
	if !reset && slices.Contains(supported, "Immediate") {
		return "Immediate"
	}
	if slices.Contains(supported, "OnReset") {
		return "OnReset"
	}
	return ""
}

// staged waits until the written values show, and judges them.
func (b *BMC) staged(ctx context.Context, s *Settings, p *Plan, resp *response, see func(Step)) (*Staging, error) {
	st := &Staging{Plan: p}
	if resp != nil {
		st.Messages = messageTexts(messagesOf(resp.body))
		st.Task = b.c.taskOf(resp)
	}
	if st.Task != "" {
		_, err := b.follow(ctx, st.Task, b.cfg.StageTimeout, func(t TaskStatus) {
			if see != nil {
				see(Step{Name: StepTask, Task: st.Task, Percent: t.Percent, Detail: string(t.State)})
			}
		})
		if err != nil {
			return st, err
		}
	}
	deadline := time.Now().Add(b.cfg.StageTimeout)
	for {
		now, err := b.refresh(ctx, s)
		if err == nil {
			st.Results = p.judgeAll(now, false)
			if !slices.ContainsFunc(st.Results, func(r Result) bool { return r.State == StateFailed }) {
				return st, nil
			}
		}
		if time.Now().After(deadline) {
			return st, st.unstaged(err)
		}
		if sleep(ctx, b.cfg.Poll) != nil {
			return st, context.Cause(ctx)
		}
	}
}

// unstaged names what the BMC took and does not show.
func (st *Staging) unstaged(err error) error {
	if err != nil {
		return err
	}
	var out []error
	for _, r := range st.Results {
		if r.State == StateFailed {
			out = append(out, fmt.Errorf("%s = %s: %s", r.Name, r.Desired, r.Message))
		}
	}
	if len(st.Messages) > 0 {
		out = append(out, fmt.Errorf("the BMC says: %s", strings.Join(st.Messages, "; ")))
	}
	return errors.Join(out...)
}
