package redfish

import (
	"context"

	"github.com/stmcginnis/gofish/schemas"
)

// add appends c with its path cleaned; health and state are taken from st.
func (p *part) add(c Component, st schemas.Status) {
	c.Path = componentPath(c.Path)
	c.Name, c.Model, c.Serial = clean(c.Name), clean(c.Model), clean(c.Serial)
	c.Firmware, c.Slot = clean(c.Firmware), clean(c.Slot)
	c.Health, c.State = statusHealth(st), string(st.State)
	if !c.Present() {
		c.Health = HealthUnknown // HPE calls an empty slot OK
	}
	p.components = append(p.components, c)
}

// componentPath drops a trailing slash, keeps a fragment.
func componentPath(path string) string {
	if frag := fragment(path); frag != "#" {
		return trimPath(path) + frag
	}
	return trimPath(path)
}

func (b *BMC) managers(sys *systemResource, home string) branch {
	return func(ctx context.Context) part {
		var p part
		ms := b.fetchAll(ctx, sys.refs.Links.ManagedBy, revalidate)
		if len(ms) == 0 {
			ms = b.onlyManager(ctx, &p)
		}
		p.addAll(ms, ClassBMC, home, func(p *part, m member) error {
			v, err := decode[schemas.Manager](m.raw)
			if err != nil {
				return err
			}
			p.bmcVersion = first(p.bmcVersion, v.FirmwareVersion)
			p.add(Component{
				Path: m.path, Parent: home, Class: ClassBMC, Name: first(v.Name, v.ID), Model: v.Model,
				Serial: v.SerialNumber, Firmware: v.FirmwareVersion,
			}, v.Status)
			return nil
		})
		return p
	}
}

// onlyManager lists the managers of a BMC whose system does not name its own.
func (b *BMC) onlyManager(ctx context.Context, p *part) []member {
	root, err := b.service(ctx, b.c.bulk)
	if err != nil || root.Managers == "" {
		return nil
	}
	ms, err := b.members(ctx, root.Managers, revalidate)
	if err != nil {
		p.problem(string(root.Managers), err)
	}
	return ms
}

func (b *BMC) processors(l link, home string) branch {
	return func(ctx context.Context) part {
		return b.each(ctx, l, ClassCPU, home, func(p *part, m member) error {
			v, err := decode[schemas.Processor](m.raw)
			if err != nil {
				return err
			}
			p.add(Component{
				Path: m.path, Parent: home, Class: ClassCPU, Slot: slotOf(v.Location, v.Socket),
				Name: first(v.Socket, v.Name, v.ID), Model: first(v.Model, string(v.ProcessorType)),
				Serial: v.SerialNumber, Firmware: v.FirmwareVersion,
			}, v.Status)
			return nil
		})
	}
}

func (b *BMC) memory(l link, home string) branch {
	return func(ctx context.Context) part {
		return b.each(ctx, l, ClassMemory, home, func(p *part, m member) error {
			v, err := decode[schemas.Memory](m.raw)
			if err != nil {
				return err
			}
			p.add(Component{
				Path: m.path, Parent: home, Class: ClassMemory, Slot: slotOf(v.Location, memoryLocator(v)),
				Name: first(memoryLocator(v), v.Name, v.ID), Model: first(v.PartNumber, v.Model),
				Serial: v.SerialNumber, Firmware: v.FirmwareRevision,
			}, v.Status)
			return nil
		})
	}
}

func (b *BMC) ports(l link, home string) branch {
	return func(ctx context.Context) part {
		return b.each(ctx, l, ClassPort, home, func(p *part, m member) error {
			v, err := decode[schemas.EthernetInterface](m.raw)
			if err != nil {
				return err
			}
			p.add(Component{
				Path: m.path, Parent: home, Class: ClassPort, Name: first(v.Name, v.ID),
				Serial: first(v.PermanentMACAddress, v.MACAddress), Model: string(v.EthernetInterfaceType), Slot: v.ID,
			}, v.Status)
			return nil
		})
	}
}

func (b *BMC) adapters(l link, home string) branch {
	return func(ctx context.Context) part {
		return b.each(ctx, l, ClassNIC, home, func(p *part, m member) error {
			v, err := decode[schemas.NetworkAdapter](m.raw)
			if err != nil {
				return err
			}
			c := Component{
				Path: m.path, Parent: home, Class: ClassNIC, Slot: slotOf(v.Location, ""),
				Name: first(v.Name, v.ID), Model: first(v.Model, v.PartNumber), Serial: v.SerialNumber,
			}
			for _, ctl := range v.Controllers {
				c.Firmware = first(c.Firmware, ctl.FirmwarePackageVersion)
				c.Slot = first(c.Slot, slotOf(ctl.Location, ""))
			}
			p.add(c, v.Status)
			return nil
		})
	}
}
