package agent

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"hawser/mib/snmp"
)

// DefaultSetTimeout is how long a SET may take before its outcome is called unknown (MIB.md, SET).
const DefaultSetTimeout = 800 * time.Millisecond

// Config is what an Agent is made from.
type Config struct {
	// Listen holds addresses, "127.0.0.1:1161", "[::1]:161" or ":161" (IPv4 and IPv6); port 0 lets the kernel choose.
	Listen []string

	// EngineID, 5 to 32 octets, belongs to this agent alone. BootsFile keeps its snmpEngineBoots; ReplicatedBoots,
	// if not nil, is asked once at the start for the highest value that others remember of this engine.
	EngineID        []byte
	BootsFile       string
	ReplicatedBoots func() uint32

	// Engine, if not nil, replaces the three above: boots and time are somebody else's to keep, as those of the
	// cluster engine are. Boots must already be durable.
	Engine func() snmp.Engine

	Roles       []Role
	Users       []User
	Communities []Community // v1 and v2c, reading only; none means off
	System      System

	MaxSize    int           // the largest message taken and sent; 0 means snmp.MaxMessageSize
	SetTimeout time.Duration // 0 means DefaultSetTimeout

	// AuthFailure, if not nil, is told of each message that was refused for its user, digest, level or community.
	// It must return at once.
	AuthFailure func(user string, from netip.AddrPort, err error)
}

// Role is what its users may see and set: everything under these OIDs.
type Role struct {
	Name        string
	Read, Write []snmp.OID
}

// User is a USM user and the role it has.
type User struct {
	snmp.User
	Role string
}

// Community is a v1 or v2c community. From restricts where it is taken from; empty means from anywhere.
type Community struct {
	Name, Role string
	From       []netip.Prefix
}

// System is the system group (RFC 3418).
type System struct {
	Descr                   string
	ObjectID                snmp.OID
	Contact, Name, Location string
	Services                int32
}

// withDefaults fills what was left out.
func (c Config) withDefaults() Config {
	if c.MaxSize == 0 {
		c.MaxSize = snmp.MaxMessageSize
	}
	if c.SetTimeout == 0 {
		c.SetTimeout = DefaultSetTimeout
	}
	if len(c.System.ObjectID) == 0 {
		c.System.ObjectID = snmp.OID{0, 0}
	}
	return c
}

// Validate lists all that is wrong.
func (c Config) Validate() error {
	faults := []error{c.validateEngine()}
	if len(c.Listen) == 0 {
		faults = append(faults, errors.New("snmp agent: no address to listen on: give one, as 127.0.0.1:1161"))
	}
	for _, address := range c.Listen {
		if _, err := net.ResolveUDPAddr("udp", address); err != nil {
			faults = append(faults, fmt.Errorf("snmp agent: listen address %q: %w: write it as 127.0.0.1:1161", address, err))
		}
	}
	if c.MaxSize != 0 && (c.MaxSize < snmp.MinMessageSize || c.MaxSize > snmp.MaxMessageSize) {
		faults = append(faults, fmt.Errorf("snmp agent: message size %d: choose %d to %d", c.MaxSize, snmp.MinMessageSize, snmp.MaxMessageSize))
	}
	if c.SetTimeout < 0 {
		faults = append(faults, fmt.Errorf("snmp agent: SET timeout %s: choose more than 0", c.SetTimeout))
	}
	roles := make(map[string]Role, len(c.Roles))
	for _, role := range c.Roles {
		if _, twice := roles[role.Name]; twice || role.Name == "" {
			faults = append(faults, fmt.Errorf("snmp agent: role %q: names must be there and differ", role.Name))
		}
		roles[role.Name] = role
	}
	return errors.Join(append(faults, c.validateAccess(roles)...)...)
}

func (c Config) validateEngine() error {
	switch {
	case c.Engine != nil:
		return nil
	case len(c.EngineID) < snmp.MinEngineID || len(c.EngineID) > snmp.MaxEngineID:
		return fmt.Errorf("snmp agent: engine id of %d octets: make one with snmp.NewEngineID", len(c.EngineID))
	case c.BootsFile == "":
		return errors.New("snmp agent: no file for snmpEngineBoots: name one in a folder that survives a restart")
	}
	return nil
}

func (c Config) validateAccess(roles map[string]Role) (faults []error) {
	names := make(map[string]bool, len(c.Users))
	for _, user := range c.Users {
		if err := user.validate(roles, names[user.Name]); err != nil {
			faults = append(faults, fmt.Errorf("snmp agent: %w", err))
		}
		names[user.Name] = true
	}
	for _, community := range c.Communities {
		if _, ok := roles[community.Role]; !ok {
			faults = append(faults, fmt.Errorf("snmp agent: a community has the unknown role %q: name one of the roles", community.Role))
		}
		if community.Name == "" {
			faults = append(faults, errors.New("snmp agent: a community has no name: give it one or remove it"))
		}
	}
	return faults
}

// validate keeps the rule "authPriv with SHA-2 or nothing" (DESIGN.md, section 8).
func (u User) validate(roles map[string]Role, twice bool) error {
	switch _, known := roles[u.Role]; {
	case twice:
		return fmt.Errorf("user %q is there twice: remove one", u.Name)
	case !known:
		return fmt.Errorf("user %q has the unknown role %q: name one of the roles", u.Name, u.Role)
	case u.Auth < snmp.SHA224 || u.Priv == snmp.NoPriv:
		return fmt.Errorf("user %q has %s and %s: choose SHA-256 and AES or better", u.Name, u.Auth, u.Priv)
	}
	return u.User.Validate()
}
