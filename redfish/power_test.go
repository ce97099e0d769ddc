package redfish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const smallUUID = "6f1c2b1e-0b57-4c53-9d0e-3a4f5b6c7d8e"

func TestSameUUID(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{smallUUID, strings.ToUpper(smallUUID), true},
		{smallUUID, "{" + smallUUID + "}", true},
		{smallUUID, "urn:uuid:" + smallUUID, true},
		{smallUUID, strings.ReplaceAll(smallUUID, "-", ""), true},
		{smallUUID, " " + smallUUID + "\n", true},
		{smallUUID, "7" + smallUUID[1:], false},
		{"", "", false},
		{"REMOVED_FROM_MOCK", "REMOVED_FROM_MOCK", false},
		{"00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000", false},
		{"ffffffff-ffff-ffff-ffff-ffffffffffff", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", false},
		{"00000000-0000-0000-0000-AC1F6B18A45A", "00000000-0000-0000-0000-ac1f6b18a45a", true},
	} {
		if got := SameUUID(tt.a, tt.b); got != tt.want {
			t.Errorf("SameUUID(%q, %q) = %v", tt.a, tt.b, got)
		}
	}
}

// powered makes the mock a machine that ForceOff switches off. say chooses
// what a read of the system says of power: n counts the reads after ForceOff.
func powered(m *mock, say func(r *http.Request, off bool, n int) string) *atomic.Bool {
	var off atomic.Bool
	var n atomic.Int32
	m.hook = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		switch {
		case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "ComputerSystem.Reset"):
			off.Store(strings.Contains(string(body), "ForceOff"))
			w.WriteHeader(http.StatusNoContent)
			return true
		case r.Method == http.MethodGet && treeKey(r.URL.Path) == "/redfish/v1/systems/1":
			if off.Load() {
				n.Add(1)
			}
			state := say(r, off.Load(), int(n.Load()))
			if state == "" {
				w.WriteHeader(http.StatusNotModified)
				return true
			}
			w.Header().Set("ETag", `"same"`)
			fmt.Fprint(w, strings.Replace(string(m.get(r.URL.Path)), `"PowerState":"On"`, `"PowerState":"`+state+`"`, 1))
			return true
		}
		return false
	}
	return &off
}

func TestOffIsReadTwicePastCaches(t *testing.T) {
	for _, tt := range []struct {
		name string
		say  func(r *http.Request, off bool, n int) string
		want error
	}{
		{name: "honest", say: func(_ *http.Request, off bool, _ int) string {
			if off {
				return "Off"
			}
			return "On"
		}},
		{name: "slow to go off", say: func(_ *http.Request, off bool, n int) string {
			switch {
			case !off:
				return "On"
			case n < 4:
				return "PoweringOff"
			}
			return "Off"
		}},
		{name: "says Off once, then On", say: func(_ *http.Request, off bool, n int) string {
			if off && n == 1 {
				return "Off"
			}
			return "On"
		}, want: ErrNotOff},
		{name: "alternates", say: func(_ *http.Request, _ bool, n int) string {
			return []string{"On", "Off"}[n%2]
		}, want: ErrNotOff},
		{name: "cached Off for those who allow caches", say: func(r *http.Request, _ bool, _ int) string {
			if strings.Contains(r.Header.Get("Cache-Control"), "no-cache") && r.Header.Get("If-None-Match") == "" {
				return "On"
			}
			return "Off"
		}, want: ErrNotOff},
		{name: "not modified", say: func(_ *http.Request, off bool, _ int) string {
			if off {
				return ""
			}
			return "On"
		}, want: ErrNotOff},
		{name: "unknown", say: func(_ *http.Request, off bool, _ int) string {
			if off {
				return "Unknown"
			}
			return "On"
		}, want: ErrNotOff},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := startMock(t, small())
			off := powered(m, tt.say)
			b := newBMC(t, m, func(c *Config) { c.OffTimeout = 100 * time.Millisecond })
			if tt.want == nil {
				b.cfg.OffTimeout = 5 * time.Second
			}
			// A collection before must not leave anything that a read may use.
			if _, err := b.Collect(t.Context()); err != nil {
				t.Fatal(err)
			}
			err := b.Fence(t.Context(), smallUUID)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("err %v, want %v", err, tt.want)
			}
			if !off.Load() {
				t.Error("ForceOff was not sent")
			}
		})
	}
}

// A BMC that names another machine between ForceOff and the read proves
// nothing about ours.
func TestMachineChangesUnderFence(t *testing.T) {
	m := startMock(t, small())
	powered(m, func(_ *http.Request, off bool, _ int) string {
		if off {
			return `Off","UUID":"11111111-2222-3333-4444-555555555555`
		}
		return "On"
	})
	if err := newBMC(t, m).Fence(t.Context(), smallUUID); err == nil {
		t.Error("fenced another machine")
	}
}

func TestOffWhenAlreadyOff(t *testing.T) {
	m := startMock(t, small())
	m.set("/redfish/v1/Systems/1", strings.Replace(string(m.get("/redfish/v1/Systems/1")), `"PowerState":"On"`, `"PowerState":"Off"`, 1))
	status := http.StatusBadRequest
	m.hook = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "ComputerSystem.Reset") {
			w.WriteHeader(status)
			return true
		}
		return false
	}
	b := newBMC(t, m)
	if err := b.Fence(t.Context(), smallUUID); err != nil {
		t.Errorf("a BMC that does not switch off what is off: %v", err)
	}
	for _, status = range []int{http.StatusForbidden, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		if err := b.Fence(t.Context(), smallUUID); err == nil {
			t.Errorf("fenced by status %d", status)
		}
	}
}

func TestFenceWithoutUUID(t *testing.T) {
	_, b := startTree(t, "openbmc-stock")
	if err := b.Fence(t.Context(), smallUUID); !errors.Is(err, ErrNoUUID) {
		t.Errorf("err %v, want ErrNoUUID", err)
	}
	if _, err := b.UUID(t.Context()); !errors.Is(err, ErrNoUUID) {
		t.Errorf("UUID: %v", err)
	}
}

// While a collection holds every slot and the login, a fence goes its own way.
func TestFenceBesideStuckCollection(t *testing.T) {
	m := startMock(t, small())
	off := powered(m, func(_ *http.Request, off bool, _ int) string {
		if off {
			return "Off"
		}
		return "On"
	})
	inner := m.hook
	stuck, free := make(chan struct{}, 8), make(chan struct{})
	m.hook = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/Sessions") {
			stuck <- struct{}{}
			select {
			case <-free:
			case <-r.Context().Done():
			}
			return false
		}
		return inner(w, r, body)
	}
	b := newBMC(t, m, func(c *Config) { c.MaxConcurrent = 1 })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = b.Collect(ctx)
	}()
	<-stuck // the collection hangs in its login
	err := b.Fence(t.Context(), smallUUID)
	cancel()
	close(free)
	<-done
	if err != nil || !off.Load() {
		t.Errorf("fence beside a stuck login: %v", err)
	}
}

func TestIndicatorAndBoot(t *testing.T) {
	m := startMock(t, small())
	conflicts := 1
	m.hook = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method != http.MethodPatch {
			return false
		}
		if conflicts > 0 {
			conflicts--
			w.WriteHeader(http.StatusPreconditionFailed)
			return true
		}
		w.WriteHeader(http.StatusNoContent)
		return true
	}
	b := newBMC(t, m)
	if err := b.Indicator(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := b.BootOnce(t.Context(), "Pxe"); err != nil {
		t.Fatal(err)
	}
	if err := b.BootOnce(t.Context(), "Floppy"); err == nil || !strings.Contains(err.Error(), "[None Pxe]") {
		t.Errorf("unknown target: %v", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var patches []string
	for i, r := range m.requests {
		if strings.HasPrefix(r, "PATCH") {
			patches = append(patches, m.bodies[i])
			if m.headers[i].Get("If-Match") != `"s1"` {
				t.Errorf("If-Match %q", m.headers[i].Get("If-Match"))
			}
		}
	}
	want := []string{
		`{"IndicatorLED":"Lit"}`, `{"IndicatorLED":"Lit"}`,
		`{"Boot":{"BootSourceOverrideEnabled":"Once","BootSourceOverrideTarget":"Pxe"}}`,
	}
	if strings.Join(patches, "\n") != strings.Join(want, "\n") {
		t.Errorf("writes %q, want %q", patches, want)
	}
}

func TestResetTypeIsChecked(t *testing.T) {
	m, b := startTree(t, "openbmc-stock") // its reset types stand in ActionInfo
	if err := b.Reset(t.Context(), "Explode"); err == nil || !strings.Contains(err.Error(), "ForceOff") {
		t.Errorf("err %v, want the allowed types", err)
	}
	if len(m.seen("POST /redfish/v1/Systems")) != 0 {
		t.Error("an unknown reset was sent")
	}
}

// Power reads of operators may hang; a fence does not wait for them.
func TestFenceBesideHungPowerReads(t *testing.T) {
	m := startMock(t, small())
	powered(m, func(_ *http.Request, off bool, _ int) string {
		if off {
			return "Off"
		}
		return "On"
	})
	b := newBMC(t, m, func(c *Config) { c.Timeout = time.Minute })
	if err := b.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	inner := m.hook
	hung, free := make(chan struct{}, 4), make(chan struct{})
	var reads atomic.Int32
	m.hook = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if r.Method == http.MethodGet && reads.Add(1) <= 2 {
			hung <- struct{}{}
			<-free
		}
		return inner(w, r, body)
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { _, _ = b.Power(t.Context()) })
	}
	<-hung
	<-hung
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := b.Fence(ctx, smallUUID)
	close(free)
	wg.Wait()
	if err != nil {
		t.Error(err)
	}
}

// A warm fence is four exchanges: identity, ForceOff, Off, Off.
func TestWarmFenceIsShort(t *testing.T) {
	m := startMock(t, small())
	powered(m, func(_ *http.Request, off bool, _ int) string {
		if off {
			return "Off"
		}
		return "On"
	})
	b := newBMC(t, m)
	if err := b.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := len(m.seen(""))
	if err := b.Fence(t.Context(), smallUUID); err != nil {
		t.Fatal(err)
	}
	if got := m.seen("")[before:]; len(got) != 4 {
		t.Errorf("requests %q, want 4", got)
	}
}
