package probe

import (
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// httpOptions are the options of kind http.
type httpOptions struct {
	// URL is what is asked, http or https.
	URL string `mapstructure:"url"`
	// Socket is the path of a unix socket that is asked instead of the URL's host.
	Socket string `mapstructure:"socket"`
	// Method is the request's method; GET unless given.
	Method string `mapstructure:"method"`
	// Headers are sent; a Host header sets the virtual host.
	Headers []httpHeader `mapstructure:"headers"`
	// Body is sent as it is.
	Body string `mapstructure:"body"`
	// Status lists the right codes and ranges; 200-299 unless given.
	Status []statusRange `mapstructure:"status"`
	// Contains is a text that must occur in the body.
	Contains string `mapstructure:"contains"`
	// Matches is a regular expression (RE2) that must match in the body.
	Matches string `mapstructure:"matches"`
	// Health reads the body as MicroProfile Health: its status must be UP.
	Health bool `mapstructure:"health"`
	// Checks names checks of MicroProfile Health that must be there and UP; it implies Health.
	Checks []string `mapstructure:"checks"`
	// BodyLimit is how many bytes of the body are looked at.
	BodyLimit int `mapstructure:"bodyLimit"`
	// Redirects is how many redirects are followed; 0 takes a redirect as the answer.
	Redirects int `mapstructure:"redirects"`
	// CA is a file of PEM certificates that the server's must descend from, instead of the system's.
	CA string `mapstructure:"ca"`
	// Fingerprint is the SHA-256 of the server's certificate, in hexadecimal; it replaces the check of name and issuer.
	Fingerprint string `mapstructure:"fingerprint"`
	// ServerName is the name that the certificate must carry, if it is not the URL's host.
	ServerName string `mapstructure:"serverName"`
	// FreshConnection opens a new connection for each probe, so that accepting one is part of what is asked.
	FreshConnection bool `mapstructure:"freshConnection"`
}

// httpHeader is one header to send. Headers are a list because names of configuration keys lose their case.
type httpHeader struct {
	Name  string `mapstructure:"name"`
	Value string `mapstructure:"value"`
}

const (
	defaultBodyLimit = 64 << 10
	maxBodyLimit     = 16 << 20
	maxRedirects     = 10
)

// check names every fault of the options that decoding does not see.
func (o *httpOptions) check(found *faults) {
	o.checkURL(found)
	if !httpguts.ValidHeaderFieldName(o.Method) {
		found.add("method", "write a method such as GET, HEAD or POST", "%q is not a method", o.Method)
	}
	o.checkHeaders(found)
	o.checkBody(found)
	if o.BodyLimit < 1 || o.BodyLimit > maxBodyLimit {
		found.add("bodyLimit", "write a number of bytes from 1 to 16777216", "%d is out of range", o.BodyLimit)
	}
	if o.Redirects < 0 || o.Redirects > maxRedirects {
		found.add("redirects", "write a number from 0 to 10", "%d is out of range", o.Redirects)
	}
}

func (o *httpOptions) checkURL(found *faults) {
	const remedy = "write the address to ask, as in http://127.0.0.1:8080/health"
	if o.URL == "" {
		found.add("url", remedy, "is missing")
		return
	}
	u, err := url.Parse(o.URL)
	switch {
	case err != nil:
		found.add("url", remedy, "%v", err)
		return
	case u.Scheme != "http" && u.Scheme != "https":
		found.add("url", remedy, "%q is neither http nor https", o.URL)
	case u.Hostname() == "":
		found.add("url", remedy, "%q names no host", o.URL)
	case u.User != nil:
		found.add("url", "send an Authorization header instead", "a password does not belong into an address")
	}
	if o.Socket != "" && !strings.HasPrefix(o.Socket, "/") {
		found.add("socket", "write the absolute path of the socket", "%q is not an absolute path", o.Socket)
	}
	for _, t := range [][2]string{{"ca", o.CA}, {"fingerprint", o.Fingerprint}, {"serverName", o.ServerName}} {
		if t[1] != "" && u.Scheme == "http" {
			found.add(t[0], "ask by https, or leave it out", "has no meaning for %s", o.URL)
		}
	}
	if o.CA != "" && o.Fingerprint != "" {
		found.add("fingerprint", "give either ca or fingerprint", "stands beside ca")
	}
}

func (o *httpOptions) checkHeaders(found *faults) {
	for i, h := range o.Headers {
		path := "headers[" + itoa(i) + "]"
		if !httpguts.ValidHeaderFieldName(h.Name) {
			found.add(path+".name", "write a name such as Accept", "%q is not a header name", h.Name)
		}
		if !httpguts.ValidHeaderFieldValue(h.Value) {
			found.add(path+".value", "write one line of text", "holds characters that a header cannot carry")
		}
	}
}

func (o *httpOptions) checkBody(found *faults) {
	looks := o.Contains != "" || o.Matches != "" || o.Health || len(o.Checks) > 0
	if looks && o.Method == http.MethodHead {
		found.add("method", "use GET, or leave out contains, matches, health and checks", "HEAD has no body to look at")
	}
	for i, name := range o.Checks {
		if name == "" {
			found.add("checks["+itoa(i)+"]", "write the name of a check", "is empty")
		}
	}
}

// readCA returns the certificates of the CA file.
func (o *httpOptions) readCA(found *faults) []byte {
	pem, err := os.ReadFile(o.CA)
	if err != nil {
		found.add("ca", "give a readable file of PEM certificates", "%v", err)
	}
	return pem
}
