package fence

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const machine = "4c4c4544-0042-3010-8051-b4c04f4e4d32"

var errSilent = errors.New("no route to host")

// fails is a device of which every call returns err.
func fails(label string, err error) Func {
	return Func{
		Label:     label,
		OffFunc:   func(context.Context, string) error { return err },
		OnFunc:    func(context.Context) error { return err },
		PowerFunc: func(context.Context) (Power, error) { return Unknown, err },
	}
}

// works is a device that does what it is told and notes the calls.
func works(label string, calls *[]string) Func {
	power := On
	note := func(what string) { *calls = append(*calls, label+" "+what) }
	return Func{
		Label:     label,
		OffFunc:   func(_ context.Context, uuid string) error { note("off " + uuid); power = Off; return nil },
		OnFunc:    func(context.Context) error { note("on"); power = On; return nil },
		PowerFunc: func(context.Context) (Power, error) { note("power"); return power, nil },
	}
}

// hangs is a device that answers nothing until its context ends.
func hangs(label string) Func {
	return Func{
		Label:     label,
		OffFunc:   func(ctx context.Context, _ string) error { <-ctx.Done(); return ErrNotConfirmed },
		PowerFunc: func(ctx context.Context) (Power, error) { <-ctx.Done(); return Off, ctx.Err() },
	}
}

func TestLadderTakesTheFirstThatConfirms(t *testing.T) {
	var calls []string
	l := Ladder{
		{Device: fails("bmc", errSilent)},
		{Device: fails("other", ErrWrongMachine)},
		{Device: works("pdu", &calls)},
		{Device: works("never", &calls)},
	}
	out, err := l.Fence(t.Context(), machine)
	if err != nil {
		t.Fatal(err)
	}
	if out.Level != 3 || out.Device != "pdu" {
		t.Errorf("got %+v, want level 3, pdu", out)
	}
	if !errors.Is(out.Errors, errSilent) || !errors.Is(out.Errors, ErrWrongMachine) {
		t.Errorf("the outcome hides what failed before: %v", out.Errors)
	}
	if want := []string{"pdu off " + machine}; !slices.Equal(calls, want) {
		t.Errorf("got calls %q, want %q", calls, want)
	}
	if power, err := l.Power(t.Context()); power != Off || err != nil {
		t.Errorf("got power %s, %v", power, err)
	}
	if err := l.On(t.Context()); err != nil {
		t.Error(err)
	}
	if power, _ := l.Power(t.Context()); power != On {
		t.Errorf("got power %s after On", power)
	}
}

func TestLadderJoinsAllErrors(t *testing.T) {
	l := Ladder{{Device: fails("bmc", errSilent)}, {Device: fails("pdu", ErrNotConfirmed)}}
	out, err := l.Fence(t.Context(), machine)
	if out.Level != 0 || out.Device != "" || !errors.Is(err, errSilent) || !errors.Is(err, ErrNotConfirmed) {
		t.Errorf("got %+v, %v", out, err)
	}
	for _, want := range []string{"level 1, bmc: ", "level 2, pdu: ", machine, "--confirm-off"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q is more than one line", err)
	}
	if l.Off(t.Context(), machine) == nil || l.On(t.Context()) == nil {
		t.Error("a ladder of failing levels succeeds")
	}
	if power, err := l.Power(t.Context()); power != Unknown || err == nil {
		t.Errorf("got power %s, %v", power, err)
	}
}

func TestLadderDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []string
		l := Ladder{{Device: hangs("bmc"), Timeout: 2 * time.Second}, {Device: works("pdu", &calls), Timeout: time.Second}}
		out, err := l.Fence(t.Context(), machine)
		if err != nil || out.Level != 2 || out.Took != 2*time.Second {
			t.Errorf("got %+v, %v, want level 2 after 2 s", out, err)
		}
		if !errors.Is(out.Errors, context.DeadlineExceeded) || !strings.Contains(out.Errors.Error(), "within 2s") {
			t.Errorf("%v does not name the deadline", out.Errors)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		calls = nil
		out, err = l.Fence(ctx, machine)
		if out.Level != 0 || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "pdu: not tried") {
			t.Errorf("got %+v, %v, want the second level not tried", out, err)
		}
		if len(calls) > 0 {
			t.Errorf("called after the caller's deadline: %q", calls)
		}
	})
}

func TestEmptyLadderIsNoProof(t *testing.T) {
	var l Ladder
	if err := l.Off(t.Context(), machine); !errors.Is(err, ErrNoDevice) {
		t.Errorf("got %v, want ErrNoDevice", err)
	}
	if _, err := l.Power(t.Context()); !errors.Is(err, ErrNoDevice) {
		t.Errorf("got %v, want ErrNoDevice", err)
	}
}

func TestFuncWithoutFunctionsIsNoProof(t *testing.T) {
	var f Func
	if err := f.Off(t.Context(), machine); !errors.Is(err, ErrNotConfirmed) {
		t.Errorf("got %v, want ErrNotConfirmed", err)
	}
	if err := f.On(t.Context()); err == nil {
		t.Error("On without a function succeeds")
	}
	if power, err := f.Power(t.Context()); power != Unknown || err == nil {
		t.Errorf("got %s, %v", power, err)
	}
}

func TestPathTest(t *testing.T) {
	var calls []string
	unsure := Func{Label: "unsure", PowerFunc: func(context.Context) (Power, error) { return Unknown, nil }}
	for _, tt := range []struct {
		device Device
		want   error
	}{
		{works("bmc", &calls), nil},
		{fails("bmc", errSilent), errSilent},
		{unsure, ErrUnknownPower},
	} {
		err := Test(t.Context(), tt.device)
		if !errors.Is(err, tt.want) || err != nil && !strings.Contains(err.Error(), tt.device.Name()) {
			t.Errorf("%s: got %v, want %v", tt.device.Name(), err, tt.want)
		}
	}
	if !slices.Equal(calls, []string{"bmc power"}) {
		t.Errorf("a path test did %q", calls)
	}
	synctest.Test(t, func(t *testing.T) {
		var calls []string
		got := Ladder{{Device: hangs("a"), Timeout: time.Second}, {Device: works("b", &calls)}}.Test(t.Context())
		if len(got) != 2 || got[0] == nil || got[1] != nil {
			t.Errorf("got %v, want the first level alone to fail", got)
		}
	})
}

func TestSameMachine(t *testing.T) {
	const zero = "00000000-0000-0000-0000-000000000000"
	for _, tt := range []struct {
		name, want, got string
		ok              bool
	}{
		{"same", machine, machine, true},
		{"case and hyphens", machine, "4C4C4544004230108051B4C04F4E4D32", true},
		{"another", machine, "4c4c4544-0042-3010-8051-b4c04f4e4d33", false},
		{"nothing reported", machine, "", false},
		{"nothing known", "", "", false},
		{"zero", zero, zero, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := SameMachine(tt.want, tt.got)
			if (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrWrongMachine) {
				t.Errorf("got %v, want match %v", err, tt.ok)
			}
		})
	}
}

func TestPowerNames(t *testing.T) {
	for power, want := range map[Power]string{Unknown: "unknown", On: "on", Off: "off", 7: "power(7)"} {
		if power.String() != want {
			t.Errorf("got %q, want %q", power, want)
		}
	}
}
