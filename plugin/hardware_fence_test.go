package plugin

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"hawser/cluster/fence"
	"hawser/fixtures/bmc"
	"hawser/redfish"
)

func (r *rig) fence(t testing.TB, change ...func(*redfish.Config)) (fence.Device, *redfish.BMC) {
	t.Helper()
	b := r.connect(t, change...)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = b.Close(ctx)
	})
	return FenceDevices(map[string]*redfish.BMC{"db2": b})["db2"], b
}

func TestFence(t *testing.T) {
	r := newRig(t)
	device, _ := r.fence(t)
	if device.Name() != "bmc" {
		t.Errorf("name %q", device.Name())
	}
	if power, err := device.Power(t.Context()); power != fence.On || err != nil {
		t.Errorf("power %s, %v; want on", power, err)
	}
	if err := device.Off(t.Context(), testUUID); err != nil || r.server.State().Power != bmc.Off {
		t.Errorf("fence: %v, power %s", err, r.server.State().Power)
	}
	if power, err := device.Power(t.Context()); power != fence.Off || err != nil {
		t.Errorf("power %s, %v; want off", power, err)
	}
	if err := device.Off(t.Context(), testUUID); err != nil {
		t.Errorf("fence of a machine that is off: %v", err)
	}
	if err := device.On(t.Context()); err != nil || r.server.State().Power != bmc.On {
		t.Errorf("power on: %v, power %s", err, r.server.State().Power)
	}
}

// TestWhatIsNoFence: nothing but a confirmed Off of that machine is proof.
func TestWhatIsNoFence(t *testing.T) {
	const other = "11111111-2222-3333-4444-555555555555"
	tests := []struct {
		name   string
		fault  func(*bmc.Faults)
		uuid   string
		want   error
		offers bool // the machine must not have been touched
	}{
		{"wrong machine", func(f *bmc.Faults) { f.WrongUUID(other) }, testUUID, fence.ErrWrongMachine, true},
		{"another node's UUID", func(*bmc.Faults) {}, other, fence.ErrWrongMachine, true},
		{"no UUID of the node", func(*bmc.Faults) {}, "", fence.ErrWrongMachine, true},
		{"power action ignored", func(f *bmc.Faults) { f.IgnorePower(true) }, testUUID, fence.ErrNotConfirmed, true},
		{"power action refused", func(f *bmc.Faults) { f.RefusePower(true) }, testUUID, nil, true},
		{"silent", func(f *bmc.Faults) { f.Silent(bmc.Closing) }, testUUID, nil, true},
		{"hanging", func(f *bmc.Faults) { f.Silent(bmc.Hanging) }, testUUID, nil, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			device, _ := r.fence(t, func(cfg *redfish.Config) { cfg.Timeout, cfg.OffTimeout = 500*time.Millisecond, 500*time.Millisecond })
			test.fault(r.server.Faults())
			err := device.Off(t.Context(), test.uuid)
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("got %v, want an error (%v)", err, test.want)
			}
			if r.server.State().Power != bmc.On {
				t.Error("the machine was switched off")
			}
		})
	}
}

// TestClaimedOff: a BMC that says Off of a machine that runs is told to switch it off all the same.
func TestClaimedOff(t *testing.T) {
	r := newRig(t)
	device, _ := r.fence(t)
	r.server.Faults().ClaimOff(true)
	err := device.Off(t.Context(), testUUID)
	if state := r.server.State().Power; err == nil && state != bmc.Off {
		t.Errorf("fence is proved while the machine is %s", state)
	}
	if acts := r.resets(); len(acts) == 0 || acts[0] != bmc.ResetForceOff {
		t.Errorf("acts %v, want ForceOff whatever the BMC claims", acts)
	}
}

// TestFenceDoesNotWaitForACollection: the collection holds the only slot for readings, at a BMC that is slow.
func TestFenceDoesNotWaitForACollection(t *testing.T) {
	r := newRig(t)
	device, b := r.fence(t, func(cfg *redfish.Config) { cfg.MaxConcurrent = 1 })
	if err := b.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.server.Faults().Slow(100 * time.Millisecond)
	began := time.Now()
	if err := device.Off(t.Context(), testUUID); err != nil {
		t.Fatal(err)
	}
	alone := time.Since(began)
	if err := device.On(t.Context()); err != nil {
		t.Fatal(err)
	}

	requests := b.Requests()
	var readings sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer readings.Wait()
	defer cancel()
	readings.Go(func() { _, _ = b.Collect(ctx) }) // it is cut short in the end
	for b.Requests() == requests {
		time.Sleep(time.Millisecond)
	}
	began = time.Now()
	if err := device.Off(t.Context(), testUUID); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 2*alone+200*time.Millisecond {
		t.Errorf("a fence took %v beside a collection, %v alone", took, alone)
	}
}
