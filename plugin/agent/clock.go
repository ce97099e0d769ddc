package agent

import (
	"math"
	"time"

	"golang.org/x/sys/unix"

	"hawser/mib/snmp"
)

// clock counts from when the agent started. It goes on in suspend, which Go's monotonic clock does not: else
// managers would be ahead of the engine afterwards and refuse its answers.
type clock struct{ start time.Duration }

func startClock() clock { return clock{bootTime()} }

func (c clock) sinceStart() time.Duration { return bootTime() - c.start }

// seconds is snmpEngineTime. A run of 68 years would end at its highest value.
func (c clock) seconds() uint32 { return uint32(min(c.sinceStart()/time.Second, math.MaxInt32)) }

// ticks is sysUpTime, hundredths of a second; it wraps after 497 days, as its type says.
func (c clock) ticks() uint32 { return uint32(c.sinceStart() / (10 * time.Millisecond)) }

func bootTime() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		panic("agent: this kernel has no CLOCK_BOOTTIME: " + err.Error()) // since Linux 2.6.39
	}
	return time.Duration(now.Nano())
}

// ownEngine returns the node engine: boots are raised and durable before it returns.
func ownEngine(cfg Config, since clock) (func() snmp.Engine, error) {
	replicated := uint32(0)
	if cfg.ReplicatedBoots != nil {
		replicated = cfg.ReplicatedBoots()
	}
	boots, err := raiseBoots(cfg.BootsFile, replicated)
	if err != nil {
		return nil, err
	}
	return func() snmp.Engine { return snmp.Engine{ID: cfg.EngineID, Boots: boots, Time: since.seconds()} }, nil
}
