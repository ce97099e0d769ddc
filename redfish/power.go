package redfish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/sirupsen/logrus"
)

// Power reads the power state from the BMC itself, past every cache.
func (b *BMC) Power(ctx context.Context) (PowerState, error) {
	s, err := b.system(ctx, b.c.urgent)
	if err != nil {
		return PowerUnknown, b.errorf("read power", err)
	}
	return powerState(string(s.PowerState)), nil
}

// UUID reads the UUID of the system from the BMC itself.
func (b *BMC) UUID(ctx context.Context) (string, error) {
	s, err := b.system(ctx, b.c.urgent)
	if err != nil {
		return "", b.errorf("read UUID", err)
	}
	if canonicalUUID(s.UUID) == "" {
		return "", b.errorf("read UUID", fmt.Errorf("%w: UUID %q", ErrNoUUID, s.UUID))
	}
	return s.UUID, nil
}

// Warm opens the connection and the session that a fence will use, and reads
// the machine's identity through them.
func (b *BMC) Warm(ctx context.Context) error {
	_, err := b.system(ctx, b.c.fence)
	return b.errorf("warm the fence path", err)
}

// On switches the system on and waits until the BMC says so.
func (b *BMC) On(ctx context.Context) error {
	return b.errorf("power on", b.powerTo(ctx, []string{"On", "ForceOn"}, PowerOn))
}

// Off forces the system off. It returns nil only after two uncached reads in
// a row said Off; it does not ask which machine it is (Fence does).
func (b *BMC) Off(ctx context.Context) error {
	s, err := b.system(ctx, b.c.fence)
	if err != nil {
		return b.errorf("power off", err)
	}
	return b.errorf("power off", b.forceOff(ctx, s, ""))
}

// Fence powers off the machine with UUID want and proves it. Any error means
// that nothing is proved: the BMC did not answer, refused, named another
// machine (ErrWrongMachine) or none (ErrNoUUID), or power did not go off.
func (b *BMC) Fence(ctx context.Context, want string) error {
	begin := time.Now()
	err := b.fence(ctx, want)
	fields := logrus.Fields{"uuid": want, "took_ms": time.Since(begin).Milliseconds()}
	if err != nil {
		b.log.WithFields(fields).WithError(err).Warn("machine not fenced")
		return b.errorf("fence", err)
	}
	b.log.WithFields(fields).Warn("machine fenced")
	return nil
}

func (b *BMC) fence(ctx context.Context, want string) error {
	if canonicalUUID(want) == "" {
		return fmt.Errorf("%w: %q is no UUID to fence; take it from the node's DMI product_uuid", ErrNoUUID, want)
	}
	s, err := b.system(ctx, b.c.fence)
	if err != nil {
		return err
	}
	if err := identify(s, want); err != nil {
		b.forget() // the BMC may have been exchanged: find the system anew next time
		return err
	}
	return b.forceOff(ctx, s, want)
}

func identify(s *systemResource, want string) error {
	if want == "" {
		return nil
	}
	if canonicalUUID(s.UUID) == "" {
		return fmt.Errorf("%w: UUID %q", ErrNoUUID, s.UUID)
	}
	if !SameUUID(s.UUID, want) {
		return fmt.Errorf("%w: it has UUID %s, not %s; check the BMC's address", ErrWrongMachine, s.UUID, want)
	}
	return nil
}

// forceOff sends ForceOff, whatever the BMC said about power before (that may
// be old), and confirms.
func (b *BMC) forceOff(ctx context.Context, s *systemResource, want string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, b.cfg.OffTimeout,
		fmt.Errorf("%w within %v", ErrNotOff, b.cfg.OffTimeout))
	defer cancel()
	err := b.reset(ctx, s, "ForceOff", b.c.fence)
	if err != nil && !wasOff(s, err) {
		return fmt.Errorf("ForceOff: %w", err)
	}
	return b.confirmOff(ctx, want)
}

// wasOff accepts the refusal of BMCs that will not switch off what is off;
// the two reads that follow still have to say so.
func wasOff(s *systemResource, err error) bool {
	st := statusOf(err)
	return powerState(string(s.PowerState)) == PowerOff && (st == http.StatusBadRequest || st == http.StatusConflict)
}

// confirmOff waits until two reads in a row, each a request of its own that
// no cache may answer, say Off of the same machine.
func (b *BMC) confirmOff(ctx context.Context, want string) error {
	for offs, failures := 0, 0; ; {
		s, err := b.system(ctx, b.c.fence)
		if err == nil {
			if err := identify(s, want); err != nil {
				return err
			}
			failures = 0
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			if failures++; failures == maxReadFailures {
				return fmt.Errorf("%w: %w", ErrNotOff, err)
			}
			offs = 0
		case powerState(string(s.PowerState)) == PowerOff:
			offs++
		default:
			offs = 0
		}
		if offs == 2 {
			return nil
		}
		if offs == 0 && sleep(ctx, min(b.cfg.Poll, maxPowerPoll)) != nil {
			return context.Cause(ctx)
		}
	}
}

// maxReadFailures is how many reads in a row may fail while power goes off:
// some BMCs drop connections then.
const maxReadFailures = 5

// maxPowerPoll is the longest pause between two reads of power: a fence waits
// for it.
const maxPowerPoll = 100 * time.Millisecond

// powerTo sends the first reset type that the system allows and waits.
func (b *BMC) powerTo(ctx context.Context, types []string, want PowerState) error {
	s, err := b.system(ctx, b.c.urgent)
	if err != nil {
		return err
	}
	if powerState(string(s.PowerState)) == want {
		return nil
	}
	typ, err := b.allowed(ctx, s, types)
	if err != nil {
		return err
	}
	if err := b.reset(ctx, s, typ, b.c.urgent); err != nil {
		return err
	}
	for {
		got, err := b.Power(ctx)
		if err == nil && got == want {
			return nil
		}
		if sleep(ctx, min(b.cfg.Poll, maxPowerPoll)) != nil {
			return fmt.Errorf("power is %s, not %s: %w", got, want, context.Cause(ctx))
		}
	}
}

// Reset sends a reset of the given type (ForceRestart, GracefulRestart, On,
// ForceOff, Nmi ...) and returns when the BMC accepted it.
func (b *BMC) Reset(ctx context.Context, typ string) error {
	s, err := b.system(ctx, b.c.urgent)
	if err != nil {
		return b.errorf("reset", err)
	}
	if _, err = b.allowed(ctx, s, []string{typ}); err != nil {
		return b.errorf("reset", err)
	}
	return b.errorf("reset "+typ, b.reset(ctx, s, typ, b.c.urgent))
}

func (b *BMC) reset(ctx context.Context, s *systemResource, typ string, l *lane) error {
	target := s.refs.Actions.Reset.Target
	if target == "" {
		return errors.New("the system offers no reset action; has the BMC account the right to control power?")
	}
	path, err := b.c.origin.resolve(string(target))
	if err != nil {
		return err
	}
	// ForceOff twice is ForceOff once, so it may be repeated on a dead
	// connection; a restart may not.
	_, err = b.c.do(ctx, request{
		method: http.MethodPost, path: path, body: map[string]string{"ResetType": typ}, lane: l, repeatable: typ == "ForceOff",
	})
	return err
}

// allowed returns the first of types that the system allows. Where the BMC
// does not say what it allows, it is asked to do the first.
func (b *BMC) allowed(ctx context.Context, s *systemResource, types []string) (string, error) {
	have := s.refs.Actions.Reset.Allowable
	if len(have) == 0 && s.refs.Actions.Reset.ActionInfo != "" {
		have = b.actionInfo(ctx, s.refs.Actions.Reset.ActionInfo)
	}
	if len(have) == 0 {
		return types[0], nil
	}
	for _, t := range types {
		if slices.Contains(have, t) {
			return t, nil
		}
	}
	return "", fmt.Errorf("reset type %v is not among those of the system: %v", types, have)
}

func (b *BMC) actionInfo(ctx context.Context, l link) []string {
	resp, err := b.c.get(ctx, l, fresh, b.c.urgent)
	if err != nil {
		return nil
	}
	v, err := decode[struct {
		Parameters []struct {
			Name            string
			AllowableValues []string
		}
	}](resp.body)
	if err != nil {
		return nil
	}
	for _, p := range v.Parameters {
		if p.Name == "ResetType" {
			return p.AllowableValues
		}
	}
	return nil
}
