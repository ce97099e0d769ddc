package redfish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sirupsen/logrus"
	"github.com/stmcginnis/gofish/schemas"
)

// BMC is a handle on one management controller and the one system that the
// configuration names behind it. It is safe for concurrent use; power acts do
// not wait for collections. Close it to end its session.
type BMC struct {
	cfg    Config
	c      *client
	log    *logrus.Entry
	expand expander

	mu   sync.Mutex // guards root and sys; never held during I/O
	root *serviceRoot
	sys  string // path of our system, found once

	apply chan struct{} // capacity 1: one Apply, Stage or Activate at a time
}

// New checks cfg and returns a handle. It does not talk to the BMC yet.
func New(cfg Config, log *logrus.Entry) (*BMC, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	log = log.WithField("bmc", cfg.Name)
	c, err := newClient(cfg, log)
	if err != nil {
		return nil, fmt.Errorf("bmc %s: %w", cfg.Name, err)
	}
	return &BMC{cfg: cfg, c: c, log: log, apply: make(chan struct{}, 1)}, nil
}

// Close ends the session at the BMC and the kept connections.
func (b *BMC) Close(ctx context.Context) error { return b.c.close(ctx) }

// Name is the name that the configuration gives.
func (b *BMC) Name() string { return b.cfg.Name }

// Requests counts the HTTP requests sent so far, logins included.
func (b *BMC) Requests() uint64 { return b.c.sent.Load() }

// errorf wraps err with what was tried on which BMC.
func (b *BMC) errorf(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("bmc %s: %s: %w", b.cfg.Name, what, err)
}

// serviceRoot is what we need of /redfish/v1.
type serviceRoot struct {
	Systems, Chassis, Managers, Registries link
	Tasks, UpdateService                   link
	RedfishVersion                         string
	Vendor, Product                        string
	Links                                  struct{ Sessions link }
	Features                               struct{ ExpandQuery expandFeature } `json:"ProtocolFeaturesSupported"`
}

const rootPath = "/redfish/v1"

// service reads the service root once. It needs no login, so a BMC with an
// unusual place for sessions tells it here.
func (b *BMC) service(ctx context.Context, l *lane) (*serviceRoot, error) {
	b.mu.Lock()
	root := b.root
	b.mu.Unlock()
	if root != nil {
		return root, nil
	}
	if err := l.acquire(ctx); err != nil {
		return nil, err
	}
	defer l.release()
	resp, err := b.c.send(ctx, request{method: "GET", path: rootPath, fresh: true, lane: l}, credential{})
	if statusOf(err) == 401 { // against the standard, but seen
		var cred credential
		if cred, err = b.c.credential(ctx, l, credential{}); err == nil {
			resp, err = b.c.send(ctx, request{method: "GET", path: rootPath, fresh: true, lane: l}, cred)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("service root: %w", err)
	}
	root, err = decode[serviceRoot](resp.body)
	if err != nil {
		return nil, fmt.Errorf("service root: %w", err)
	}
	if root.Systems == "" {
		return nil, errors.New("service root names no Systems; is this a Redfish BMC?")
	}
	if p, err := b.c.origin.resolve(string(root.Links.Sessions)); err == nil {
		b.c.session.mu.Lock()
		b.c.session.sessions = p
		b.c.session.mu.Unlock()
	}
	b.expand.offer(root.Features.ExpandQuery)
	b.mu.Lock()
	b.root = root
	b.mu.Unlock()
	return root, nil
}

// systemPath finds our system: the only one, or the one that SystemID names.
func (b *BMC) systemPath(ctx context.Context, l *lane) (string, error) {
	b.mu.Lock()
	sys := b.sys
	b.mu.Unlock()
	if sys != "" {
		return sys, nil
	}
	root, err := b.service(ctx, l)
	if err != nil {
		return "", err
	}
	resp, err := b.c.get(ctx, root.Systems, fresh, l)
	if err != nil {
		return "", err
	}
	page, err := decode[struct{ Members links }](resp.body)
	if err != nil {
		return "", fmt.Errorf("%s: %w", root.Systems, err)
	}
	sys, err = b.pick(page.Members)
	if err != nil {
		return "", err
	}
	b.mu.Lock()
	b.sys = sys
	b.mu.Unlock()
	return sys, nil
}

// pick chooses among the systems that the BMC offers. It never guesses: the
// wrong choice would power off another machine.
func (b *BMC) pick(systems links) (string, error) {
	var match []string
	for _, s := range systems {
		p := string(s)
		if b.cfg.SystemID == "" || samePath(p, b.cfg.SystemID) || lastElement(trimPath(p)) == b.cfg.SystemID {
			match = append(match, p)
		}
	}
	var names []string
	for _, s := range systems {
		names = append(names, lastElement(trimPath(string(s))))
	}
	slices.Sort(names)
	switch {
	case len(systems) == 0:
		return "", errors.New("the BMC lists no system")
	case len(match) == 1:
		return match[0], nil
	case len(match) == 0:
		return "", fmt.Errorf("systemID %q is not among the BMC's systems: %s", b.cfg.SystemID, strings.Join(names, ", "))
	}
	return "", fmt.Errorf("%w: %s; set systemID to one of them", ErrAmbiguousSystem, strings.Join(names, ", "))
}

// systemResource is our system in both views: gofish's values and the links
// and annotations that gofish keeps to itself.
type systemResource struct {
	schemas.ComputerSystem
	refs systemRefs
	etag string
}

type systemRefs struct {
	Bios, Processors, Memory, Storage, SimpleStorage, EthernetInterfaces link
	IndicatorLED                                                         *string
	LocationIndicatorActive                                              *bool
	LastResetTime                                                        string
	BootProgress                                                         struct{ LastState, LastStateTime string }
	Links                                                                struct{ Chassis, ManagedBy links }
	Etag                                                                 string `json:"@odata.etag"`
	Actions                                                              struct {
		Reset struct {
			Target     link     `json:"target"`
			Allowable  []string `json:"ResetType@Redfish.AllowableValues"`
			ActionInfo link     `json:"@Redfish.ActionInfo"`
		} `json:"#ComputerSystem.Reset"`
	}
}

// system reads our system from the BMC itself, through no cache.
func (b *BMC) system(ctx context.Context, l *lane) (*systemResource, error) {
	path, err := b.systemPath(ctx, l)
	if err != nil {
		return nil, err
	}
	resp, err := b.c.get(ctx, link(path), fresh, l)
	if err != nil {
		if statusOf(err) == 404 {
			b.forget()
		}
		return nil, err
	}
	s, err := newSystem(resp.body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.etag = first(resp.etag, s.refs.Etag)
	return s, nil
}

// forget makes the next call look for the system anew.
func (b *BMC) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sys, b.root = "", nil
}

func newSystem(raw []byte) (*systemResource, error) {
	cs, err := decode[schemas.ComputerSystem](raw)
	if err != nil {
		return nil, err
	}
	s := &systemResource{ComputerSystem: *cs}
	if err := json.Unmarshal(raw, &s.refs); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return s, nil
}
