package heartbeat

import "testing"

func TestWindowTakesEachSequenceOnce(t *testing.T) {
	tests := []struct {
		name  string
		takes []uint64
		want  []order
	}{
		{"in order", []uint64{5, 6, 7}, []order{orderNew, orderNew, orderNew}},
		{"twice", []uint64{5, 5, 6, 5}, []order{orderNew, orderSeen, orderNew, orderSeen}},
		{"out of order", []uint64{5, 8, 6, 7, 6}, []order{orderNew, orderNew, orderLate, orderLate, orderSeen}},
		{"before the first", []uint64{5, 4, 6}, []order{orderNew, orderSeen, orderNew}},
		{"far back", []uint64{1, 300, 172, 173, 173}, []order{orderNew, orderNew, orderSeen, orderLate, orderSeen}},
		{"over the middle", []uint64{1, 66, 2, 2, 130, 66, 67}, []order{orderNew, orderNew, orderLate, orderSeen, orderNew, orderSeen, orderLate}},
		{"a great leap", []uint64{1, 1 << 60, 1, 1<<60 - 1}, []order{orderNew, orderNew, orderSeen, orderLate}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var w window
			for i, seq := range tt.takes {
				if got := w.take(seq); got != tt.want[i] {
					t.Errorf("take %d (number %d): %d, want %d", seq, i, got, tt.want[i])
				}
			}
		})
	}
}

func TestLoss(t *testing.T) {
	var w window
	if got := w.loss(10); got != 0 {
		t.Errorf("loss before the first beat: %d", got)
	}
	for seq := uint64(1); seq <= 100; seq++ {
		if seq%4 != 0 { // the last one missing is 100, not yet known to be due
			w.take(seq)
		}
	}
	if got, want := w.loss(0), 24*1000/99; got != want {
		t.Errorf("every fourth lost: %d permille, want %d", got, want)
	}
	if got, want := w.loss(1), 25*1000/100; got != want {
		t.Errorf("and one overdue: %d permille, want %d", got, want)
	}
	if got := w.loss(1000); got != 1000 {
		t.Errorf("all overdue: %d permille", got)
	}
}
