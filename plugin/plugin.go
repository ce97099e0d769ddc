package plugin

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/plugin/agent"
	"hawser/plugin/agentx"
	"hawser/redfish"
)

// Controller is all that the monitoring controller needs of a cluster controller; native.Node and pacemaker.Controller
// are such.
type Controller interface {
	Source
	Changer
	Recorder
	Hardware
}

// Monitor is the monitoring controller of one node: it shows the cluster by SNMP, takes SETs, sends notifications, reads
// the hardware and carries hardware jobs out.
type Monitor struct {
	publisher *Publisher
	backend   *Backend
	notifier  *Notifier
	hardware  *HardwareMonitor
	agent     *agent.Agent
	watch     *AuthWatch
	below     func() agentx.Stats // of the subagent, if there is one
}

// New builds the monitoring controller of a node over its cluster controller. engineID is the node's own snmpEngineID;
// bmcs are those whose fence devices the controller uses too (FenceDevices).
func New(cfg Config, controller Controller, engineID []byte, bmcs map[string]*redfish.BMC, version string, log *logrus.Entry) (*Monitor, error) {
	m := &Monitor{}
	var err error
	if m.hardware, err = NewHardwareMonitor(cfg, controller, controller, controller, bmcs, log); err != nil {
		return nil, err
	}
	pace, err := collectPace(cfg.Hardware.Collect, time.Now())
	if err != nil {
		return nil, err
	}
	m.publisher = NewPublisher(PublisherConfig{
		Hardware: pace,
		Source:   controller, Controller: cfg.controllerCode(), Started: time.Now(), Counters: m.counters,
		Log: log.WithField("component", "view"),
	})
	m.backend = NewBackend(BackendConfig{
		Source: controller, Changer: controller, Views: m.publisher, Log: log.WithField("component", "set"),
	})
	m.watch = NewAuthWatch(controller, cfg.Node, log)
	ac, err := agentConfig(cfg, engineID, version)
	if err != nil {
		return nil, err
	}
	ac.AuthFailure = m.watch.Refused
	if m.agent, err = agent.New(ac, m.backend, log.WithField("component", "agent")); err != nil {
		return nil, err
	}
	if m.notifier, err = NewNotifier(cfg, controller, controller, log); err != nil {
		return nil, err // last, because it opens a socket
	}
	return m, m.notifier.speakAlone(m.agent.Engine)
}

// agentConfig is the embedded agent's part of the configuration; passphrases are read from their files.
func agentConfig(cfg Config, engineID []byte, version string) (agent.Config, error) {
	ac := agent.Config{
		Listen: cfg.SNMP.Listen, EngineID: engineID, BootsFile: filepath.Join(cfg.DataDir, "snmp-boots"),
		System: agent.System{
			Descr: "hawser " + version, ObjectID: mib.HawserNodeEngine, Contact: cfg.SNMP.Contact, Name: cfg.Node,
			Location: cfg.SNMP.Location, Services: 72,
		},
	}
	for _, r := range mib.Roles {
		ac.Roles = append(ac.Roles, agent.Role{Name: r.Name, Read: oids(slices.Concat(r.Read, mib.Standard)), Write: oids(r.Write)})
	}
	for _, u := range cfg.SNMP.Users {
		user, err := u.USM()
		if err != nil {
			return agent.Config{}, err
		}
		ac.Users = append(ac.Users, agent.User{User: user, Role: u.Role})
	}
	for _, c := range cfg.SNMP.Communities {
		community, err := c.community()
		if err != nil {
			return agent.Config{}, err
		}
		ac.Communities = append(ac.Communities, community)
	}
	return ac, nil
}

func oids(subtrees [][]uint32) []snmp.OID {
	out := make([]snmp.OID, len(subtrees))
	for i, s := range subtrees {
		out[i] = s
	}
	return out
}

// counters are the figures of agent, sender and SETs, by descriptor without "hawser".
func (m *Monitor) counters() map[string]uint64 {
	s := m.agent.Stats()
	if m.below != nil {
		addBelow(&s, m.below())
	}
	out := m.notifier.Counters()
	maps.Copy(out, m.backend.Counters())
	maps.Copy(out, map[string]uint64{
		"SelfGets": s.Gets, "SelfGetNexts": s.GetNexts, "SelfGetBulks": s.GetBulks, "SelfSets": s.Sets,
		"SelfErrTooBig": s.Errors[snmp.TooBig], "SelfErrNoAccess": s.Errors[snmp.NoAccess] + s.Errors[snmp.AuthorizationError],
		"SelfErrWrongValue":   s.Errors[snmp.WrongType] + s.Errors[snmp.WrongLength] + s.Errors[snmp.WrongEncoding] + s.Errors[snmp.WrongValue],
		"SelfErrNoCreation":   s.Errors[snmp.NoCreation] + s.Errors[snmp.NotWritable] + s.Errors[snmp.InconsistentName],
		"SelfErrInconsistent": s.Errors[snmp.InconsistentValue], "SelfErrUnavailable": s.Errors[snmp.ResourceUnavailable],
		"SelfErrUndoFailed": s.Errors[snmp.UndoFailed], "SelfErrGeneral": s.Errors[snmp.GenErr],
		"SelfDropMalformed": s.ParseErrors, "SelfDropVersion": s.BadVersions,
		"SelfDropUnknownEngine": uint64(s.USM[snmp.StatUnknownEngineIDs]), "SelfDropUnknownUser": uint64(s.USM[snmp.StatUnknownUserNames]),
		"SelfDropSecurityLevel": uint64(s.USM[snmp.StatUnsupportedSecLevels]), "SelfDropWrongDigest": uint64(s.USM[snmp.StatWrongDigests]),
		"SelfDropNotInTime": uint64(s.USM[snmp.StatNotInTimeWindows]), "SelfDropDecryption": uint64(s.USM[snmp.StatDecryptionErrors]),
		"SelfDropContext": s.UnknownContexts, "SelfReplaysRefused": s.ReplaysRefused,
	})
	return out
}

// String names the task.
func (m *Monitor) String() string { return "monitoring controller" }

// Ready is closed when the agent answers. While others hold its port that is not so; all else runs.
func (m *Monitor) Ready() <-chan struct{} { return m.agent.Ready() }

// Addrs are the addresses at which the agent answers, once it is Ready.
func (m *Monitor) Addrs() []string {
	var out []string
	for _, a := range m.agent.Addrs() {
		out = append(out, a.String())
	}
	return out
}

// Run runs all parts until ctx ends. The agent waits by itself for a port that is held.
func (m *Monitor) Run(ctx context.Context) error {
	return RunTasks(ctx, m.publisher, m.backend, m.notifier, m.hardware, m.watch, m.agent)
}
