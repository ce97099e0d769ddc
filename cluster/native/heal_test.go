package native

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
	"hawser/cluster/heartbeat"
)

// fakeAddress is a service that neighbours remember and that can tell beforehand whether it could run.
type fakeAddress struct {
	*fakeService

	mu    sync.Mutex // guards below
	unfit error
	told  []string
}

func (f *fakeAddress) Check(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.unfit
}

func (f *fakeAddress) Announce(reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, reason)
}

func (f *fakeAddress) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unfit = err
}

func TestALinkThatComesBackIsSeenOnce(t *testing.T) {
	var h heals
	report := func(front, back heartbeat.LinkState) *heartbeat.Report {
		return &heartbeat.Report{Peers: []heartbeat.PeerReport{{Name: "b", Links: []heartbeat.LinkStatus{
			{Index: 1, Name: "front", State: front}, {Index: 2, Name: "back", State: back},
		}}}}
	}
	for i, tt := range []struct {
		front, back heartbeat.LinkState
		want        string
	}{
		{heartbeat.LinkUnknown, heartbeat.LinkUp, ""},
		{heartbeat.LinkUp, heartbeat.LinkUp, ""}, // it comes up for the first time: nobody remembers anything
		{heartbeat.LinkDown, heartbeat.LinkUp, ""},
		{heartbeat.LinkDown, heartbeat.LinkUp, ""},
		{heartbeat.LinkUp, heartbeat.LinkUp, "b is heard again on front"},
		{heartbeat.LinkUp, heartbeat.LinkUp, ""},
		{heartbeat.LinkUp, heartbeat.LinkDown, ""},
		{heartbeat.LinkUp, heartbeat.LinkUnknown, ""},
		{heartbeat.LinkUp, heartbeat.LinkLossy, "b is heard again on back"},
	} {
		if got := h.saw(report(tt.front, tt.back)); got != tt.want {
			t.Errorf("report %d: %q, want %q", i, got, tt.want)
		}
	}
	address := &fakeAddress{fakeService: newFakeService()}
	a := &agent{instances: []*instance{{resource: newFakeService()}, {resource: address}}}
	a.announce("test")
	if len(address.told) != 1 {
		t.Errorf("the service was told %v", address.told)
	}
}

func TestAServiceAtRestSaysWhetherItCouldRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		address := &fakeAddress{fakeService: newFakeService(), unfit: errors.New("no carrier")}
		told := 0
		in := newInstance(cluster.ServiceSpec{Name: "vip", Mode: cluster.ModeActiveStandby, StopBudget: time.Second, Policy: cluster.DefaultPolicy()},
			nil, address, nil, quiet(), func() { told++ })
		begin := time.Now()
		in.clock = func() time.Duration { return time.Since(begin) }
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- in.run(ctx) }()
		synctest.Wait()
		if got := in.status().Unfit; got != "no carrier" || told == 0 {
			t.Errorf("it says %q, and the leader was told %d times", got, told)
		}
		address.set(nil)
		time.Sleep(2 * fitEvery)
		if got := in.status().Unfit; got != "" {
			t.Errorf("with a carrier it says %q", got)
		}
		address.set(errors.New("no carrier"))
		in.give(cluster.Order{Service: "vip", Run: true, Epoch: benchEpoch, Lease: 4 * time.Second, Policy: cluster.DefaultPolicy()}, in.clock()+4*time.Second)
		synctest.Wait()
		if got := in.status(); got.Unfit != "" || got.State != cluster.InstanceActive {
			t.Errorf("where it runs it says %+v", got)
		}
		in.give(cluster.Order{Service: "vip", Epoch: benchEpoch, Policy: cluster.DefaultPolicy()}, 0)
		time.Sleep(2 * fitEvery)
		if got := in.status(); !strings.Contains(got.Unfit, "no carrier") || got.State != cluster.InstanceStandby {
			t.Errorf("back at rest it says %+v", got)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
