package heartbeat

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"
)

// minKey is the least length of a key in bytes.
const minKey = 16

// keyring signs with its first key and accepts any.
type keyring [][]byte

func newKeyring(keys [][]byte) (keyring, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("no beat key; give the key file that hawser init wrote")
	}
	ring := make(keyring, 0, len(keys))
	for i, k := range keys {
		if len(k) < minKey {
			return nil, fmt.Errorf("beat key %d has %d bytes; give at least %d", i+1, len(k), minKey)
		}
		ring = append(ring, slices.Clone(k))
	}
	return ring, nil
}

func (r keyring) sign(body []byte) []byte { return append(body, mac(r[0], body)...) }

// verify returns the body of a signed datagram. The caller has checked that
// it is not shorter than a mac.
func (r keyring) verify(data []byte) (body []byte, ok bool) {
	body, sum := data[:len(data)-macSize], data[len(data)-macSize:]
	for _, key := range r {
		if hmac.Equal(sum, mac(key, body)) {
			return body, true
		}
	}
	return nil, false
}

func mac(key, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(body)
	return h.Sum(nil)[:macSize]
}
