package snmp

import "errors"

// Errors that a receiver tells apart. Those of USM say which usmStats counter they belong to through Stat.
var (
	ErrVersion       = errors.New("unknown snmp version")
	ErrSecurityModel = errors.New("unknown security model")
	ErrNoKeys        = errors.New("the message is authenticated and no keys were given")

	ErrUnsupportedSecLevel = errors.New("the user has no keys for this security level")
	ErrNotInTimeWindow     = errors.New("not within the time window of 150 s")
	ErrUnknownUser         = errors.New("unknown user name")
	ErrUnknownEngineID     = errors.New("unknown engine id")
	ErrWrongDigest         = errors.New("wrong digest")
	ErrDecryption          = errors.New("cannot be decrypted")
)

// Stat names a counter of the usmStats group (RFC 3414, section 5).
type Stat int

// The usmStats counters, numbered as their OIDs.
const (
	StatUnsupportedSecLevels Stat = 1 + iota
	StatNotInTimeWindows
	StatUnknownUserNames
	StatUnknownEngineIDs
	StatWrongDigests
	StatDecryptionErrors
)

var statErrors = [...]error{
	StatUnsupportedSecLevels: ErrUnsupportedSecLevel,
	StatNotInTimeWindows:     ErrNotInTimeWindow,
	StatUnknownUserNames:     ErrUnknownUser,
	StatUnknownEngineIDs:     ErrUnknownEngineID,
	StatWrongDigests:         ErrWrongDigest,
	StatDecryptionErrors:     ErrDecryption,
}

var usmStats = OID{1, 3, 6, 1, 6, 3, 15, 1, 1}

// OID returns the instance of the counter, usmStats... .0.
func (s Stat) OID() OID { return usmStats.Append(uint32(s), 0) }

// Err returns the error that the counter counts.
func (s Stat) Err() error { return statErrors[s] }

// StatOf returns the usmStats counter that err belongs to.
func StatOf(err error) (Stat, bool) {
	for stat := StatUnsupportedSecLevels; stat <= StatDecryptionErrors; stat++ {
		if errors.Is(err, statErrors[stat]) {
			return stat, true
		}
	}
	return 0, false
}

// statOfOID returns the counter that a Report names.
func statOfOID(oid OID) (Stat, bool) {
	if len(oid) != len(usmStats)+2 || !oid.HasPrefix(usmStats) {
		return 0, false
	}
	stat := Stat(oid[len(usmStats)])
	return stat, stat >= StatUnsupportedSecLevels && stat <= StatDecryptionErrors
}
