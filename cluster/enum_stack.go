package cluster

// Layer is a layer of the middleware stack (hawserServiceLayer).
type Layer int

// The values of Layer.
const (
	LayerLoadBalancer Layer = iota + 1
	LayerWebServer
	LayerApplicationServer
	LayerMessageServer
	LayerDatabaseServer
	LayerVirtualIP
	LayerDataPartition
	LayerOther
)

var layerNames = names{"loadBalancer", "webServer", "applicationServer", "messageServer", "databaseServer", "virtualIp", "dataPartition", "other"}

func (l Layer) String() string { return layerNames.text(int(l)) }

// MarshalText writes the name; the zero value is empty.
func (l Layer) MarshalText() ([]byte, error) { return layerNames.marshal(int(l)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (l *Layer) UnmarshalText(b []byte) error {
	code, err := layerNames.parse(b)
	*l = Layer(code)
	return err
}

// Mode is how a service is spread over the nodes (hawserServiceMode).
type Mode int

// The values of Mode.
const (
	ModeActiveActive Mode = iota + 1
	ModeActiveStandby
)

var modeNames = names{"activeActive", "activeStandby"}

func (m Mode) String() string { return modeNames.text(int(m)) }

// MarshalText writes the name; the zero value is empty.
func (m Mode) MarshalText() ([]byte, error) { return modeNames.marshal(int(m)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (m *Mode) UnmarshalText(b []byte) error {
	code, err := modeNames.parse(b)
	*m = Mode(code)
	return err
}

// ServiceAdmin is what an operator asks of a service (hawserServiceAdminState).
type ServiceAdmin int

// The values of ServiceAdmin.
const (
	ServiceAdminEnabled ServiceAdmin = iota + 1
	ServiceAdminDisabled
	ServiceAdminMaintenance
)

var serviceAdminNames = names{"enabled", "disabled", "maintenance"}

func (s ServiceAdmin) String() string { return serviceAdminNames.text(int(s)) }

// MarshalText writes the name; the zero value is empty.
func (s ServiceAdmin) MarshalText() ([]byte, error) { return serviceAdminNames.marshal(int(s)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (s *ServiceAdmin) UnmarshalText(b []byte) error {
	code, err := serviceAdminNames.parse(b)
	*s = ServiceAdmin(code)
	return err
}

// Reaction is the policy: how far the controller goes when a service fails (hawserServiceReaction).
type Reaction int

// The values of Reaction.
const (
	ReactIgnore Reaction = iota + 1
	ReactNotify
	ReactRestart
	ReactFailover
	ReactFence
)

var reactionNames = names{"ignore", "notify", "restart", "failover", "fence"}

func (r Reaction) String() string { return reactionNames.text(int(r)) }

// MarshalText writes the name; the zero value is empty.
func (r Reaction) MarshalText() ([]byte, error) { return reactionNames.marshal(int(r)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (r *Reaction) UnmarshalText(b []byte) error {
	code, err := reactionNames.parse(b)
	*r = Reaction(code)
	return err
}

// Failback is what happens when the preferred node is back (hawserStackFailback).
type Failback int

// The values of Failback.
const (
	FailbackNever Failback = iota + 1
	FailbackAutomatic
	FailbackManual
)

var failbackNames = names{"never", "automatic", "manual"}

func (f Failback) String() string { return failbackNames.text(int(f)) }

// MarshalText writes the name; the zero value is empty.
func (f Failback) MarshalText() ([]byte, error) { return failbackNames.marshal(int(f)) }

// UnmarshalText reads a name and refuses one that is not in the enumeration.
func (f *Failback) UnmarshalText(b []byte) error {
	code, err := failbackNames.parse(b)
	*f = Failback(code)
	return err
}
