package resource

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"
)

// Recover implements Resource. What a former daemon left is known by its record, of this boot of the kernel; the address may
// be another than the configured one by now. An address without record is not ours to remove, and an error (S9).
func (v *vip) Recover(ctx context.Context) (found bool, err error) {
	if err = v.takeTurn(ctx); err == nil {
		defer v.endTurn()
		if v.held() != nil {
			err = fmt.Errorf("%w, started by this daemon", ErrRunning)
		} else {
			found, err = v.inherit(ctx)
		}
	}
	if err != nil {
		return found, fmt.Errorf("recover %s: %w", v.spec.Name, err)
	}
	return found, nil
}

// inherit removes what a former daemon left, and verifies that the address is nowhere; the caller holds the turn.
func (v *vip) inherit(ctx context.Context) (found bool, err error) {
	k, err := openKernel(ctx)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrNotStopped, err)
	}
	defer k.close()
	where, left, err := v.heritage()
	if err != nil {
		return false, err
	}
	if left.IsValid() {
		if found, err = k.remove(left); err != nil {
			return found, err
		}
		if found {
			v.log.WithField("reason", where).Warn("removed the address that a former daemon left (S9)")
		}
	}
	there, err := k.find(v.own())
	if err != nil {
		return found, fmt.Errorf("%w: %w", ErrNotStopped, err)
	}
	if len(there) > 0 {
		return true, v.stranger(there[0])
	}
	v.verified()
	return found, nil
}

// writeIntent puts the coming hold on disk, before the address is added.
func (v *vip) writeIntent(env []string) error {
	boot, err := bootID()
	if err != nil {
		return err
	}
	if err := makeDir(v.spec.Dir); err != nil {
		return err
	}
	return writeRecord(v.record, record{
		Version: recordVersion, Name: v.spec.Name, Instance: serviceKey(v.spec.Dir, v.spec.Name), Boot: boot,
		Epoch: lookup(env, epochName), Command: []string{"vip", v.options.prefix.String(), v.options.Interface}, Written: time.Now().UTC(),
	})
}

// heritage reads from the record which address a former daemon may have left; it is not valid if none.
func (v *vip) heritage() (where string, left netip.Addr, err error) {
	rec, err := readRecord(v.record)
	if errors.Is(err, os.ErrNotExist) {
		return "", left, nil
	}
	if errors.Is(err, errBadRecord) {
		// Only hawser writes here: there was a record, and it was of this service.
		v.log.WithError(err).Warn("taking the configured address for that of the former daemon")
		return "damaged record", v.own(), nil
	}
	if err != nil {
		return "", left, err
	}
	boot, err := bootID()
	if err != nil {
		return "", left, err
	}
	if rec.Boot != boot || len(rec.Command) != 3 || rec.Command[0] != "vip" {
		return "", left, nil
	}
	p, err := netip.ParsePrefix(rec.Command[1])
	if err != nil {
		return "", left, fmt.Errorf("%w: %s names address %q: remove that by hand, then the file", errBadRecord, v.record, rec.Command[1])
	}
	return p.String() + " on " + rec.Command[2], p.Addr(), nil
}
