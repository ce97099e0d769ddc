package redfish

import "sync"

// maxCacheBytes bounds the bodies kept for one BMC. An iLO 5 tree with its
// attribute registry is 1.5 MB.
const maxCacheBytes = 8 << 20

// cache keeps answers that came with an ETag, to be asked for again with
// If-None-Match. It never serves without asking.
type cache struct {
	mu      sync.Mutex // guards all below
	entries map[string]cacheEntry
	size    int
	limit   int
}

type cacheEntry struct {
	etag string
	body []byte
}

func newCache(limit int) *cache {
	return &cache{entries: map[string]cacheEntry{}, limit: limit}
}

func (e cacheEntry) response() *response {
	return &response{status: 200, body: e.body, etag: e.etag}
}

func (c *cache) get(path string) (cacheEntry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[path]
	return e, ok
}

// put keeps an answer with an ETag; when full it starts over, which costs one
// whole collection and needs no bookkeeping.
func (c *cache) put(path string, r *response) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.entries[path]; ok {
		c.size -= len(old.body)
		delete(c.entries, path)
	}
	if r.etag == "" || len(r.body) > c.limit/2 {
		return
	}
	if c.size+len(r.body) > c.limit {
		clear(c.entries)
		c.size = 0
	}
	c.entries[path] = cacheEntry{etag: r.etag, body: r.body}
	c.size += len(r.body)
}
