package snmp

import (
	"crypto/rand"
	"encoding/binary"
	"math"
	"time"
)

// Limits of RFC 3414, section 2.2.
const (
	TimeWindow = 150 // seconds
	MaxBoots   = math.MaxInt32
)

// Engine is what an authoritative engine says of itself at one moment. Time counts seconds since Boots rose. MaxSize
// is the largest message that it takes; 0 means MaxMessageSize.
type Engine struct {
	ID          []byte
	Boots, Time uint32
	MaxSize     int
}

// InWindow is the check of an authoritative engine (RFC 3414, section 3.2, step 7a).
func (e Engine) InWindow(boots, seconds uint32) bool {
	if e.Boots >= MaxBoots || boots != e.Boots {
		return false
	}
	late := int64(e.Time) - int64(seconds)
	return late <= TimeWindow && late >= -TimeWindow
}

// NewEngineID returns a random engine id under an enterprise number (RFC 3411, section 5, format 5: octets).
func NewEngineID(enterprise uint32) []byte {
	const octetsFormat, randomSize = 5, 12
	id := binary.BigEndian.AppendUint32(nil, enterprise|1<<31)
	id = append(id, octetsFormat)
	random := make([]byte, randomSize)
	_, _ = rand.Read(random) // never fails: crypto/rand ends the program instead
	return append(id, random...)
}

// Timeline is what a receiver knows of the clock of a remote authoritative engine. The zero value knows nothing.
// It is not safe for use by many goroutines.
type Timeline struct {
	known         bool
	boots, latest uint32
	seconds       uint32 // at the moment of heard
	heard         time.Time
}

// Accept is the check of a non-authoritative engine (RFC 3414, section 3.2, step 7b) of an authenticated message.
// It learns from the message and says whether the message lies within the window.
func (t *Timeline) Accept(boots, seconds uint32, now time.Time) bool {
	if !t.known || boots > t.boots || (boots == t.boots && seconds > t.latest) {
		t.known, t.boots, t.seconds, t.latest, t.heard = true, boots, seconds, seconds, now
	}
	if t.boots >= MaxBoots || boots < t.boots {
		return false
	}
	return int64(seconds) >= int64(t.estimate(now))-TimeWindow
}

// Engine returns boots and the estimated time of the remote engine; ok is false before the first Accept.
func (t *Timeline) Engine(now time.Time) (boots, seconds uint32, ok bool) {
	return t.boots, t.estimate(now), t.known
}

func (t *Timeline) estimate(now time.Time) uint32 {
	if !t.known {
		return 0
	}
	seconds := int64(t.seconds) + int64(now.Sub(t.heard)/time.Second)
	return uint32(min(max(seconds, 0), math.MaxInt32))
}
