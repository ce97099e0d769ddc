package plugin

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
	"hawser/mib"
)

// fakeSource is a cluster in memory.
type fakeSource struct {
	mu         sync.Mutex // guards what follows
	snap       *cluster.Snapshot
	changed    chan struct{}
	events     []cluster.Event
	conditions map[cluster.Seq][]cluster.Component
	writes     []cluster.Write
	reads      int // of Events, Conditions and Writes
	err        error
}

func newFakeSource(snap *cluster.Snapshot) *fakeSource {
	return &fakeSource{snap: snap, changed: make(chan struct{}), conditions: map[cluster.Seq][]cluster.Component{}}
}

func (f *fakeSource) Snapshot() *cluster.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.snap
}

func (f *fakeSource) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// set publishes another snapshot.
func (f *fakeSource) set(snap *cluster.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.snap = snap
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fakeSource) Events(after cluster.Seq, limit int) ([]cluster.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	var out []cluster.Event
	for _, e := range f.events {
		if e.Seq > after && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, f.err
}

func (f *fakeSource) Conditions(seq cluster.Seq) ([]cluster.Component, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	return f.conditions[seq], f.err
}

func (f *fakeSource) Writes(after uint32, limit int) ([]cluster.Write, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	var out []cluster.Write
	for _, w := range f.writes {
		if w.Seq > after && len(out) < limit {
			out = append(out, w)
		}
	}
	return out, f.err
}

func (f *fakeSource) readCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reads
}

func quietLog() *logrus.Entry {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return logrus.NewEntry(log)
}

func newTestPublisher(source Source) *Publisher {
	return NewPublisher(PublisherConfig{
		Source: source, Controller: mib.ControllerNative, Started: noon.Add(-time.Hour), Log: quietLog(),
		Counters: func() map[string]uint64 { return map[string]uint64{"SelfGets": 7, "SelfViewSwaps": 99, "NodeState": 1} },
	})
}

// startTask runs a task until the test ends.
func startTask(t testing.TB, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("task ended with %v, want nil", err)
		}
	})
}

// noon is the moment of all snapshots of the tests.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// richSnapshot is a cluster of two nodes and a witness in which everything that can be known is known.
func richSnapshot() *cluster.Snapshot {
	return &cluster.Snapshot{
		State: richState(), Local: "db1", Taken: noon, Leader: "db1", View: cluster.ViewCurrent, Quorate: true, Version: "0.1.0",
		Nodes: map[string]cluster.NodeLive{
			"db1": {LastBeat: noon, Heard: true, LeaseUntil: noon.Add(4 * time.Second), Applied: 900, Reported: noon},
			"db2": {
				LastBeat: noon.Add(-2 * time.Second), Heard: true, ClockOffset: -12 * time.Millisecond, Applied: 898,
				Reported: noon.Add(-time.Second),
			},
			"wit": {LastBeat: noon.Add(-time.Second), Heard: true, Applied: 900, Reported: noon},
		},
		Links: []cluster.LinkLive{{
			Node: "db1", Peer: "db2", Index: 1, LocalAddr: "10.0.0.1", PeerAddr: "10.0.0.2", State: cluster.LinkUp,
			RTT: 250 * time.Microsecond, LossPermille: 3, Sent: 1000, Received: 997, Flaps: 1, LastChange: noon.Add(-time.Hour),
		}},
		Probes: map[string]cluster.ProbeLive{
			"app/db1": {Latency: 1500 * time.Microsecond, Last: noon.Add(-time.Second), Count: 60, Failures: 2},
			"web/db2": {Latency: 900 * time.Microsecond, Last: noon.Add(-3 * time.Second), Count: 59, Failures: 1},
		},
	}
}

func richState() *cluster.State {
	policy := cluster.DefaultPolicy()
	s := &cluster.State{
		Version: 1, Applied: 900, AppliedAt: noon, ClusterID: "6f0c2f5e-0c4e-4f5e-9e51-6f1d3f0a7b11", Generation: 1795348800,
		Epoch: 1795348800<<32 | 5, Serial: 17, Revision: 3,
		Spec: cluster.Spec{
			Name: "shop",
			Nodes: []cluster.NodeSpec{
				{Name: "db1", Role: cluster.RoleResource, Addresses: []string{"10.0.0.1", "10.1.0.1"}, HasBMC: true},
				{Name: "db2", Role: cluster.RoleResource, Addresses: []string{"10.0.0.2", "10.1.0.2"}, HasBMC: true},
				{Name: "wit", Role: cluster.RoleWitness, Addresses: []string{"fd00::3"}},
			},
			Stacks: []cluster.StackSpec{{
				Name: "shop", PreferredNode: "db1", Failback: cluster.FailbackNever,
				Services: []cluster.ServiceSpec{
					{Name: "app", Layer: cluster.LayerApplicationServer, Kind: "process", Mode: cluster.ModeActiveStandby, Policy: policy},
					{Name: "web", Layer: cluster.LayerWebServer, Kind: "process", Mode: cluster.ModeActiveActive, Policy: policy},
				},
			}},
			Sinks: []cluster.Sink{
				{Name: "nms", Address: "10.9.0.1:162", Kind: cluster.SinkInform, Channel: cluster.ChannelBoth, Backlog: cluster.BacklogAll, Window: 16},
				{Name: "icinga", Address: "[fd00::9]:1162", Kind: cluster.SinkTrap, Channel: cluster.ChannelState, Backlog: cluster.BacklogState, Window: 1},
			},
		},
		Indexes: map[string]cluster.IndexTable{
			"node":    {Next: 4, Names: map[string]uint32{"db1": 1, "db2": 2, "wit": 3}},
			"stack":   {Next: 2, Names: map[string]uint32{"shop": 1}},
			"service": {Next: 3, Names: map[string]uint32{"app": 1, "web": 2}},
			"sink":    {Next: 3, Names: map[string]uint32{"nms": 1, "icinga": 2}},
			"hw/db1":  {Next: 5, Names: map[string]uint32{"chassis": 1, "psu1": 2, "inlet": 3, "fan1": 4}},
		},
		Nodes: map[string]cluster.Node{
			"db1": richNode("0.1.0", 1), "db2": richNode("0.1.0", 2), "wit": richNode("0.1.0", 3),
		},
		Stacks: map[string]cluster.Stack{"shop": {
			Primary: "db1", Failovers: 2, LastFailover: noon.Add(-30 * time.Minute), LastDuration: 850 * time.Millisecond, LastCause: 2,
		}},
		Services: map[string]cluster.Service{
			"app": {Admin: cluster.ServiceAdminEnabled, Policy: policy, Holder: cluster.Holder{Node: "db1", Boot: "b1", Epoch: 5}, Restarts: 4, Failures: 6},
			"web": {Admin: cluster.ServiceAdminEnabled, Policy: policy},
		},
		Instances: map[string]cluster.Instance{
			"app/db1": {State: cluster.InstanceActive, Probe: cluster.ProbeOk, Restarts: 3, Since: noon.Add(-30 * time.Minute), Message: "HTTP 200"},
			"app/db2": {State: cluster.InstanceStandby, Probe: cluster.ProbeOff, Since: noon.Add(-31 * time.Minute)},
			"web/db1": {State: cluster.InstanceActive, Probe: cluster.ProbeOk, Since: noon.Add(-40 * time.Minute)},
			"web/db2": {State: cluster.InstanceActive, Probe: cluster.ProbeOk, Since: noon.Add(-40 * time.Minute)},
		},
		Links: map[string]cluster.LinkState{"db1/db2/1": cluster.LinkUp, "db2/db1/1": cluster.LinkUp, "db1/db2/2": cluster.LinkDown},
		Sinks: map[string]cluster.SinkStatus{
			"nms":    {Cursor: 3, Sent: 3, Acked: 3, State: cluster.SinkStateOk, LastAck: noon.Add(-10 * time.Second)},
			"icinga": {Cursor: 1, Sent: 1, Retries: 2, Lost: 1, State: cluster.SinkStateOk},
		},
		Alarms:     map[uint32]cluster.Alarm{},
		FirstEvent: 1, LastEvent: 3, FirstCondition: 2, LastWrite: 2, NextAlarm: 8, NextJob: 2, NextHwJob: 3,
		Overrides: map[string]cluster.Override{},
	}
	addRichHardware(s)
	addRichRest(s)
	return s
}

func richNode(version string, id byte) cluster.Node {
	return cluster.Node{
		State: cluster.NodeOnline, Admin: cluster.NodeAdminOnline, Boot: "b1", Version: version, FenceReady: true,
		EngineID: []byte{0x80, 0, 0x7e, 0xd9, 5, id}, BootTime: noon.Add(-24 * time.Hour), Since: noon.Add(-23 * time.Hour),
	}
}

func addRichHardware(s *cluster.State) {
	s.Hardware = map[string]*cluster.Hardware{"db1": {
		Node: "db1", BMCState: "ok", Collected: noon.Add(-time.Minute),
		System: cluster.HardwareSystem{
			Manufacturer: "Hawser Works", Model: "Emulated 1U", Serial: "SN1", UUID: "3f1d3f0a-7b11-4e51-9f5e-6f0c2f5e0c4e",
			BIOSVersion: "1.2", BMCVersion: "3.4", Power: cluster.PowerOn, Health: cluster.HealthOk, IndicatorLED: "off",
			PowerLimit: 400, BootOverride: "Pxe (once)",
		},
		Components: []cluster.HardwarePart{
			{Key: "chassis", Class: "chassis", Name: "Chassis", Health: cluster.HealthOk, State: "Enabled"},
			{
				Key: "psu1", ParentKey: "chassis", Class: "powerSupply", Slot: "PSU 1", Name: "Power Supply 1", Model: "P500",
				Serial: "P1", Firmware: "7", Health: cluster.HealthOk, State: "Enabled", PredictedFailure: true,
			},
		},
		Sensors: []cluster.HardwareSensor{
			{
				Key: "inlet", ParentKey: "chassis", State: "Enabled", Name: "Inlet", Type: "temperature", Units: "Cel", Value: new(int32(21500)), LowerCritical: new(int32(1000)),
				LowerWarning: new(int32(5000)), UpperWarning: new(int32(38000)), UpperCritical: new(int32(42000)),
				Health: cluster.HealthOk, Read: noon.Add(-time.Minute),
			},
			{Key: "fan1", ParentKey: "chassis", State: "Enabled", Name: "Fan 1", Type: "fanSpeed", Units: "RPM", Health: cluster.HealthUnknown},
		},
		Settings: []cluster.HardwareSetting{
			{
				Scope: 2, Name: "BootMode", Type: cluster.SettingEnumeration, Current: "Uefi", Pending: "Uefi", Default: "Uefi",
				Values: []string{"Uefi", "LegacyBios"}, RebootNeeded: true,
			},
			{
				Scope: 2, Name: "WolDelay", Type: cluster.SettingInteger, Current: "10", Pending: "20", Lower: new(int64(0)),
				Upper: new(int64(60)), Step: 10, RebootNeeded: true,
			},
			{Scope: 2, Name: "AdminPassword", Type: cluster.SettingPassword, Current: "geheim", Default: "admin"},
			{Scope: 2, Name: "SerialNumber", Type: cluster.SettingString, Current: "SN1", ReadOnly: true},
		},
	}}
	s.Desired = map[string]cluster.Desired{}
	for _, d := range []cluster.Desired{
		{Node: "db1", Scope: 2, Name: "BootMode", Value: "Uefi", State: cluster.SettingInSync},
		{Node: "db1", Scope: 2, Name: "WolDelay", Value: "20", State: cluster.SettingStaged, Message: "waits for a reset"},
		{Node: "db2", Scope: 2, Name: "BootMode", Value: "Uefi", State: cluster.SettingUnknown},
	} {
		d.By, d.Time = cluster.Setter{User: "hardware"}, noon.Add(-time.Hour)
		s.Desired[cluster.DesiredKey(d.Node, d.Scope, d.Name)] = d
	}
}

func addRichRest(s *cluster.State) {
	s.Alarms[7] = cluster.Alarm{
		Index: 7, Key: "link/db1/db2/2", Raised: noon.Add(-5 * time.Minute), Severity: cluster.SeverityMinor,
		Type: cluster.EventLinkDown, ComponentType: cluster.ComponentLink, ComponentName: "db1/db2/2", NodeName: "db1",
		EventSeq: 3, Text: "link 2 from db1 to db2 is down", Acknowledged: true, AckBy: "policy", AckComment: "cable ordered",
	}
	s.HwJobs = map[uint32]cluster.Job{
		1: {
			Index: 1, HwKind: cluster.HwJobCollect, Target: "db1", State: cluster.JobDone, Progress: 100, Detail: "reading",
			Result: "read 31 resources", EventSeq: 2, By: cluster.Setter{User: "hardware"}, Serial: 15,
			Created: noon.Add(-time.Hour), Started: noon.Add(-time.Hour), Ended: noon.Add(-59 * time.Minute),
		},
		2: {Index: 2, HwKind: cluster.HwJobApply, Target: "db1", State: cluster.JobHeld, By: cluster.Setter{User: "hardware"}, Serial: 16, Created: noon},
	}
	s.Jobs = map[uint32]cluster.Job{1: {
		Index: 1, Kind: cluster.JobKindMove, Target: "shop", Argument: "db2", State: cluster.JobRunning, Progress: 40,
		Detail: "stopping app on db1", By: cluster.Setter{User: "policy"}, Serial: 16, Created: noon, Started: noon,
	}}
}

// richSource adds history to the rich snapshot.
func richSource() *fakeSource {
	source := newFakeSource(richSnapshot())
	source.events = []cluster.Event{
		{
			Seq: 1, Origin: "db1", OriginSeq: 1, Time: noon.Add(-time.Hour), Type: cluster.EventLeaderChanged, Severity: cluster.SeverityInfo,
			ComponentType: cluster.ComponentNode, ComponentName: "db1", Reaction: cluster.ReactedNone, Result: cluster.ResultSucceeded,
			Summary: "db1 leads",
		},
		{
			Seq: 2, Origin: "db1", OriginSeq: 2, Epoch: 5, Time: noon.Add(-30 * time.Minute), Type: cluster.EventFailoverCompleted,
			Severity: cluster.SeverityCritical, ComponentType: cluster.ComponentService, ComponentName: "app", NodeName: "db2", StackName: "shop",
			Error: "exit status 3", Reaction: cluster.ReactedFailover, Result: cluster.ResultSucceeded, Duration: 850 * time.Millisecond,
			Summary: "app failed on db2 and was taken over by db1 in 0.85 s", Setter: "policy",
		},
		{
			Seq: 3, Origin: "db2", OriginSeq: 1, Epoch: 5, Time: noon.Add(-5 * time.Minute), Type: cluster.EventLinkDown,
			Severity: cluster.SeverityMinor, ComponentType: cluster.ComponentLink, ComponentName: "db1/db2/2", NodeName: "db1",
			Reaction: cluster.ReactedNotify, Result: cluster.ResultSucceeded, AlarmIndex: 7, Summary: "link 2 from db1 to db2 is down",
		},
	}
	for seq := cluster.Seq(2); seq <= 3; seq++ {
		source.conditions[seq] = []cluster.Component{
			{Type: cluster.ComponentNode, Name: "db1", Node: "db1", State: "online"},
			{Type: cluster.ComponentService, Name: "app", Node: "db1", State: "up", Detail: "HTTP 200"},
		}
	}
	source.writes = []cluster.Write{
		{
			Seq: 1, Time: noon.Add(-time.Hour), By: cluster.Setter{User: "policy", Address: "10.9.0.1:40112", Via: cluster.ViaSnmp},
			Token: []byte("token-0001"), Object: "hawserServiceReaction.app", Old: "restart", New: "failover", Result: "applied",
		},
		{
			Seq: 2, Time: noon.Add(-time.Minute), By: cluster.Setter{User: "hardware", Via: cluster.ViaCli}, Object: "hawserHwSettingDesired.db1.2.BootMode",
			Old: "Uefi", New: "Bios", Result: `inconsistentValue: BootMode: "Bios" is refused; allowed: Uefi, LegacyBios`,
		},
	}
	return source
}
