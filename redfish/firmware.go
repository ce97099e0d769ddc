package redfish

import (
	"context"
	"errors"

	"github.com/stmcginnis/gofish/schemas"
)

// Firmware is one line of a machine's firmware inventory: what runs, or waits
// in a second place, and whether the BMC can replace it.
type Firmware struct {
	Path    string `json:"path"`
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version string `json:"version"` // empty: the BMC does not say
	// Updateable is true where the BMC takes an update of it.
	Updateable bool   `json:"updateable"`
	Released   string `json:"released"` // as the BMC writes it, often empty
	Health     Health `json:"health"`
}

// FirmwareInventory is what FirmwareInventory returns.
type FirmwareInventory struct {
	Firmware []Firmware `json:"firmware"`
	// Problems are the lines that could not be read, each with its path.
	Problems []string `json:"problems"`
}

// ErrNoFirmware says that the BMC keeps no firmware inventory.
var ErrNoFirmware = errors.New("the BMC keeps no firmware inventory")

// FirmwareInventory reads what firmware the machine has, as its BMC keeps it.
func (b *BMC) FirmwareInventory(ctx context.Context) (*FirmwareInventory, error) {
	root, err := b.service(ctx, b.c.bulk)
	if err != nil {
		return nil, b.errorf("firmware", err)
	}
	if root.UpdateService == "" {
		return nil, b.errorf("firmware", ErrNoFirmware)
	}
	resp, err := b.c.get(ctx, root.UpdateService, revalidate, b.c.bulk)
	if absent(err) {
		return nil, b.errorf("firmware", ErrNoFirmware)
	}
	if err != nil {
		return nil, b.errorf("firmware", err)
	}
	update, err := decode[struct{ FirmwareInventory link }](resp.body)
	if err != nil {
		return nil, b.errorf("firmware", err)
	}
	if update.FirmwareInventory == "" {
		return nil, b.errorf("firmware", ErrNoFirmware)
	}
	ms, err := b.members(ctx, update.FirmwareInventory, revalidate)
	if err != nil {
		return nil, b.errorf("firmware", err)
	}
	return readFirmware(ms), nil
}

func readFirmware(ms []member) *FirmwareInventory {
	out := &FirmwareInventory{Firmware: []Firmware{}}
	var problems part
	for _, m := range ms {
		f, err := firmwareOf(m)
		if err != nil {
			problems.problem(m.path, err)
			continue
		}
		out.Firmware = append(out.Firmware, f)
	}
	out.Problems = problems.problems
	return out
}

func firmwareOf(m member) (Firmware, error) {
	if m.err != nil {
		return Firmware{}, m.err
	}
	v, err := decode[schemas.SoftwareInventory](m.raw)
	if err != nil {
		return Firmware{}, err
	}
	return Firmware{
		Path: componentPath(m.path), ID: v.ID, Name: clean(first(v.Name, v.ID)), Version: clean(v.Version), Updateable: v.Updateable,
		Released: v.ReleaseDate, Health: statusHealth(v.Status),
	}, nil
}
