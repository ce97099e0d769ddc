package pacemaker

import (
	"cmp"
	"time"
)

// View is what Pacemaker says of the cluster at one moment. It is immutable once parsed.
type View struct {
	Version     Version
	ClusterName string
	DC          string // empty: none is elected
	Quorate     bool
	Stonith     bool
	Maintenance bool   // of the whole cluster
	Changer     string // who changed the configuration last: user, program and node
	Nodes       []Node
	Resources   []Resource // primitives in the order of the configuration
	Colocations []Colocation
	Fences      []Fencing
	Failed      []Op              // failed operations, in the order of the CIB
	Properties  map[string]string // of the cluster
}

// Version is the version of the CIB.
type Version struct{ Admin, Epoch, Updates uint64 }

// Node is a node as Pacemaker sees it.
type Node struct {
	Name        string
	Online      bool
	Standby     bool
	Maintenance bool
	Pending     bool // it is joining
	Unclean     bool // it is to be fenced, or nothing is known of it
	Shutdown    bool // it is leaving as it was told to
	ExpectedUp  bool
}

// Resource is a primitive; each of its instances is a Place.
type Resource struct {
	ID         string
	Agent      string // class:provider:type
	Group      string // the group it is in, empty: none
	Clone      string // the clone or bundle it is in, empty: none
	Promotable bool
	TargetRole string // Stopped: disabled
	Threshold  int    // migration-threshold; 0: none
	Window     time.Duration
	Interval   time.Duration // of the monitor; 0: none
	Timeout    time.Duration
	OnFail     string   // of the monitor; empty: the default
	OnStopFail string   // of stop; empty: the default
	Hosts      []string // of a fence device: whom it fences; empty: it finds out itself
	Places     []Place
	Ops        []Op           // the last of each kind, on each node
	FailCounts map[string]int // by node
}

// Place is an instance of a resource where it is, or would be.
type Place struct {
	Node    string // empty: it is nowhere
	Role    string // Started, Stopped, Promoted, Unpromoted, Starting, Stopping, Promoting, Demoting, ...
	Failed  bool
	Blocked bool
	Managed bool
}

// Op is an operation in the history of a node.
type Op struct {
	Resource string
	Node     string
	Key      string // as web-app_monitor_1000
	Task     string
	Interval time.Duration
	Call     int // rises with each operation of a node
	RC       int
	Status   int // 0: it ended by itself; 2: timed out
	Reason   string
	Changed  time.Time // whole seconds
	Took     time.Duration
	Failure  bool // kept by Pacemaker as the last failure
}

// Fencing is an entry of the fencing history.
type Fencing struct {
	Target, Action, Status string // Status: success, failed, pending
	Reason                 string
	By                     string // the node whose fencer did it
	Completed              time.Time
}

// id tells one fencing from another.
func (f Fencing) id() string { return f.Target + " " + f.Status + " " + f.Completed.UTC().String() }

// id tells one result from another.
func (o Op) id() string { return o.Node + " " + o.Key + " " + o.Changed.UTC().String() }

// Colocation ties a resource to another with a score of INFINITY.
type Colocation struct{ Resource, With string }

// Node finds a node by name.
func (v *View) Node(name string) (Node, bool) {
	for _, n := range v.Nodes {
		if n.Name == name {
			return n, true
		}
	}
	return Node{}, false
}

// Resource finds a primitive by its id.
func (v *View) Resource(id string) (Resource, bool) {
	for _, r := range v.Resources {
		if r.ID == id {
			return r, true
		}
	}
	return Resource{}, false
}

// Service says whether the resource is one that users see: all but fence devices.
func (r Resource) Service() bool { return !isStonith(r.Agent) }

// On is the instance on a node; a stopped one if there is none.
func (r Resource) On(node string) Place {
	for _, p := range r.Places {
		if p.Node == node {
			return p
		}
	}
	return Place{Node: node, Role: roleStopped, Managed: true}
}

// ActiveOn names the node on which the resource is active: promoted, if it is promotable. Empty: on none, or on several.
func (r Resource) ActiveOn() string {
	found := ""
	for _, p := range r.Places {
		if !r.active(p) || p.Node == found {
			continue
		}
		if found != "" {
			return ""
		}
		found = p.Node
	}
	return found
}

// active says whether an instance serves.
func (r Resource) active(p Place) bool {
	return p.Role == rolePromoted || p.Role == roleStarted && !r.Promotable
}

// moving says whether Pacemaker is at work on an instance.
func (p Place) moving() bool {
	switch p.Role {
	case roleStarting, roleStopping, rolePromoting, roleDemoting, roleMigrating:
		return true
	}
	return false
}

// lastOp is the newest operation of a task on a node, recurring ones included.
func (r Resource) lastOp(node string, task ...string) (last Op) {
	for _, o := range r.Ops {
		for _, t := range task {
			if o.Node == node && o.Task == t && cmp.Compare(o.Call, last.Call) > 0 {
				last = o
			}
		}
	}
	return last
}

// The roles of instances.
const (
	roleStarted    = "Started"
	roleStopped    = "Stopped"
	rolePromoted   = "Promoted"
	roleUnpromoted = "Unpromoted"
	roleStarting   = "Starting"
	roleStopping   = "Stopping"
	rolePromoting  = "Promoting"
	roleDemoting   = "Demoting"
	roleMigrating  = "Migrating"
)

// The tasks and results of operations (OCF).
const (
	taskMonitor = "monitor"
	taskStart   = "start"
	taskStop    = "stop"
	taskPromote = "promote"
	rcOK        = 0
	rcStopped   = 7
	rcPromoted  = 8
	rcNone      = 193 // it runs still
	infinity    = 1_000_000
)
