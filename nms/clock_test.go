package nms

import (
	"testing"
	"time"
)

func TestClockThatIsSetBackIsSeen(t *testing.T) {
	noon := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	from := moment{wall: noon, passed: time.Hour}
	for _, test := range []struct {
		name string
		to   moment
		want time.Duration
	}{
		{"runs", moment{noon.Add(5 * time.Second), time.Hour + 5*time.Second}, 0},
		{"set back by a day", moment{noon.Add(5*time.Second - 24*time.Hour), time.Hour + 5*time.Second}, 24 * time.Hour},
		{"set forward", moment{noon.Add(24 * time.Hour), time.Hour + 5*time.Second}, 0},
		{"slewed", moment{noon.Add(4 * time.Second), time.Hour + 5*time.Second}, time.Second},
	} {
		if got := setBack(from, test.to); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	began := time.Now()
	if a, b := momentSince(began), momentSince(began); setBack(a, b) > time.Second {
		t.Errorf("nobody set the clock back between %v and %v", a, b)
	}
}
