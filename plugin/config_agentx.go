package plugin

import (
	"time"

	"hawser/mib"
	"hawser/plugin/agentx"
)

// AgentXConfig shows the node through the snmpd of this machine, too, as its subagent. Without a socket it is off.
type AgentXConfig struct {
	// Socket is what snmpd.conf says as agentXSocket: /var/agentx/master, unix:/path, or tcp:host:port.
	Socket string `mapstructure:"socket"`
	// Write takes SETs from snmpd. AgentX does not say whose they are: snmpd's own access lists are all that is checked, and
	// the write log names "snmpd" as the user.
	Write bool `mapstructure:"write"`
	// Timeout is within what each request is answered, with genErr if need be. snmpd waits a second and then drops us.
	Timeout time.Duration `mapstructure:"timeout"`
	// Notify has snmpd send each event to its own sinks, too, while this node leads: best effort, nothing is repeated.
	Notify bool `mapstructure:"notify"`
}

// On says whether the subagent runs.
func (c AgentXConfig) On() bool { return c.Socket != "" }

func defaultAgentX() AgentXConfig { return AgentXConfig{Timeout: agentx.DefaultTimeout} }

func (v *validator) agentx() {
	c := v.SNMP.AgentX
	if !c.On() {
		if c.Write || c.Notify {
			v.add("snmp.agentx.socket", "name snmpd's socket, "+agentx.DefaultSocket+", or leave write and notify out", "is empty: nothing is shown or set through snmpd")
		}
		return
	}
	if _, _, err := agentx.ParseSocket(c.Socket); err != nil {
		v.add("snmp.agentx.socket", "write "+agentx.DefaultSocket+", unix:/path or tcp:host:port, as agentXSocket in snmpd.conf", "%q is no socket of snmpd", c.Socket)
	}
	v.within("snmp.agentx.timeout", c.Timeout, agentx.MinTimeout, agentx.MaxTimeout)
}

// agentX is the subagent's part of the configuration: HAWSER-MIB, and each of the standard modules apart, because a
// vendor's subagent may show them already.
func (c Config) agentX(version string) agentx.Config {
	standard := func(name string, module, table []uint32) agentx.Subtree {
		return agentx.Subtree{Name: name, OID: module, If: table, Contexts: true}
	}
	return agentx.Config{
		Socket: c.SNMP.AgentX.Socket, Write: c.SNMP.AgentX.Write, Timeout: c.SNMP.AgentX.Timeout,
		ID: mib.HawserNodeEngine, Description: "hawser " + version,
		Subtrees: []agentx.Subtree{
			{Name: mib.Module, OID: mib.HawserMIB},
			standard("ENTITY-MIB", mib.EntityMIB, mib.EntPhysicalTable),
			standard("ENTITY-SENSOR-MIB", mib.EntitySensorMIB, mib.EntPhySensorTable),
			standard("ENTITY-STATE-MIB", mib.EntityStateMIB, mib.EntStateTable),
		},
		Capabilities: []agentx.Capability{{OID: mib.HawserMIB, Description: "HAWSER-MIB: state, events, policy and hardware of an HA cluster"}},
	}
}
