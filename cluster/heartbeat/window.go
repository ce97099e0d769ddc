package heartbeat

// windowSize is how far back a sequence may come out of order and how many
// beats the loss is counted over.
const windowSize = 128

// window remembers which of the last sequences of one sender on one link
// came in. It refuses replays, and its holes are the loss.
type window struct {
	started bool
	first   uint64    // the first sequence heard
	high    uint64    // the highest
	seen    [2]uint64 // bit i: high-i came; seen[0] has the lower 64
}

// order says how a sequence stands to those before it.
type order int

const (
	orderNew  order = iota // above all before
	orderLate              // fills a hole: no loss, but no sign of life either
	orderSeen              // came before, or is too old to tell
)

// take notes a sequence.
func (w *window) take(seq uint64) order {
	switch {
	case !w.started:
		*w = window{started: true, first: seq, high: seq, seen: [2]uint64{1, 0}}
		return orderNew
	case seq > w.high:
		w.shift(seq - w.high)
		w.high = seq
		w.seen[0] |= 1
		return orderNew
	}
	back := w.high - seq
	if seq < w.first || back >= windowSize || w.has(back) {
		return orderSeen
	}
	w.seen[back/64] |= 1 << (back % 64)
	return orderLate
}

func (w *window) has(back uint64) bool { return w.seen[back/64]&(1<<(back%64)) != 0 }

func (w *window) shift(n uint64) {
	switch {
	case n >= windowSize:
		w.seen = [2]uint64{}
	case n >= 64:
		w.seen = [2]uint64{0, w.seen[0] << (n - 64)}
	default:
		w.seen = [2]uint64{w.seen[0] << n, w.seen[1]<<n | w.seen[0]>>(64-n)}
	}
}

// loss is the share of beats that did not come, in permille, of the last
// windowSize that were due, the newest overdue of which are still missing.
func (w *window) loss(overdue uint64) int {
	if !w.started {
		return 0
	}
	overdue = min(overdue, windowSize)
	span := min(w.high-w.first+1, windowSize-overdue)
	missing := overdue
	for back := range span {
		if !w.has(back) {
			missing++
		}
	}
	return int(missing * 1000 / max(span+overdue, 1))
}
