package plugin

import (
	"fmt"
	"time"

	"hawser/cluster"
	"hawser/mib"
)

// The values of Config.Controller.
const (
	ControllerNative    = "native"
	ControllerPacemaker = "pacemaker"
)

// PacemakerConfig is how a Pacemaker cluster is watched that runs already; it counts if the controller is pacemaker. Stacks
// and services come from Pacemaker then.
type PacemakerConfig struct {
	Period   time.Duration            `mapstructure:"period"`   // between two readings without a hint of a change
	Deadline time.Duration            `mapstructure:"deadline"` // of one call of Pacemaker's tools
	Layers   []PacemakerServiceConfig `mapstructure:"layers"`   // of services whose agent does not tell theirs
}

// PacemakerServiceConfig gives a service of Pacemaker its layer.
type PacemakerServiceConfig struct {
	Resource string        `mapstructure:"resource"` // the id of the primitive
	Layer    cluster.Layer `mapstructure:"layer"`
}

func defaultPacemaker() PacemakerConfig {
	return PacemakerConfig{Period: 10 * time.Second, Deadline: 15 * time.Second}
}

// OverPacemaker says whether Pacemaker decides.
func (c Config) OverPacemaker() bool { return c.Controller == ControllerPacemaker }

// controllerCode is the value of hawserController.
func (c Config) controllerCode() int {
	if c.OverPacemaker() {
		return mib.ControllerPacemaker
	}
	return mib.ControllerNative
}

// ServiceLayers are the layers that the configuration gives, by service.
func (p PacemakerConfig) ServiceLayers() map[string]cluster.Layer {
	out := map[string]cluster.Layer{}
	for _, s := range p.Layers {
		out[s.Resource] = s.Layer
	}
	return out
}

func (v *validator) pacemaker() {
	v.oneOf("controller", v.Controller, ControllerNative, ControllerPacemaker)
	v.within("pacemaker.period", v.Pacemaker.Period, time.Second, 5*time.Minute)
	v.within("pacemaker.deadline", v.Pacemaker.Deadline, time.Second, 2*time.Minute)
	seen := map[string]bool{}
	for i, s := range v.Pacemaker.Layers {
		path := fmt.Sprintf("pacemaker.layers[%d]", i)
		v.required(path+".resource", s.Resource, "name a primitive of Pacemaker, as `crm_resource --list` does")
		if s.Layer == 0 {
			v.add(path+".layer", "use one of loadBalancer, webServer, applicationServer, messageServer, databaseServer, virtualIp, dataPartition, other", "is missing")
		}
		if seen[s.Resource] {
			v.add(path+".resource", "give each one layer", "%q is there twice", s.Resource)
		}
		seen[s.Resource] = true
	}
	if !v.OverPacemaker() {
		return
	}
	if len(v.Stacks) > 0 {
		v.add("stacks", "leave them out: stacks and services are those of Pacemaker's configuration", "stands beside controller: pacemaker")
	}
	if n := len(v.Nodes); n < 2 || n > 32 {
		v.add("nodes", "name the nodes of the Pacemaker cluster, as `crm_node --list` does", "there are %d", n)
	}
	for i, n := range v.Nodes {
		if n.Role == cluster.RoleWitness {
			v.add(fmt.Sprintf("nodes[%d].role", i), "use resource; a quorum device is Corosync's matter", "there are no witnesses under Pacemaker")
		}
	}
}
