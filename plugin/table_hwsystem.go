package plugin

import (
	"strings"

	"hawser/cluster"
	"hawser/mib"
)

// hardwareNodes are the nodes that have a BMC, or had one when their hardware was last read.
func hardwareNodes(state *cluster.State) []indexed {
	var names []string
	for _, n := range state.Spec.Nodes {
		if n.HasBMC || state.Hardware[n.Name] != nil {
			names = append(names, n.Name)
		}
	}
	return sortedBy(state, kindNode, names)
}

// hardwareOf is what is known of a node's hardware; before the first reading everything is unknown.
func hardwareOf(state *cluster.State, node string) cluster.Hardware {
	if hw := state.Hardware[node]; hw != nil {
		return *hw
	}
	return cluster.Hardware{Node: node}
}

func renderHwSystems(s sight, r *rows) {
	for _, n := range hardwareNodes(s.known) {
		hw, settings := hardwareOf(s.known, n.name), countSettings(s.known, n.name)
		sys := hw.System
		r.row(n.index)
		if !hw.Collected.IsZero() {
			renderIdentity(sys, r)
		}
		r.label(mib.HawserHwSystemPowerState, int(sys.Power))
		r.label(mib.HawserHwSystemHealth, int(sys.Health))
		r.text(mib.HawserHwSystemHealthReason, sys.HealthReason)
		r.label(mib.HawserHwSystemIndicatorLed, indicatorLED(sys.IndicatorLED))
		r.label(mib.HawserHwSystemBootOverride, bootOverride(sys.BootOverride))
		r.number(mib.HawserHwSystemSettingsInSync, int64(settings.inSync))
		r.number(mib.HawserHwSystemSettingsDrifted, int64(settings.drifted))
		r.number(mib.HawserHwSystemSettingsStaged, int64(settings.staged))
		r.number(mib.HawserHwSystemSettingsFailed, int64(settings.failed))
		r.age(mib.HawserHwSystemCollectedAge, s.now, hw.Collected)
	}
}

// renderIdentity shows what the machine is, once its BMC has said so.
func renderIdentity(sys cluster.HardwareSystem, r *rows) {
	r.text(mib.HawserHwSystemManufacturer, sys.Manufacturer)
	r.text(mib.HawserHwSystemModel, sys.Model)
	r.text(mib.HawserHwSystemSerial, sys.Serial)
	r.text(mib.HawserHwSystemUuid, sys.UUID)
	r.text(mib.HawserHwSystemBiosVersion, sys.BIOSVersion)
	r.text(mib.HawserHwSystemBmcVersion, sys.BMCVersion)
	r.number(mib.HawserHwSystemPowerLimit, int64(sys.PowerLimit))
}

// indicatorLEDs and the tables below take the words of Redfish and of package redfish, in lower case.
var indicatorLEDs = map[string]int{
	"lit": mib.IndicatorLedLit, "blinking": mib.IndicatorLedBlinking, "off": mib.IndicatorLedOff,
}

func indicatorLED(word string) int { return wordOr(indicatorLEDs, word, mib.IndicatorLedUnknown) }

var bootOverrides = map[string]int{
	"none": mib.BootOverrideNone, "pxe": mib.BootOverridePxe, "hdd": mib.BootOverrideHdd, "cd": mib.BootOverrideCd,
	"usb": mib.BootOverrideUsb, "biossetup": mib.BootOverrideBiosSetup, "uefihttp": mib.BootOverrideUefiHttp,
	"uefitarget": mib.BootOverrideUefiTarget,
}

// bootOverride reads "Pxe" or "Pxe (once)"; a target that the module does not name is other.
func bootOverride(word string) int {
	target, _, _ := strings.Cut(word, " ")
	if target == "" {
		return mib.BootOverrideUnknown
	}
	return wordOr(bootOverrides, target, mib.BootOverrideOther)
}

func wordOr(table map[string]int, word string, otherwise int) int {
	if n, ok := table[strings.ToLower(word)]; ok {
		return n
	}
	return otherwise
}
