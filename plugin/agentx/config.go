package agentx

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"hawser/mib/snmp"
)

const (
	// DefaultSocket is where snmpd listens unless its agentXSocket says otherwise.
	DefaultSocket = "/var/agentx/master"
	// DefaultTimeout is within what a request is answered. snmpd waits one second, and after its retries closes the session.
	DefaultTimeout = 400 * time.Millisecond
	// MinTimeout and MaxTimeout bound Config.Timeout: the last leaves snmpd time for its own part of its second.
	MinTimeout = 50 * time.Millisecond
	MaxTimeout = 900 * time.Millisecond
)

// Config is what an Agent is made from.
type Config struct {
	// Socket is where snmpd listens for subagents: /var/agentx/master, unix:/path, or tcp:host:port, as snmpd.conf writes
	// its agentXSocket.
	Socket string
	// ID and Description name the subagent to snmpd.
	ID          snmp.OID
	Description string
	Subtrees    []Subtree
	// Capabilities are shown in snmpd's sysORTable.
	Capabilities []Capability
	// Write lets SETs in. They come without a user: snmpd has checked one and does not tell which.
	Write bool
	// Timeout is within what each request is answered; 0 means DefaultTimeout.
	Timeout time.Duration
}

// Subtree is registered as a whole, apart from the others.
type Subtree struct {
	Name string // for the log
	OID  snmp.OID
	// If, unless empty, is a part of the subtree: it is registered once the view shows something there, so that nothing is
	// taken from somebody who has more to show.
	If snmp.OID
	// Contexts: in each context of the backend, too.
	Contexts bool
}

// Capability is a row of sysORTable (RFC 3418).
type Capability struct {
	OID         snmp.OID
	Description string
}

func (c Config) withDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	return c
}

// Validate lists all that is wrong.
func (c Config) Validate() error {
	var faults []error
	if _, _, err := ParseSocket(c.Socket); err != nil {
		faults = append(faults, fmt.Errorf("agentx: %w", err))
	}
	if c.Timeout != 0 && (c.Timeout < MinTimeout || c.Timeout > MaxTimeout) {
		faults = append(faults, fmt.Errorf("agentx: timeout %s: choose %s to %s", c.Timeout, MinTimeout, MaxTimeout))
	}
	if len(c.Subtrees) == 0 {
		faults = append(faults, errors.New("agentx: no subtree to register: name one"))
	}
	for i, s := range c.Subtrees {
		if len(s.OID) == 0 || len(s.OID) > snmp.MaxSubIDs {
			faults = append(faults, fmt.Errorf("agentx: subtree %d (%q) has no identifier that can be registered", i, s.Name))
		}
	}
	return errors.Join(faults...)
}

// ParseSocket takes the address of snmpd apart, for net.Dial.
func ParseSocket(socket string) (network, address string, err error) {
	const remedy = "write a path as " + DefaultSocket + ", or tcp:host:port, as agentXSocket in snmpd.conf"
	kind, rest, found := strings.Cut(socket, ":")
	switch {
	case socket == "":
		return "", "", errors.New("no socket: " + remedy)
	case strings.HasPrefix(socket, "/"):
		network, address = "unix", socket
	case found && kind == "unix":
		network, address = "unix", rest
	case found && kind == "tcp":
		network, address = "tcp", rest
	default:
		return "", "", fmt.Errorf("socket %q: %s", socket, remedy)
	}
	if network == "unix" && !filepath.IsAbs(address) {
		return "", "", fmt.Errorf("socket %q: the path is not absolute: %s", socket, remedy)
	}
	if network == "tcp" {
		host, port, err := net.SplitHostPort(address)
		if err != nil || host == "" || port == "" {
			return "", "", fmt.Errorf("socket %q is no tcp:host:port: %s", socket, remedy)
		}
	}
	return network, address, nil
}
