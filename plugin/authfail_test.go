package plugin

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
)

// raised is a Recorder that only takes events.
type raised struct {
	Recorder
	events chan cluster.Event
}

func (r raised) Raise(_ context.Context, e cluster.Event) error {
	r.events <- e
	return nil
}

func TestRefusedMessagesAreToldOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := raised{events: make(chan cluster.Event, 1000)}
		w := NewAuthWatch(r, "alpha", logrus.NewEntry(logrus.New()))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		from := func(host byte) netip.AddrPort {
			return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, host}), 4711)
		}
		burst := func() {
			for range 50 {
				w.Refused("mallory", from(1), errors.New("wrong digest"))
				synctest.Wait()
			}
		}
		burst()
		if got := len(r.events); got != 1 {
			t.Errorf("50 refusals of one user and address made %d events, want 1", got)
		}
		if e := <-r.events; e.Type != cluster.EventAuthFailure || e.NodeName != "alpha" || e.Setter != "mallory" {
			t.Errorf("event %+v", e)
		}
		w.Refused("mallory", from(2), errors.New("wrong digest"))
		time.Sleep(authEvery) // on the bubble's clock
		burst()
		synctest.Wait()
		if got := len(r.events); got != 2 {
			t.Errorf("another address, and the same a minute later, made %d events, want 2", got)
		}
		for host := range byte(200) {
			w.Refused("mallory", from(host+3), errors.New("wrong digest"))
			synctest.Wait()
		}
		if got := len(r.events); got > 2+authSources+1 {
			t.Errorf("200 addresses made %d events, want at most %d", got-2, authSources+1)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
