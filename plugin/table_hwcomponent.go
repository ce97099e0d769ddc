package plugin

import (
	"cmp"
	"slices"

	"hawser/cluster"
	"hawser/mib"
)

func renderHwComponents(s sight, r *rows) {
	for _, n := range hardwareNodes(s.known) {
		parts := slices.Clone(hardwareOf(s.known, n.name).Components)
		index := func(key string) uint32 { return s.known.Index(hwKind(n.name), key) }
		slices.SortFunc(parts, func(a, b cluster.HardwarePart) int { return cmp.Compare(index(a.Key), index(b.Key)) })
		for _, part := range parts {
			if index(part.Key) == 0 {
				continue
			}
			r.row(n.index, index(part.Key))
			r.label(mib.HawserHwComponentClass, hwClass(part.Class))
			r.number(mib.HawserHwComponentParentIndex, int64(index(part.ParentKey)))
			r.text(mib.HawserHwComponentSlot, part.Slot)
			r.text(mib.HawserHwComponentName, part.Name)
			r.text(mib.HawserHwComponentModel, part.Model)
			r.text(mib.HawserHwComponentSerial, part.Serial)
			r.text(mib.HawserHwComponentFirmware, part.Firmware)
			r.label(mib.HawserHwComponentHealth, int(part.Health))
			r.label(mib.HawserHwComponentState, hwState(part.State))
			r.truth(mib.HawserHwComponentPredictedFailure, part.PredictedFailure)
		}
	}
}

var hwClasses = map[string]int{
	"chassis": mib.HwClassChassis, "board": mib.HwClassBoard, "cpu": mib.HwClassProcessor, "processor": mib.HwClassProcessor,
	"memory": mib.HwClassMemory, "storage": mib.HwClassStorageController, "storagecontroller": mib.HwClassStorageController,
	"drive": mib.HwClassDrive, "volume": mib.HwClassVolume, "nic": mib.HwClassNetworkAdapter,
	"networkadapter": mib.HwClassNetworkAdapter, "port": mib.HwClassNetworkPort, "networkport": mib.HwClassNetworkPort,
	"powersupply": mib.HwClassPowerSupply, "fan": mib.HwClassFan, "battery": mib.HwClassBattery, "bmc": mib.HwClassBmc,
	"firmware": mib.HwClassFirmware,
}

func hwClass(word string) int { return wordOr(hwClasses, word, mib.HwClassOther) }

// hwStates are the words of Redfish's Status.State (DSP2046) in the module's shorter list.
var hwStates = map[string]int{
	"enabled": mib.HwStateEnabled, "inuse": mib.HwStateEnabled, "qualified": mib.HwStateEnabled, "degraded": mib.HwStateEnabled,
	"disabled": mib.HwStateDisabled, "absent": mib.HwStateAbsent, "standbyoffline": mib.HwStateStandby,
	"standbyspare": mib.HwStateStandby, "quiesced": mib.HwStateStandby, "starting": mib.HwStateStarting,
	"intest": mib.HwStateStarting, "updating": mib.HwStateUpdating, "unavailableoffline": mib.HwStateOffline,
	"offline": mib.HwStateOffline,
}

func hwState(word string) int { return wordOr(hwStates, word, mib.HwStateUnknown) }

// sameComponents says whether no component was read anew: readings of sensors and settings come far more often.
func sameComponents(old, now *cluster.State) bool {
	return sameHardware(old, now, func(a, b *cluster.Hardware) bool {
		return sameSlice(a.Components, b.Components) && a.BMCState == b.BMCState
	})
}

// sameHardware compares the hardware of every node of the configuration.
func sameHardware(old, now *cluster.State, same func(a, b *cluster.Hardware) bool) bool {
	if len(old.Hardware) != len(now.Hardware) || !slices.EqualFunc(old.Spec.Nodes, now.Spec.Nodes, sameNode) {
		return false
	}
	for name, b := range now.Hardware {
		a := old.Hardware[name]
		if a != b && (a == nil || b == nil || !same(a, b)) {
			return false
		}
	}
	return true
}

func sameNode(a, b cluster.NodeSpec) bool { return a.Name == b.Name && a.HasBMC == b.HasBMC }

// sameSlice says whether two slices are the very same memory. States share what did not change and replace the rest, so
// this is enough, and comparing contents is not needed.
func sameSlice[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
