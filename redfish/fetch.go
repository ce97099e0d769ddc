package redfish

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// fetch is how a resource may be read.
type fetch int

const (
	revalidate fetch = iota // from our cache if the BMC says 304
	fresh                   // never from a cache: readings, power, what is about to be written
)

// get reads the resource that link addresses.
func (c *client) get(ctx context.Context, at link, how fetch, l *lane) (*response, error) {
	path, err := c.origin.resolve(string(at))
	if err != nil {
		return nil, err
	}
	return c.do(ctx, request{method: http.MethodGet, path: path, fresh: how == fresh, lane: l})
}

// decode unmarshals a resource into T, usually one of gofish's types. Their
// unmarshallers are not ours: a panic in one is an error of that resource.
func decode[T any](raw []byte) (v *T, err error) {
	defer func() {
		if p := recover(); p != nil {
			v, err = nil, fmt.Errorf("decode: %v", p)
		}
	}()
	v = new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return v, nil
}

// member is one resource of a collection, or why it could not be read.
type member struct {
	path string
	raw  json.RawMessage
	err  error
}

// collectionPage is one page of a resource collection.
type collectionPage struct {
	Members []json.RawMessage
	Next    link `json:"Members@odata.nextLink"`
}

// maxMembers bounds a collection; maxPages how many pages make one.
const (
	maxMembers = 2000
	maxPages   = 100
)

// members reads a collection whole, its members expanded by the BMC where it
// can do that, one by one where it cannot.
func (b *BMC) members(ctx context.Context, at link, how fetch) ([]member, error) {
	var out []member
	seen := map[string]bool{}
	query := b.expand.query()
	for next, pages := at, 0; next != ""; pages++ {
		page, err := b.page(ctx, next, query, how)
		if err != nil {
			return nil, err
		}
		for _, raw := range page.Members {
			m := newMember(raw)
			key := trimPath(m.path) + fragment(m.path)
			if m.path == "" || seen[key] {
				continue
			}
			seen[key] = true
			out = append(out, m)
		}
		if pages >= maxPages || len(out) > maxMembers {
			return nil, fmt.Errorf("collection %s has more than %d members", at, maxMembers)
		}
		next, query = page.Next, ""
	}
	return out, b.complete(ctx, out, how)
}

// page reads one page. Where the BMC turns out not to expand, that is
// remembered and the plain page is read.
func (b *BMC) page(ctx context.Context, at link, query string, how fetch) (*collectionPage, error) {
	resp, err := b.c.get(ctx, at+link(query), how, b.c.bulk)
	if err != nil && query != "" && expandRefused(err) {
		if resp, err = b.c.get(ctx, at, how, b.c.bulk); err == nil {
			b.expand.refuse()
		}
	}
	if err != nil {
		return nil, err
	}
	p, err := decode[collectionPage](resp.body)
	if err != nil {
		return nil, fmt.Errorf("collection %s: %w", at, err)
	}
	if query != "" && len(p.Members) > 0 && newMember(p.Members[0]).raw == nil {
		b.expand.refuse() // accepted and ignored
	}
	return p, nil
}

// complete reads the members that came as bare links.
func (b *BMC) complete(ctx context.Context, ms []member, how fetch) error {
	var wg sync.WaitGroup
	for i := range ms {
		if ms[i].raw != nil {
			continue
		}
		wg.Go(func() { ms[i] = b.fetchMember(ctx, ms[i].path, how) })
	}
	wg.Wait()
	return ctx.Err()
}

func (b *BMC) fetchMember(ctx context.Context, path string, how fetch) member {
	resp, err := b.c.get(ctx, link(path), how, b.c.bulk)
	if err != nil {
		return member{path: path, err: err}
	}
	return member{path: path, raw: resp.body}
}

// fetchAll reads the linked resources, at most as many at once as the lane
// has slots.
func (b *BMC) fetchAll(ctx context.Context, ls links, how fetch) []member {
	ms := make([]member, 0, len(ls))
	for _, l := range ls[:min(len(ls), maxMembers)] {
		ms = append(ms, member{path: string(l)})
	}
	_ = b.complete(ctx, ms, how) // each member holds its own error
	return ms
}

// newMember tells an expanded member from a bare link.
func newMember(raw json.RawMessage) member {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return member{}
	}
	var id string
	_ = json.Unmarshal(fields["@odata.id"], &id) // no id, no member
	delete(fields, "@odata.id")
	m := member{path: id}
	for k := range fields {
		if k[:min(1, len(k))] != "@" {
			m.raw = raw
		}
	}
	return m
}

func fragment(path string) string {
	_, frag, _ := strings.Cut(path, "#")
	return "#" + frag
}

// expandRefused reports whether err may come from the $expand in a query. An
// absent or busy resource does not.
func expandRefused(err error) bool {
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusRequestURITooLong,
		http.StatusInternalServerError, http.StatusNotImplemented:
		return true
	}
	return false
}

// expander remembers whether and how the BMC expands collections.
type expander struct {
	mu    sync.Mutex // guards q
	q     string
	known bool
}

func (e *expander) query() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.q
}

func (e *expander) refuse() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.q = ""
}

// offer takes over what the service root says, once: what a probe found out
// counts more.
func (e *expander) offer(x expandFeature) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known {
		return
	}
	e.known = true
	switch {
	case x.NoLinks && x.Levels:
		e.q = "?$expand=.($levels=1)"
	case x.NoLinks:
		e.q = "?$expand=."
	case x.ExpandAll && x.Levels:
		e.q = "?$expand=*($levels=1)"
	}
}

// expandFeature is ProtocolFeaturesSupported.ExpandQuery of the service root.
type expandFeature struct {
	ExpandAll, Levels, Links, NoLinks bool
}
