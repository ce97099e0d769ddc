package redfish_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/fixtures/bmc"
	"hawser/redfish"
)

const nodeUUID = "6f1c2b1e-0b57-4c53-9d0e-3a4f5b6c7d8e"

func quiet() *logrus.Entry {
	l := logrus.New()
	l.SetOutput(io.Discard)
	return logrus.NewEntry(l)
}

// startBMC starts our emulator with a sleeping node, powered on.
func startBMC(t *testing.T, change ...func(*bmc.Options)) *bmc.Server {
	t.Helper()
	opts := bmc.Options{
		Name: "node1", UUID: nodeUUID, Username: "hawser", Password: "correct-horse", BootDelay: 20 * time.Millisecond,
		Machine: bmc.ProcessMachine{Command: func(string) *exec.Cmd { return exec.Command("sleep", "600") }},
	}
	for _, c := range change {
		c(&opts)
	}
	s, err := bmc.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the node to boot", func() bool { return s.State().PID != 0 })
	return s
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(10 * time.Second); !done(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func connect(t *testing.T, s *bmc.Server, change ...func(*redfish.Config)) *redfish.BMC {
	t.Helper()
	cfg := redfish.Config{
		Name: "node1", URL: s.URL(), Username: "hawser", Password: func() (string, error) { return "correct-horse", nil },
		Fingerprint: s.Fingerprint(), Timeout: 5 * time.Second, Poll: 5 * time.Millisecond,
		StageTimeout: 5 * time.Second, ApplyTimeout: 20 * time.Second, Settle: 300 * time.Millisecond, OffTimeout: 5 * time.Second,
	}
	for _, c := range change {
		c(&cfg)
	}
	b, err := redfish.New(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = b.Close(ctx)
	})
	return b
}

// recorder is a gate that notes what passes it.
type recorder struct {
	mu      sync.Mutex
	steps   []redfish.Step
	cleared int
	freed   int
	refuse  error
	power   func() bmc.State
	atClear bmc.State
}

func (r *recorder) Clear(context.Context, string) (func(), error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != nil {
		return nil, r.refuse
	}
	r.cleared++
	if r.power != nil {
		r.atClear = r.power()
	}
	return func() { r.freed++ }, nil
}

func (r *recorder) Save(_ context.Context, s redfish.Step) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, s)
	return nil
}

func (r *recorder) names() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, s := range r.steps {
		out = append(out, string(s.Name))
	}
	return strings.Join(out, " ")
}

func TestCollectEmulator(t *testing.T) {
	b := connect(t, startBMC(t))
	inv, err := b.Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if inv.System.UUID != nodeUUID || inv.System.Health != redfish.HealthOK || inv.System.PowerState != redfish.PowerOn || len(inv.Problems) > 0 {
		t.Errorf("system %+v, problems %q", inv.System, inv.Problems)
	}
	first := b.Requests()
	if first > 35 {
		t.Errorf("%d requests for the first inventory, want at most 35", first)
	}
	if _, err := b.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d requests at first, %d again", first, b.Requests()-first)
}

func TestHealthFollowsComponent(t *testing.T) {
	s := startBMC(t)
	b := connect(t, s)
	if err := s.Faults().Health("Fan2", "Critical"); err != nil {
		t.Fatal(err)
	}
	if err := s.Faults().FailurePredicted("Drive1", true); err != nil {
		t.Fatal(err)
	}
	inv, err := b.Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if inv.System.Health != redfish.HealthCritical || !strings.Contains(inv.System.HealthReason, "Fan") {
		t.Errorf("health %s (%s), want critical by a fan", inv.System.Health, inv.System.HealthReason)
	}
	if !slices.ContainsFunc(inv.Components, func(c redfish.Component) bool { return c.PredictedFailure && c.Class == redfish.ClassDrive }) {
		t.Error("no drive predicts its failure")
	}
}

// pickChange finds an enumeration that can be set to another value.
func pickChange(t *testing.T, b *redfish.BMC) redfish.Desired {
	t.Helper()
	s, err := b.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range s.Settings {
		for _, v := range a.Allowed {
			d := redfish.Desired{Name: a.Name, Value: v}
			if p := s.Plan([]redfish.Desired{d}); a.Type == "Enumeration" && len(p.Changes) == 1 && len(p.Rejections) == 0 && len(p.Implied) == 0 {
				return d
			}
		}
	}
	t.Fatal("nothing to change")
	return redfish.Desired{}
}

func TestApply(t *testing.T) {
	s := startBMC(t)
	b := connect(t, s)
	want := pickChange(t, b)
	boot := s.State().BootID
	plan, err := b.Plan(t.Context(), []redfish.Desired{want})
	if err != nil || plan.Err() != nil || !plan.ResetNeeded {
		t.Fatalf("plan %+v, %v", plan, err)
	}
	gate := &recorder{power: s.State}
	var shown []redfish.Step
	r, err := b.Apply(t.Context(), plan, gate, func(s redfish.Step) { shown = append(shown, s) })
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() || !r.Reset || r.Task == "" {
		t.Errorf("report %+v", r)
	}
	if got := gate.names(); got != "stage clear reset wait verify done" {
		t.Errorf("steps %q", got)
	}
	if gate.cleared != 1 || gate.freed != 1 || gate.atClear.BootID != boot {
		t.Errorf("cleared %d times, freed %d, before the reset: %v", gate.cleared, gate.freed, gate.atClear.BootID == boot)
	}
	if s.State().BootID == boot {
		t.Error("the node did not boot anew")
	}
	if len(shown) < 6 {
		t.Errorf("%d steps of progress", len(shown))
	}
	again, err := b.Plan(t.Context(), []redfish.Desired{want})
	if err != nil || !again.Empty() || len(again.InSync) != 1 {
		t.Errorf("after the apply: %+v, %v", again, err)
	}
	// Applying what is in sync neither writes nor resets.
	boot = s.State().BootID
	if r, err = b.Apply(t.Context(), again, gate, nil); err != nil || !r.OK() || s.State().BootID != boot {
		t.Errorf("second apply: %+v, %v", r, err)
	}
}

func TestApplyReverted(t *testing.T) {
	s := startBMC(t)
	b := connect(t, s)
	want := pickChange(t, b)
	s.Faults().RevertSettings(want.Name)
	plan, err := b.Plan(t.Context(), []redfish.Desired{want})
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.Apply(t.Context(), plan, &recorder{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.OK() || r.Results[0].State != redfish.StateReverted {
		t.Errorf("results %+v, want reverted", r.Results)
	}
}

func TestApplyFailed(t *testing.T) {
	s := startBMC(t)
	b := connect(t, s)
	want := pickChange(t, b)
	s.Faults().FailSettings(true)
	plan, err := b.Plan(t.Context(), []redfish.Desired{want})
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.Apply(t.Context(), plan, &recorder{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.OK() || !strings.Contains(strings.Join(r.Messages, " "), "task") {
		t.Errorf("report %+v, want a failed task", r)
	}
}

func TestApplyGateRefuses(t *testing.T) {
	s := startBMC(t)
	b := connect(t, s)
	want := pickChange(t, b)
	boot := s.State().BootID
	plan, err := b.Plan(t.Context(), []redfish.Desired{want})
	if err != nil {
		t.Fatal(err)
	}
	busy := errors.New("node carries a service")
	r, err := b.Apply(t.Context(), plan, &recorder{refuse: busy}, nil)
	if !errors.Is(err, busy) || s.State().BootID != boot {
		t.Fatalf("err %v, reset %v", err, s.State().BootID != boot)
	}
	if len(r.Results) != 1 || r.Results[0].State != redfish.StateStaged {
		t.Errorf("results %+v, want staged", r.Results)
	}
	if _, err := b.Apply(t.Context(), plan, nil, nil); !errors.Is(err, redfish.ErrNoGate) {
		t.Errorf("without a gate: %v", err)
	}
	// Staged earlier, activated later.
	plan, err = b.Plan(t.Context(), []redfish.Desired{want})
	if err != nil || len(plan.Changes) != 1 || !plan.Changes[0].Staged {
		t.Fatalf("plan %+v, %v", plan, err)
	}
	if r, err = b.Activate(t.Context(), plan, &recorder{}, nil); err != nil || !r.OK() {
		t.Errorf("activate: %+v, %v", r, err)
	}
}

// A node that hears no graceful restart is reset the hard way.
func TestApplyResetsHarder(t *testing.T) {
	deaf := filepath.Join(t.TempDir(), "deaf")
	s := startBMC(t, func(o *bmc.Options) {
		o.Machine = bmc.ProcessMachine{Command: func(string) *exec.Cmd {
			return exec.Command("sh", "-c", `trap "" TERM; : >"$0"; exec sleep 600`, deaf)
		}}
	})
	waitFor(t, "the node to be deaf", func() bool { _, err := os.Stat(deaf); return err == nil })
	b := connect(t, s, func(c *redfish.Config) { c.ResetTimeout = 300 * time.Millisecond })
	plan, err := b.Plan(t.Context(), []redfish.Desired{pickChange(t, b)})
	if err != nil {
		t.Fatal(err)
	}
	gate := &recorder{}
	r, err := b.Apply(t.Context(), plan, gate, nil)
	if err != nil || !r.OK() {
		t.Fatalf("%+v, %v\nactions %+v", r, err, s.Actions())
	}
	if got := gate.names(); got != "stage clear reset wait reset wait verify done" {
		t.Errorf("steps %q, actions %+v", got, s.Actions())
	}
}

func TestResume(t *testing.T) {
	for _, at := range []redfish.StepName{redfish.StepStage, redfish.StepClear, redfish.StepWait, redfish.StepVerify, redfish.StepDone} {
		t.Run(string(at), func(t *testing.T) {
			s := startBMC(t)
			b := connect(t, s)
			want := pickChange(t, b)
			plan, err := b.Plan(t.Context(), []redfish.Desired{want})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var last redfish.Step
			_, err = b.Apply(ctx, plan, &recorder{}, func(s redfish.Step) {
				if last.Name != at {
					last = s
				}
				if s.Name == at {
					stop()
				}
			})
			behind := at == redfish.StepVerify || at == redfish.StepDone // nothing is asked of the BMC any more
			if err == nil && !behind || last.Name != at {
				t.Fatalf("apply was not interrupted at %s: %v, %s", at, err, last.Name)
			}
			gate := &recorder{}
			r, err := b.Resume(t.Context(), last, gate, nil)
			if err != nil || !r.OK() {
				t.Fatalf("resume: %+v, %v\nlast %+v\nsteps %+v\nactions %+v", r, err, last, gate.steps, s.Actions())
			}
			resets := 0
			for _, a := range s.Actions() {
				if strings.Contains(a.Kind, "Restart") {
					resets++
				}
			}
			if resets != 1 {
				t.Errorf("%d resets, want 1: %+v", resets, s.Actions())
			}
		})
	}
}

// interrupted applies a change, dies while the reset is held, and gives the step that was saved last.
func interrupted(t *testing.T, s *bmc.Server, when bmc.Moment) (last redfish.Step, held *bmc.Hold) {
	t.Helper()
	b := connect(t, s)
	plan, err := b.Plan(t.Context(), []redfish.Desired{pickChange(t, b)})
	if err != nil {
		t.Fatal(err)
	}
	held = s.Faults().Hold(http.MethodPost, "/ComputerSystem.Reset", when)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		<-held.Caught()
		stop()
	}()
	if _, err = b.Apply(ctx, plan, &recorder{}, func(s redfish.Step) { last = s }); err == nil || last.Name != redfish.StepReset {
		t.Fatalf("apply was not interrupted at its reset: %v, %s", err, last.Name)
	}
	return last, held
}

func restarts(s *bmc.Server) (n int) {
	for _, a := range s.Actions() {
		if strings.Contains(a.Kind, "Restart") {
			n++
		}
	}
	return n
}

// TestResumeFindsTheReset: it was sent by a life that died before the answer.
func TestResumeFindsTheReset(t *testing.T) {
	t.Parallel()
	s := startBMC(t)
	last, held := interrupted(t, s, bmc.AfterAct)
	held.Release()
	r, err := connect(t, s).Resume(t.Context(), last, &recorder{}, nil)
	if err != nil || !r.OK() || restarts(s) != 1 {
		t.Errorf("%+v, %v, %d resets; want it applied by the one reset", r, err, restarts(s))
	}
}

// TestResumeSeesALateReset: the BMC carries it out long after its sender died.
func TestResumeSeesALateReset(t *testing.T) {
	t.Parallel()
	s := startBMC(t)
	last, held := interrupted(t, s, bmc.BeforeAct)
	gate := &recorder{}
	r, err := connect(t, s).Resume(t.Context(), last, gate, func(s redfish.Step) {
		if s.Name == redfish.StepWait {
			held.Release()
		}
	})
	if err != nil || !r.OK() || restarts(s) != 1 {
		t.Errorf("%+v, %v, %d resets; want it applied by the one reset", r, err, restarts(s))
	}
}

// TestResumeDoesNotResetAgain: without a sign of the first reset it says so.
func TestResumeDoesNotResetAgain(t *testing.T) {
	t.Parallel()
	s := startBMC(t)
	last, held := interrupted(t, s, bmc.BeforeAct)
	held.Discard()
	b := connect(t, s, func(c *redfish.Config) { c.ResetTimeout = 500 * time.Millisecond })
	r, err := b.Resume(t.Context(), last, &recorder{}, nil)
	if !errors.Is(err, redfish.ErrNoReset) || restarts(s) != 0 {
		t.Fatalf("%v, %d resets; want no sign of the reset, and none sent", err, restarts(s))
	}
	if len(r.Results) != 1 || r.Results[0].State != redfish.StateStaged {
		t.Errorf("results %+v, want the setting staged", r.Results)
	}
}

// TestResetWithoutAnAnswer: the BMC hangs while it is asked for the reset. Whether it did is seen at the machine.
func TestResetWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	for _, done := range []bool{true, false} {
		t.Run(fmt.Sprintf("done %t", done), func(t *testing.T) {
			s := startBMC(t)
			b := connect(t, s, func(c *redfish.Config) { c.Timeout, c.ResetTimeout = time.Second, 2*time.Second })
			plan, err := b.Plan(t.Context(), []redfish.Desired{pickChange(t, b)})
			if err != nil {
				t.Fatal(err)
			}
			when := bmc.BeforeAct
			if done {
				when = bmc.AfterAct
			}
			held := s.Faults().Hold(http.MethodPost, "/ComputerSystem.Reset", when)
			defer held.Discard()
			r, err := b.Apply(t.Context(), plan, &recorder{}, nil)
			switch {
			case done && (err != nil || !r.OK() || restarts(s) != 1):
				t.Errorf("%+v, %v, %d resets; want it applied by the one reset", r, err, restarts(s))
			case !done && (!errors.Is(err, redfish.ErrNoReset) || restarts(s) != 0):
				t.Errorf("%v, %d resets; want no sign of the reset, and no other sent", err, restarts(s))
			}
		})
	}
}

// TestLatePatchLoses: a write of a former life comes after the one that took its place, and its ETag is over.
func TestLatePatchLoses(t *testing.T) {
	t.Parallel()
	s := startBMC(t)
	b := connect(t, s)
	want := []redfish.Desired{pickChange(t, b)}
	plan, err := b.Plan(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	held := s.Faults().Hold(http.MethodPatch, "/Bios/Settings", bmc.BeforeAct)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		<-held.Caught()
		stop()
	}()
	if _, err := b.Stage(ctx, plan); err == nil {
		t.Fatal("the first life was not interrupted")
	}
	if _, err := connect(t, s).Stage(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	held.Release()
	waitFor(t, "the late write", func() bool { return len(s.Writes()) == 2 })
	first, late := s.Writes()[0], s.Writes()[1]
	if !first.Accepted() || late.Status != http.StatusPreconditionFailed {
		t.Errorf("answers %d and %d, want the second life's write accepted and the late one refused", first.Status, late.Status)
	}
}

// TestSessionLostAmidAnApply: it logs in again and repeats nothing that was carried out.
func TestSessionLostAmidAnApply(t *testing.T) {
	t.Parallel()
	s := startBMC(t)
	b := connect(t, s)
	plan, err := b.Plan(t.Context(), []redfish.Desired{pickChange(t, b)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.Apply(t.Context(), plan, &recorder{}, func(redfish.Step) { s.Faults().LogOut() })
	if err != nil || !r.OK() || restarts(s) != 1 {
		t.Errorf("%+v, %v, %d resets", r, err, restarts(s))
	}
}

func TestFence(t *testing.T) {
	s := startBMC(t)
	b := connect(t, s)
	if err := b.Fence(t.Context(), strings.ToUpper(strings.ReplaceAll(nodeUUID, "-", ""))); err != nil {
		t.Fatal(err)
	}
	if got := s.State(); got.Power != bmc.Off || got.PID != 0 {
		t.Errorf("state %+v after a fence", got)
	}
	if err := b.On(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Power(t.Context()); err != nil || got != redfish.PowerOn {
		t.Errorf("power %s, %v", got, err)
	}
}

func TestFenceIsNoFence(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault func(*bmc.Faults)
		uuid  string
		want  error
		kept  bool // the node must be untouched
	}{
		{name: "wrong machine", fault: func(f *bmc.Faults) { f.WrongUUID("11111111-2222-3333-4444-555555555555") }, want: redfish.ErrWrongMachine, kept: true},
		{name: "asked for another", fault: func(*bmc.Faults) {}, uuid: "11111111-2222-3333-4444-555555555555", want: redfish.ErrWrongMachine, kept: true},
		{name: "asked for none", fault: func(*bmc.Faults) {}, uuid: "none", want: redfish.ErrNoUUID, kept: true},
		{name: "refuses", fault: func(f *bmc.Faults) { f.RefusePower(true) }, kept: true},
		{name: "says done, does nothing", fault: func(f *bmc.Faults) { f.IgnorePower(true) }, want: redfish.ErrNotOff, kept: true},
		{name: "hangs", fault: func(f *bmc.Faults) { f.Silent(bmc.Hanging) }, want: context.DeadlineExceeded, kept: true},
		{name: "closes", fault: func(f *bmc.Faults) { f.Silent(bmc.Closing) }, kept: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startBMC(t)
			b := connect(t, s, func(c *redfish.Config) { c.Timeout, c.OffTimeout = 300*time.Millisecond, 500*time.Millisecond })
			if err := b.Warm(t.Context()); err != nil {
				t.Fatal(err)
			}
			pid := s.State().PID
			tt.fault(s.Faults())
			uuid := nodeUUID
			if tt.uuid != "" {
				uuid = tt.uuid
			}
			err := b.Fence(t.Context(), uuid)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("err %v, want %v", err, tt.want)
			}
			if tt.kept && s.State().Power != bmc.On && pid != 0 {
				t.Errorf("node is %+v, want it untouched", s.State())
			}
		})
	}
}

// A BMC that serves power from a cache says On for ever or Off at once; only
// reads that pass the cache count.
func TestFenceThroughCachingBMC(t *testing.T) {
	s := startBMC(t)
	b := connect(t, s)
	s.Faults().StalePower(bmc.Cached)
	if err := b.Fence(t.Context(), nodeUUID); err != nil {
		t.Fatal(err)
	}
	if s.State().Power != bmc.Off {
		t.Errorf("state %+v", s.State())
	}
}

func TestFenceWhenSessionsAreExhausted(t *testing.T) {
	s := startBMC(t)
	b := connect(t, s)
	s.Faults().ExhaustSessions(true)
	if err := b.Fence(t.Context(), nodeUUID); err != nil {
		t.Fatal(err)
	}
}

// Nodes that are killed never log out: when their sessions fill the BMC, it is still read.
func TestCollectWhenSessionsAreExhausted(t *testing.T) {
	s := startBMC(t)
	b := connect(t, s)
	s.Faults().ExhaustSessions(true)
	inv, err := b.Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(inv.Components) == 0 || len(inv.Problems) > 0 {
		t.Errorf("%d components, problems %v", len(inv.Components), inv.Problems)
	}
}

// A fence does not wait for a collection that hangs.
func TestFenceOvertakesCollection(t *testing.T) {
	s := startBMC(t)
	b := connect(t, s, func(c *redfish.Config) { c.MaxConcurrent = 1 })
	if err := b.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Faults().Slow(100 * time.Millisecond)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_, _ = b.Collect(ctx)
		}
	}()
	begin := time.Now()
	err := b.Fence(t.Context(), nodeUUID)
	took := time.Since(begin)
	stop()
	<-done
	if err != nil {
		t.Fatal(err)
	}
	// Four answers of 100 ms; a collection of one connection takes 2 s.
	if took > 1500*time.Millisecond {
		t.Errorf("fence took %v beside a collection", took)
	}
	t.Logf("fence took %v", took)
}

func TestOneSession(t *testing.T) {
	s := startBMC(t)
	b := connect(t, s)
	if _, err := b.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Power(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.Sessions(); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
	s.EndSessions()
	if _, err := b.Collect(t.Context()); err != nil {
		t.Errorf("after the BMC ended the session: %v", err)
	}
	if err := b.Close(t.Context()); err != nil || s.Sessions() != 0 {
		t.Errorf("%d sessions after Close, %v", s.Sessions(), err)
	}
}

// A login that is under way when its caller ends is waited for, so that the session it makes can be ended.
func TestLoginOutlivesItsCaller(t *testing.T) {
	s := startBMC(t)
	b := connect(t, s)
	held := s.Faults().Hold(http.MethodPost, "/Sessions", bmc.AfterAct)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := b.Collect(ctx)
		ended <- err
	}()
	<-held.Caught()
	stop()
	held.Release()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("collected for nobody: %v", err)
	}
	if err := b.Close(t.Context()); err != nil || s.Sessions() != 0 {
		t.Errorf("%d sessions after Close, %v", s.Sessions(), err)
	}
}

func TestFirmwareInventoryEmulator(t *testing.T) {
	t.Parallel()
	b := connect(t, startBMC(t))
	inv, err := b.FirmwareInventory(t.Context())
	if err != nil || len(inv.Firmware) < 2 || len(inv.Problems) > 0 {
		t.Fatalf("%+v, %v; want BIOS and BMC at least", inv, err)
	}
	whole, err := b.Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(inv.Firmware, func(f redfish.Firmware) bool { return f.Version == whole.System.BIOSVersion }) {
		t.Errorf("%+v has no line of the BIOS %s", inv.Firmware, whole.System.BIOSVersion)
	}
}
