package plugin

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

// physical is one row of entPhysicalTable: a component or a sensor.
type physical struct {
	index, parent uint32
	class         int
	position      int // among the parts of its class in the same parent; -1: not known
	part          cluster.HardwarePart
	sensor        *cluster.HardwareSensor // of a sensor; then part holds its name, health and state
	machine       *cluster.HardwareSystem // of the chassis that is the machine
}

// physicalParts are all parts of a machine that have a number, in the order of their numbers. A part of which nothing is
// heard keeps its former class: an empty slot whose BMC is silent is a slot still.
func physicalParts(hw cluster.Hardware, index map[string]uint32, former map[uint32]int) []physical {
	out := make([]physical, 0, len(hw.Components)+len(hw.Sensors))
	taken := map[uint32]bool{0: true}
	add := func(key, parent string, p physical) {
		p.index, p.parent = index[key], index[parent]
		if class, ok := former[p.index]; ok && p.part.State == "" {
			p.class = class
		}
		if !taken[p.index] { // a part and its reading may be one thing at a BMC
			taken[p.index] = true
			out = append(out, p)
		}
	}
	for _, part := range hw.Components {
		add(part.Key, part.ParentKey, physical{class: physicalClass(part), part: part})
	}
	for _, s := range hw.Sensors {
		add(s.Key, s.ParentKey, physical{class: mib.PhysicalSensor, sensor: &s, part: cluster.HardwarePart{
			Name: s.Name, Class: "sensor", Health: s.Health, State: s.State,
		}})
	}
	slices.SortFunc(out, func(a, b physical) int { return cmp.Compare(a.index, b.index) })
	root(out)
	place(out)
	if i := machineChassis(out, hw.System); i >= 0 {
		out[i].machine = &hw.System
	}
	return out
}

// root takes away the parent of a part that hangs on nothing or on itself, so that every part hangs on the tree.
func root(parts []physical) {
	at := make(map[uint32]int, len(parts))
	for i, p := range parts {
		at[p.index] = i
	}
	for i := range parts {
		if _, there := at[parts[i].parent]; !there || below(parts, at, i) {
			parts[i].parent = 0
		}
	}
}

// below says whether a part stands among those that it hangs on.
func below(parts []physical, at map[uint32]int, i int) bool {
	up := parts[i].parent
	for range parts {
		if up == parts[i].index {
			return true
		}
		j, there := at[up]
		if !there {
			return false
		}
		up = parts[j].parent
	}
	return false // a circle of others, which is cut at one of them
}

// place numbers the parts of one class within their parent: as their slots are numbered, else in the order of their
// indexes.
func place(parts []physical) {
	type home struct {
		parent uint32
		class  int
	}
	siblings := map[home][]int{}
	for i, p := range parts {
		parts[i].position = -1
		if p.parent != 0 {
			h := home{p.parent, p.class}
			siblings[h] = append(siblings[h], i)
		}
	}
	for _, rows := range siblings {
		slots := slotNumbers(parts, rows)
		for n, i := range rows {
			parts[i].position = n + 1
			if slots != nil {
				parts[i].position = slots[n]
			}
		}
	}
}

// slotNumbers are the numbers at the ends of the slots; nil unless each has one of its own.
func slotNumbers(parts []physical, rows []int) []int {
	seen, out := map[int]bool{}, make([]int, 0, len(rows))
	for _, i := range rows {
		slot := parts[i].part.Slot
		n, err := strconv.ParseInt(slot[len(strings.TrimRight(slot, "0123456789")):], 10, 31)
		if err != nil || seen[int(n)] {
			return nil
		}
		seen[int(n)] = true
		out = append(out, int(n))
	}
	return out
}

// machineChassis finds the chassis that is the machine: the one with its serial number, else the only outermost one; -1: it
// is not known.
func machineChassis(parts []physical, sys cluster.HardwareSystem) int {
	only, outermost := -1, 0
	for i, p := range parts {
		switch {
		case p.class != mib.PhysicalChassis:
		case sys.Serial != "" && p.part.Serial == sys.Serial:
			return i
		case p.parent == 0:
			only = i
			outermost++
		}
	}
	if outermost != 1 {
		return -1
	}
	return only
}

var physicalClasses = map[int]int{
	mib.HwClassChassis: mib.PhysicalChassis, mib.HwClassBoard: mib.PhysicalModule, mib.HwClassProcessor: mib.PhysicalCPU,
	mib.HwClassMemory: mib.PhysicalModule, mib.HwClassStorageController: mib.PhysicalModule, mib.HwClassDrive: mib.PhysicalStorageDrive,
	mib.HwClassNetworkAdapter: mib.PhysicalModule, mib.HwClassNetworkPort: mib.PhysicalPort, mib.HwClassPowerSupply: mib.PhysicalPowerSupply,
	mib.HwClassFan: mib.PhysicalFan, mib.HwClassBattery: mib.PhysicalBattery, mib.HwClassBmc: mib.PhysicalModule,
}

// physicalClass is IANA's word for a part. An empty slot is a container.
func physicalClass(part cluster.HardwarePart) int {
	if hwState(part.State) == mib.HwStateAbsent {
		return mib.PhysicalContainer
	}
	if class, ok := physicalClasses[hwClass(part.Class)]; ok {
		return class
	}
	return mib.PhysicalOther
}

func renderEntPhysical(f entityFacts, r *rows) {
	for _, p := range f.parts {
		r.row(p.index)
		p.renderPlace(r)
		p.renderIdentity(r)
	}
}

func (p physical) renderPlace(r *rows) {
	r.text(mib.EntPhysicalDescr, p.descr())
	r.put(mib.EntPhysicalVendorType, snmp.ObjectID(snmp.OID{0, 0}))
	r.number(mib.EntPhysicalContainedIn, int64(p.parent))
	r.label(mib.EntPhysicalClass, p.class)
	r.number(mib.EntPhysicalParentRelPos, int64(p.position))
	r.text(mib.EntPhysicalName, p.part.Name)
	r.truth(mib.EntPhysicalIsFRU, p.replaceable())
}

func (p physical) renderIdentity(r *rows) {
	var maker, uris string
	var uuid []byte
	firmware, serial := p.part.Firmware, p.part.Serial
	model := p.part.Model
	if m := p.machine; m != nil {
		maker, uuid = m.Manufacturer, uuidOctets(m.UUID)
		firmware, serial, model = cmp.Or(firmware, m.BIOSVersion), cmp.Or(serial, m.Serial), cmp.Or(model, m.Model)
		if uuid != nil {
			uris = "urn:uuid:" + strings.ToLower(m.UUID)
		}
	}
	r.text(mib.EntPhysicalHardwareRev, "")
	r.text(mib.EntPhysicalFirmwareRev, firmware)
	r.text(mib.EntPhysicalSoftwareRev, "")
	r.text(mib.EntPhysicalSerialNum, serial)
	r.text(mib.EntPhysicalMfgName, maker)
	r.text(mib.EntPhysicalModelName, model)
	r.text(mib.EntPhysicalAlias, "")
	r.text(mib.EntPhysicalAssetID, "")
	r.octets(mib.EntPhysicalMfgDate, make([]byte, 8)) // not known (RFC 6933)
	r.text(mib.EntPhysicalUris, uris)
	r.octets(mib.EntPhysicalUUID, uuid)
}

// descr is what distinguishes this kind of part: its model, else its name, with the slot that it sits in.
func (p physical) descr() string {
	what := cmp.Or(p.part.Model, p.part.Name)
	if p.class == mib.PhysicalContainer {
		what = "empty slot for " + cmp.Or(p.part.Class, "a part")
	}
	if slot := p.part.Slot; slot != "" && slot != what {
		return what + " in " + slot
	}
	return what
}

// replaceable says whether a technician swaps the part for another: what sits in a slot of its own, and of the rest what
// carries a serial number.
func (p physical) replaceable() bool {
	switch p.class {
	case mib.PhysicalChassis, mib.PhysicalPowerSupply, mib.PhysicalFan, mib.PhysicalStorageDrive, mib.PhysicalBattery, mib.PhysicalCPU:
		return true
	case mib.PhysicalModule:
		return p.part.Serial != ""
	}
	return false
}

// uuidOctets reads a UUID; nil if the text is none.
func uuidOctets(text string) []byte {
	octets, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(octets) != 16 || len(text) != 36 {
		return nil
	}
	return octets
}

// renderEntContains makes rows in the order of their names, so that two renderings of the same parts are alike.
func renderEntContains(f entityFacts, r *rows) {
	byParent := slices.Clone(f.parts)
	slices.SortStableFunc(byParent, func(a, b physical) int { return cmp.Compare(a.parent, b.parent) })
	for _, p := range byParent {
		if p.parent != 0 {
			r.row(p.parent, p.index)
			r.number(mib.EntPhysicalChildIndex, int64(p.index))
		}
	}
}

func renderEntGeneral(f entityFacts, r *rows) {
	r.row(0)
	r.put(mib.EntLastChangeTime, snmp.TimeTicks(f.changed))
}
