package web

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
)

// getPages are all that is served to GET, with values that a form has.
var getPages = []string{
	"/", "/events", "/incidents", "/reconfigurations", "/audit", "/login?next=/", "/api/v1/incidents", "/api/v1/reconfigurations", "/nothing",
}

// parts is a body of several parts, one of which is a large file, and its content type.
func parts(t *testing.T) (body []byte, kind string) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	file, err := w.CreateFormFile("next", "next")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(make([]byte, 40<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), w.FormDataContentType()
}

// TestNothingIsLeftOnDisk: whoever asks, logged in or not, and whatever stands before the pages.
func TestNothingIsLeftOnDisk(t *testing.T) {
	dir := t.TempDir()
	s := newSite(t, withUsers(t), func(c *Config) { c.RequireLogin = true })
	open := newSite(t, withUsers(t))
	body, kind := parts(t)
	t.Setenv("TMPDIR", dir)
	for name, h := range map[string]http.Handler{"guarded": s.Protect(s.Server), "open": open.Protect(open.Server), "the pages alone": open.Server} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for _, path := range append(getPages, "/switch", "/logout", "/reconfigurations/1/reject") {
				r := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(body))
				r.Host = s.host
				r.Header.Set("Content-Type", kind)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if name != "the pages alone" && w.Code != http.StatusUnsupportedMediaType {
					t.Errorf("%s: %s %s: status %d, want 415", name, method, path, w.Code)
				}
				left, err := os.ReadDir(dir)
				if err != nil {
					t.Fatal(err)
				}
				if len(left) > 0 {
					t.Fatalf("%s: %s %s leaves %s behind", name, method, path, left[0])
				}
			}
		}
	}
}

// zeros is a body that tells no length, and counts how much of it is read.
type zeros struct{ left, read int }

func (z *zeros) Read(p []byte) (int, error) {
	n := min(len(p), z.left)
	if n == 0 {
		return 0, io.EOF
	}
	clear(p[:n])
	z.left, z.read = z.left-n, z.read+n
	return n, nil
}

func TestLargeBodiesAreRefused(t *testing.T) {
	s := newSite(t, withUsers(t))
	s.login("ann")
	const size = 40 << 20
	for _, path := range []string{"/login", "/switch", "/reconfigurations/1/reject"} {
		for _, length := range []int64{size, -1} { // told, and chunked
			body := &zeros{left: size}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, body)
			r.Host, r.ContentLength = s.host, length
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for _, c := range s.cookies {
				r.AddCookie(c)
			}
			w := httptest.NewRecorder()
			s.Protect(s.Server).ServeHTTP(w, r)
			if w.Code != http.StatusRequestEntityTooLarge || body.read > 2*formSize {
				t.Errorf("%s, length %d: status %d after %d octets, want 413", path, length, w.Code, body.read)
			}
		}
	}
	s.want(s.do(http.MethodPost, "/login", url.Values{"name": {"ann"}, "password": {password}, "next": {"/" + strings.Repeat("a", 4000)}}), http.StatusSeeOther, "a form that fits")
}

// TestGetReadsItsAddressAlone: a body changes no page.
func TestGetReadsItsAddressAlone(t *testing.T) {
	s := newSite(t)
	s.poll(newState("c1", "amber"))
	mustHold(t, "fleet", s.want(s.do(http.MethodGet, "/", url.Values{"q": {"zzz"}}), http.StatusOK, "fleet with a body"), "amber")
	mustLack(t, "fleet", s.get("/?q=zzz"), `href="/clusters/c1"`)
}
