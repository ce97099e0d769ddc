package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"hawser/plugin"
)

const (
	kernelBootID = "/proc/sys/kernel/random/boot_id"
	dmiUUID      = "/sys/class/dmi/id/product_uuid"
	machineID    = "/etc/machine-id"
)

// identity is which machine this is, and since when it runs.
type identity struct {
	boot     string
	machine  string // empty: unknown, the node cannot be fenced by BMC
	bootTime time.Time
}

// identify asks the machine, or the configuration where that emulates one.
func identify(cfg plugin.Config) (identity, error) {
	if cfg.Emulation.Used() {
		return emulated(cfg.Emulation)
	}
	boot, err := readLine(kernelBootID)
	if err != nil {
		return identity{}, fmt.Errorf("boot id: %w", err)
	}
	// Only root may read the DMI UUID; without it the node runs and cannot be fenced.
	machine, err := readLine(dmiUUID)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return identity{}, fmt.Errorf("machine UUID: %w", err)
	}
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return identity{}, fmt.Errorf("time since boot: %w", err)
	}
	return identity{boot: boot, machine: machine, bootTime: time.Now().Add(-time.Duration(up.Nano()))}, nil
}

func emulated(e plugin.EmulationConfig) (identity, error) {
	boot, err := readLine(e.BootIDFile)
	if err != nil || boot == "" {
		return identity{}, fmt.Errorf("emulation.bootIdFile %s holds no boot id (%w): the emulated BMC writes it at power-on", e.BootIDFile, err)
	}
	info, err := os.Stat(e.BootIDFile)
	if err != nil {
		return identity{}, fmt.Errorf("emulation.bootIdFile: %w", err)
	}
	return identity{boot: boot, machine: e.MachineUUID, bootTime: info.ModTime()}, nil
}

// engineOwner names the machine and node to which the node's snmpEngineID belongs.
func (i identity) engineOwner(cfg plugin.Config) string {
	machine := i.machine
	if machine == "" {
		machine, _ = readLine(machineID) // none: the name alone must do
	}
	return machine + "/" + cfg.Cluster.ID + "/" + cfg.Node
}

func readLine(path string) (string, error) {
	data, err := os.ReadFile(path)
	return strings.TrimSpace(string(data)), err
}
