package cluster

import "time"

// Report is what a node tells the leader with each renewal.
type Report struct {
	Node        string           `json:"node"`
	Boot        string           `json:"boot"`
	Incarnation uint64           `json:"incarnation"` // of the daemon
	Nonce       uint64           `json:"nonce"`       // of this renewal: a lease exists only as its answer (A3)
	Clean       bool             `json:"clean"`       // whatever a former daemon left is verified stopped (S9)
	Leaving     bool             `json:"leaving,omitempty"`
	MachineUUID string           `json:"machineUuid,omitempty"`
	Emulated    bool             `json:"emulated,omitempty"`
	Version     string           `json:"version"`
	EngineID    []byte           `json:"engineId,omitempty"`
	BootTime    time.Time        `json:"bootTime"`
	Clock       time.Time        `json:"clock"`
	Applied     uint64           `json:"applied"`
	Instances   []InstanceReport `json:"instances"`
	Links       []LinkLive       `json:"links,omitempty"`
	LeaseUntil  time.Duration    `json:"leaseUntil,omitempty"` // left of the earliest lease; 0: none
}

// InstanceReport is what a node says of a service on it.
type InstanceReport struct {
	Service string        `json:"service"`
	State   InstanceState `json:"state"`
	Probe   ProbeState    `json:"probe"`
	Fails   int           `json:"fails"` // probes in a row that were not ok
	Message string        `json:"message,omitempty"`
	Unfit   string        `json:"unfit,omitempty"` // why it could not run here now, as seen before any start; empty: it could
	// Perfdata are the figures of the last probe, as Nagios plugins write them.
	Perfdata string `json:"perfdata,omitempty"`
	Epoch    uint64 `json:"epoch,omitempty"` // under which it runs
	// StoppedEpoch is the highest epoch that was withdrawn here and is verified stopped: proof (a) for it and all before;
	// the node starts nothing under it any more.
	StoppedEpoch uint64    `json:"stoppedEpoch,omitempty"`
	RestartDone  uint32    `json:"restartDone,omitempty"` // the last restart order that was carried out
	Latency      int64     `json:"latencyUs,omitempty"`
	LastProbe    time.Time `json:"lastProbe,omitzero"`
	Count        uint64    `json:"count,omitempty"`
	Failures     uint64    `json:"failures,omitempty"`
	FailedAt     time.Time `json:"failedAt,omitzero"` // when the failure began, by the node's clock
}

// Order is the leader's answer for one service: run it, or be stopped.
type Order struct {
	Service string        `json:"service"`
	Run     bool          `json:"run"`
	Epoch   uint64        `json:"epoch,omitempty"`   // of the lease, or of the lease withdrawn
	Lease   time.Duration `json:"lease,omitempty"`   // for once-only services, from before the renewal was sent
	Restart uint32        `json:"restart,omitempty"` // restart orders up to this number are to be carried out
	Policy  Policy        `json:"policy"`
}

// Instance finds the report of a service.
func (r *Report) Instance(service string) (InstanceReport, bool) {
	if r == nil {
		return InstanceReport{}, false
	}
	for _, in := range r.Instances {
		if in.Service == service {
			return in, true
		}
	}
	return InstanceReport{}, false
}
