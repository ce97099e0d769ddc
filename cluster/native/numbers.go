package native

import (
	"fmt"
	"sync"
	"time"

	"hawser/cluster/raftlog"
)

// originBlock is how many numbers are set aside with one write.
const originBlock = 1000

// numbers gives numbers for events of this node that are never given twice, also over a crash: they come from blocks that
// are set aside durably.
type numbers struct {
	local *raftlog.Local
	floor func() uint64 // the highest number of this node that the log is known to hold

	mu      sync.Mutex // guards below; never held during I/O
	at, end uint64     // the next number, and the last of the block; at > end: none
	spare   [2]uint64  // the block after it
}

// next gives a number; false: none is set aside.
func (n *numbers) next() (uint64, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.at == 0 || n.at > n.end {
		n.at, n.end = n.spare[0], n.spare[1]
		n.spare = [2]uint64{}
	}
	if n.at == 0 {
		return 0, false
	}
	n.at++
	return n.at - 1, true
}

// refill sets a block aside if the last one is in use.
func (n *numbers) refill() error {
	n.mu.Lock()
	full := n.spare[0] != 0
	n.mu.Unlock()
	if full {
		return nil
	}
	start, end, err := reserveNumbers(n.local, n.floor(), originBlock)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.spare = [2]uint64{start, end}
	return nil
}

// reserveNumbers sets at least count numbers aside, above all that were set aside before and above floor. A new store
// begins at the Unix time in seconds: the store that it replaces gave fewer than one a second.
func reserveNumbers(local *raftlog.Local, floor, count uint64) (start, end uint64, err error) {
	const key = "end"
	err = local.Update(func(tx *raftlog.LocalTx) error {
		last, err := tx.GetUint64(key)
		if err != nil {
			return err
		}
		if last == 0 {
			last = uint64(max(time.Now().Unix(), 0))
		}
		start = max(last, floor) + 1
		end = start + max(count, originBlock) - 1
		return tx.PutUint64(key, end)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("reserve event numbers: %w", err)
	}
	return start, end, nil
}
