package redfish

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/stmcginnis/gofish/schemas"
)

// storageRefs are the links that gofish keeps to itself.
type storageRefs struct {
	Controllers, Volumes link
	Drives               links
	DrivesCount          int `json:"Drives@odata.count"`
	StorageControllers   []json.RawMessage
}

func (b *BMC) storage(refs systemRefs, home string) branch {
	return func(ctx context.Context) part {
		p := b.each(ctx, refs.Storage, ClassStorage, home, func(p *part, m member) error {
			return b.storageUnit(ctx, p, m, home)
		})
		if len(p.components) > 0 {
			return p
		}
		// Simple storage is the older, poorer view of the same disks.
		p.merge(b.each(ctx, refs.SimpleStorage, ClassStorage, home, func(p *part, m member) error {
			return simpleStorage(p, m, home)
		}))
		return p
	}
}

func (b *BMC) storageUnit(ctx context.Context, p *part, m member, home string) error {
	v, err := decode[schemas.Storage](m.raw)
	if err != nil {
		return err
	}
	refs, err := decode[storageRefs](m.raw)
	if err != nil {
		return err
	}
	self := componentPath(m.path)
	p.add(Component{Path: m.path, Parent: home, Class: ClassStorage, Name: first(v.Name, v.ID)}, v.Status)
	p.embedded(refs.StorageControllers, self, "StorageControllers", ClassStorage, func(path string, raw []byte) error {
		return addController(p, member{path: path, raw: raw}, self)
	})
	countProblem(p, self, "Drives", refs.DrivesCount, len(refs.Drives))
	p.merge(b.parallel(
		ctx,
		func(ctx context.Context) part {
			return b.each(ctx, refs.Controllers, ClassStorage, self, func(p *part, m member) error { return addController(p, m, self) })
		},
		func(ctx context.Context) part {
			var q part
			q.addAll(b.fetchAll(ctx, refs.Drives, revalidate), ClassDrive, self, func(p *part, m member) error { return addDrive(p, m, self) })
			return q
		},
		func(ctx context.Context) part {
			return b.each(ctx, refs.Volumes, ClassVolume, self, func(p *part, m member) error { return addVolume(p, m, self) })
		},
	))
	return nil
}

func addController(p *part, m member, self string) error {
	v, err := decode[schemas.StorageController](m.raw)
	if err != nil {
		return err
	}
	p.add(Component{
		Path: m.path, Parent: self, Class: ClassStorage, Slot: slotOf(v.Location, ""), Name: first(v.Name, v.Model, v.ID, "controller"),
		Model: v.Model, Serial: v.SerialNumber, Firmware: v.FirmwareVersion,
	}, v.Status)
	return nil
}

func addDrive(p *part, m member, self string) error {
	v, err := decode[schemas.Drive](m.raw)
	if err != nil {
		return err
	}
	p.add(Component{
		Path: m.path, Parent: self, Class: ClassDrive, Slot: driveSlot(v), Name: first(v.Name, v.ID), Model: first(v.Model, v.PartNumber),
		Serial: v.SerialNumber, Firmware: first(v.FirmwareVersion, v.Revision), PredictedFailure: v.FailurePredicted,
	}, v.Status)
	return nil
}

func addVolume(p *part, m member, self string) error {
	v, err := decode[schemas.Volume](m.raw)
	if err != nil {
		return err
	}
	p.add(Component{
		Path: m.path, Parent: self, Class: ClassVolume, Name: first(v.DisplayName, v.Name, v.ID),
		Model: first(string(v.RAIDType), string(v.VolumeType)),
	}, v.Status)
	return nil
}

func simpleStorage(p *part, m member, home string) error {
	v, err := decode[schemas.SimpleStorage](m.raw)
	if err != nil {
		return err
	}
	self := componentPath(m.path)
	p.add(Component{Path: m.path, Parent: home, Class: ClassStorage, Name: first(v.Name, v.ID)}, v.Status)
	for i, d := range v.Devices {
		p.add(Component{
			Path: self + "#/Devices/" + strconv.Itoa(i), Parent: self, Class: ClassDrive, Name: d.Name, Model: d.Model,
			Slot: strconv.Itoa(i),
		}, d.Status)
	}
	return nil
}

// embedded walks members that stand inside their resource: each has its own
// @odata.id or is addressed by a fragment.
func (p *part) embedded(raws []json.RawMessage, parent, array string, class Class, add func(path string, raw []byte) error) {
	for i, raw := range raws {
		var id struct {
			ID string `json:"@odata.id"`
		}
		_ = json.Unmarshal(raw, &id) // an element without id is addressed by its place
		path := first(id.ID, parent+"#/"+array+"/"+strconv.Itoa(i))
		if fragment(path) == "#" && samePath(path, parent) {
			path = parent + "#/" + array + "/" + strconv.Itoa(i)
		}
		if err := add(path, raw); err != nil {
			p.problem(path, err)
			if class != ClassSensor {
				p.components = append(p.components, Component{
					Path: componentPath(path), Parent: parent, Class: class, Name: array + " " + strconv.Itoa(i), Health: HealthUnknown,
				})
			}
		}
	}
}
