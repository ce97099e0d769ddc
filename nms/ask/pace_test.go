package ask

import (
	"testing"
	"time"
)

func TestPaceFollowsTheAnswers(t *testing.T) {
	var r roundTrip
	if got := r.pace(); got != 0 {
		t.Errorf("pace of an agent that never answered: %s, want none", got)
	}
	for range 50 {
		r.sample(2 * time.Millisecond)
	}
	if got := r.pace(); got != minPace {
		t.Errorf("pace of an agent that answers in 2 ms: %s, want %s", got, minPace)
	}
	for range 50 {
		r.sample(100 * time.Millisecond)
	}
	if got := r.pace(); got < 100*time.Millisecond || got > maxPace {
		t.Errorf("pace of an agent that answers in 100 ms: %s", got)
	}
	for range 50 {
		r.sample(700 * time.Millisecond)
	}
	if got := r.pace(); got != 0 {
		t.Errorf("pace of a slow agent: %s, want no hurry", got)
	}
}
