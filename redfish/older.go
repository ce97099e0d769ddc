package redfish

//lint:file-ignore SA1019 older BMCs know only the properties that newer schemas deprecate

import "github.com/stmcginnis/gofish/schemas"

// The functions here read what newer schemas have moved elsewhere and older
// BMCs still fill.

func summaryHealth(s *schemas.ComputerSystem) (processors, memory Health) {
	return statusHealth(s.ProcessorSummary.Status), statusHealth(s.MemorySummary.Status)
}

func locationInfo(l schemas.Location) string { return l.Info }

func memoryLocator(m *schemas.Memory) string { return m.DeviceLocator }

func driveSlot(d *schemas.Drive) string {
	slot := slotOf(d.PhysicalLocation, "")
	for _, l := range d.Location {
		slot = first(slot, slotOf(l, ""))
	}
	return slot
}

func fanName(f *schemas.ThermalFan) string { return first(f.Name, f.FanName, f.MemberID) }
