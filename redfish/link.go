package redfish

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// origin is the scheme, host and port that requests may go to.
type origin struct {
	scheme, host, port string
}

func parseOrigin(raw string) (origin, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return origin{}, fmt.Errorf("parse URL %q: %w", raw, err)
	}
	return originOf(u), nil
}

func originOf(u *url.URL) origin {
	o := origin{scheme: strings.ToLower(u.Scheme), host: strings.ToLower(u.Hostname()), port: u.Port()}
	if o.port == "" {
		switch o.scheme {
		case "https":
			o.port = "443"
		case "http":
			o.port = "80"
		}
	}
	return o
}

// resolve checks a link as a BMC gave it (an @odata.id, a Location, an action
// target) and returns its path and query. The fragment, by which BMCs point
// into a resource, is dropped. A relative link or one to another origin is an
// error: what it would address is not this BMC.
func (o origin) resolve(link string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil {
		return "", fmt.Errorf("link %q: %w", clip(link, 200), ErrForeignLink)
	}
	if u.Host != "" || u.Scheme != "" || u.User != nil {
		if u.User != nil || u.Opaque != "" || originOf(u) != o {
			return "", fmt.Errorf("link %q: %w", clip(link, 200), ErrForeignLink)
		}
	}
	p := u.EscapedPath()
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsRune(u.Path, '\\') || hasDotDot(u.Path) {
		return "", fmt.Errorf("link %q is not an absolute path: %w", clip(link, 200), ErrForeignLink)
	}
	if u.RawQuery != "" {
		p += "?" + u.RawQuery
	}
	return p, nil
}

func hasDotDot(path string) bool {
	for e := range strings.SplitSeq(path, "/") {
		if e == ".." || e == "." {
			return true
		}
	}
	return false
}

// link is a reference to another resource. What is no reference decodes to
// the empty link instead of an error: one odd link must not cost a resource.
type link string

// UnmarshalJSON accepts {"@odata.id": "..."}, a bare string, null and, as
// absent, everything else.
func (l *link) UnmarshalJSON(b []byte) error {
	var ref struct {
		ID *string `json:"@odata.id"`
	}
	var s string
	switch {
	case json.Unmarshal(b, &ref) == nil && ref.ID != nil:
		*l = link(*ref.ID)
	case json.Unmarshal(b, &s) == nil:
		*l = link(s)
	default:
		*l = ""
	}
	return nil
}

// links is an array of references; a collection link in its place is ignored.
type links []link

// UnmarshalJSON accepts an array and, as absent, everything else.
func (ls *links) UnmarshalJSON(b []byte) error {
	var raw []link
	if json.Unmarshal(b, &raw) != nil {
		*ls = nil
		return nil
	}
	*ls = nil
	for _, l := range raw {
		if l != "" {
			*ls = append(*ls, l)
		}
	}
	return nil
}

// samePath reports whether two links address the same resource, whatever
// their trailing slash, fragment or letter case (BMCs mix them).
func samePath(a, b string) bool {
	return strings.EqualFold(trimPath(a), trimPath(b))
}

func trimPath(p string) string {
	p, _, _ = strings.Cut(p, "#")
	p, _, _ = strings.Cut(p, "?")
	return strings.TrimRight(p, "/")
}
