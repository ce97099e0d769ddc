package snmp

import (
	"fmt"
	"sync"
)

// maxLocalized bounds the localised keys that are kept. Making one anew costs two short hashes.
const maxLocalized = 16384

// keyCache keeps what is dear: expanded passphrases, and localised keys because of their salts.
type keyCache struct {
	mu        sync.Mutex // guards the maps
	masters   map[User]master
	localized map[localKey]*Keys
}

type localKey struct {
	user     User
	engineID string
}

func (c *keyCache) keys(u User, engineID []byte) *Keys {
	key := localKey{u, string(engineID)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if keys, ok := c.localized[key]; ok {
		return keys
	}
	keys := c.master(u).localize(engineID)
	if c.localized == nil {
		c.localized = make(map[localKey]*Keys)
	}
	if len(c.localized) >= maxLocalized {
		for other := range c.localized { // any one: the map's order is random
			delete(c.localized, other)
			break
		}
	}
	c.localized[key] = keys
	return keys
}

func (c *keyCache) master(u User) master {
	m, ok := c.masters[u]
	if !ok {
		m = newMaster(u)
		if c.masters == nil {
			c.masters = make(map[User]master)
		}
		c.masters[u] = m
	}
	return m
}

// Keyring holds users by name and keeps their localised keys. It is safe for use by many goroutines.
type Keyring struct {
	users map[string]User
	cache keyCache
}

// NewKeyring checks the users and expands their passphrases, which takes some milliseconds for each.
func NewKeyring(users ...User) (*Keyring, error) {
	k := &Keyring{users: make(map[string]User, len(users))}
	for _, u := range users {
		if err := u.Validate(); err != nil {
			return nil, err
		}
		if _, twice := k.users[u.Name]; twice {
			return nil, fmt.Errorf("user %q is there twice: remove one", u.Name)
		}
		k.users[u.Name] = u
		k.cache.mu.Lock()
		k.cache.master(u)
		k.cache.mu.Unlock()
	}
	return k, nil
}

// Keys returns the keys of the user with this name at this engine.
func (k *Keyring) Keys(name string, engineID []byte) (*Keys, bool) {
	u, ok := k.users[name]
	if !ok {
		return nil, false
	}
	return k.cache.keys(u, engineID), true
}

// User returns the user with this name.
func (k *Keyring) User(name string) (User, bool) {
	u, ok := k.users[name]
	return u, ok
}
