package redfish

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Defaults of a Config.
const (
	DefaultTimeout       = 30 * time.Second // a recorded BMC needed 19 s for one answer
	DefaultMaxConcurrent = 4
	DefaultMaxResponse   = 16 << 20
	DefaultPoll          = 2 * time.Second
	DefaultStageTimeout  = time.Minute
	DefaultApplyTimeout  = 20 * time.Minute
	DefaultSettle        = 2 * time.Minute
	DefaultOffTimeout    = time.Minute
	DefaultResetTimeout  = 3 * time.Minute
)

// Config says how to reach one BMC and how long to wait for it.
type Config struct {
	// Name is used in errors and log lines; usually the node's name.
	Name string
	// URL is the origin of the BMC, such as https://10.0.0.7; no path.
	URL string
	// Username and the password log in; exactly one of PasswordFile and
	// Password is set. The file is read again at each login, and refused if
	// group can write or others can read it.
	Username     string
	PasswordFile string
	Password     func() (string, error) `json:"-"`
	// CAFile verifies the BMC's certificate against these authorities;
	// Fingerprint against the SHA-256 of the certificate itself (hex, colons
	// allowed). With neither the system's authorities count. Insecure
	// verifies nothing, and is the only way to use http.
	CAFile      string
	Fingerprint string
	Insecure    bool
	// SystemID names the system (Id or path) when the BMC has several.
	SystemID string
	// Timeout bounds one request; MaxConcurrent the requests at once.
	Timeout       time.Duration
	MaxConcurrent int
	// MaxResponse is the longest body, in octets, that is read.
	MaxResponse int64
	// Poll is the pause between two looks at a task, a power state or a reset.
	Poll time.Duration
	// StageTimeout bounds the wait for staged settings to show as pending;
	// ApplyTimeout the wait for reset and POST; Settle the wait for values
	// after POST; OffTimeout the wait for power to be off.
	StageTimeout time.Duration
	ApplyTimeout time.Duration
	Settle       time.Duration
	OffTimeout   time.Duration
	// ResetTypes are tried by Apply in this order, those that the system
	// allows; the next one when the last showed no effect for ResetTimeout.
	// Default GracefulRestart, ForceRestart, PowerCycle.
	ResetTypes   []string
	ResetTimeout time.Duration
}

// withDefaults returns c with every zero limit replaced by its default.
func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Timeout, DefaultTimeout)
	def(&c.Poll, DefaultPoll)
	def(&c.StageTimeout, DefaultStageTimeout)
	def(&c.ApplyTimeout, DefaultApplyTimeout)
	def(&c.Settle, DefaultSettle)
	def(&c.OffTimeout, DefaultOffTimeout)
	def(&c.ResetTimeout, DefaultResetTimeout)
	if c.MaxConcurrent == 0 {
		c.MaxConcurrent = DefaultMaxConcurrent
	}
	if c.MaxResponse == 0 {
		c.MaxResponse = DefaultMaxResponse
	}
	if len(c.ResetTypes) == 0 {
		c.ResetTypes = []string{"GracefulRestart", "ForceRestart", "PowerCycle"}
	}
	return c
}

// Validate reports all faults of c at once, each with its field.
func (c Config) Validate() error {
	var faults []error
	fault := func(field, format string, a ...any) {
		faults = append(faults, fmt.Errorf("bmc %s: %s: "+format, append([]any{c.Name, field}, a...)...))
	}
	c.validateURL(fault)
	if c.Username == "" {
		fault("username", "is empty; name the BMC account to log in with")
	}
	if (c.PasswordFile == "") == (c.Password == nil) {
		fault("passwordFile", "give the password by exactly one way; write it to a file of mode 0600 and name that file")
	}
	if c.CAFile != "" && c.Fingerprint != "" {
		fault("fingerprint", "and caFile are both set; keep one of them")
	}
	if c.Insecure && (c.CAFile != "" || c.Fingerprint != "") {
		fault("insecure", "contradicts caFile and fingerprint; remove insecure")
	}
	if c.Fingerprint != "" {
		if _, err := parseFingerprint(c.Fingerprint); err != nil {
			fault("fingerprint", "%v", err)
		}
	}
	c.validateLimits(fault)
	return errors.Join(faults...)
}

func (c Config) validateURL(fault func(field, format string, a ...any)) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		fault("url", "%q is no URL: %v; write https://address", c.URL, err)
		return
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		fault("url", "%q is no http(s) origin; write https://address", c.URL)
		return
	case u.Scheme == "http" && !c.Insecure:
		fault("url", "%q sends the password in clear; use https, or set insecure", c.URL)
	}
	if u.User != nil {
		fault("url", "holds credentials; move them to username and passwordFile")
	}
	if (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		fault("url", "%q has a path; give the origin only", c.URL)
	}
}

func (c Config) validateLimits(fault func(field, format string, a ...any)) {
	for _, l := range []struct {
		field string
		d     time.Duration
	}{
		{"timeout", c.Timeout},
		{"poll", c.Poll},
		{"stageTimeout", c.StageTimeout},
		{"applyTimeout", c.ApplyTimeout},
		{"settle", c.Settle},
		{"offTimeout", c.OffTimeout},
		{"resetTimeout", c.ResetTimeout},
	} {
		if l.d < 0 {
			fault(l.field, "%v is negative; remove it for the default", l.d)
		}
	}
	if c.MaxConcurrent < 0 || c.MaxConcurrent > 64 {
		fault("maxConcurrent", "%d is outside 1..64 (0 for the default of %d)", c.MaxConcurrent, DefaultMaxConcurrent)
	}
	if c.MaxResponse < 0 {
		fault("maxResponse", "%d is negative; remove it for the default", c.MaxResponse)
	}
}

// parseFingerprint reads a SHA-256 fingerprint as hex, colons allowed.
func parseFingerprint(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(s), ":", ""))
	if err != nil || len(b) != 32 {
		return nil, fmt.Errorf("%q is no SHA-256 fingerprint; give 64 hex digits (openssl x509 -fingerprint -sha256)", s)
	}
	return b, nil
}
