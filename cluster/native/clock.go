package native

import (
	"time"

	"golang.org/x/sys/unix"
)

// boottime is the time since boot, suspend included: leases are counted on it, because Go's monotonic clock stops while
// the machine sleeps.
func boottime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic("native: CLOCK_BOOTTIME cannot be read: " + err.Error())
	}
	return time.Duration(ts.Nano())
}
