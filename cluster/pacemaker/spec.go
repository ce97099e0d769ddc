package pacemaker

import (
	"slices"

	"hawser/cluster"
)

// SpecOf is the cluster's Spec: name, nodes and sinks of the configuration file, with the nodes that Pacemaker alone knows;
// stacks and services of the CIB.
func SpecOf(v *View, file cluster.Spec, override map[string]cluster.Layer) cluster.Spec {
	spec := file
	spec.Stacks = stacksOf(v, override)
	spec.Nodes = slices.Clone(file.Nodes)
	for _, n := range v.Nodes {
		if _, ok := file.Node(n.Name); !ok {
			spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: n.Name, Role: cluster.RoleResource})
		}
	}
	return spec
}

// stacksOf groups the services (doc.go, Stacks).
func stacksOf(v *View, override map[string]cluster.Layer) []cluster.StackSpec {
	var out []cluster.StackSpec
	for _, r := range v.Resources {
		if !r.Service() {
			continue
		}
		name := stackName(v, r)
		i := slices.IndexFunc(out, func(s cluster.StackSpec) bool { return s.Name == name })
		if i < 0 {
			out = append(out, cluster.StackSpec{Name: name, Failback: cluster.FailbackNever})
			i = len(out) - 1
		}
		out[i].Services = append(out[i].Services, serviceOf(r, override))
	}
	return out
}

// stackName is the stack of a resource: its group or itself, and whatever that is tied to.
func stackName(v *View, r Resource) string {
	name := unit(r)
	for range v.Colocations { // a ring of colocations must not hold us
		i := slices.IndexFunc(v.Colocations, func(c Colocation) bool { return v.unitOf(c.Resource) == name })
		if i < 0 || r.Clone != "" {
			return name
		}
		with, ok := v.firstOf(v.Colocations[i].With)
		if !ok || with.Clone != "" || unit(with) == name {
			return name // tied to a clone it may be on several nodes' side: it stays alone
		}
		name = unit(with)
	}
	return name
}

// unit is what moves as one: the group of a resource, the resource itself, or what a clone clones.
func unit(r Resource) string {
	if r.Group != "" {
		return r.Group
	}
	return r.ID
}

// unitOf is the unit that an id of a constraint means: a group, a clone or a primitive.
func (v *View) unitOf(id string) string {
	if r, ok := v.firstOf(id); ok {
		return unit(r)
	}
	return id
}

// firstOf finds the first primitive of a group, a clone, or the primitive itself.
func (v *View) firstOf(id string) (Resource, bool) {
	i := slices.IndexFunc(v.Resources, func(r Resource) bool { return r.ID == id || r.Group == id || r.Clone == id })
	if i < 0 {
		return Resource{}, false
	}
	return v.Resources[i], true
}

func serviceOf(r Resource, override map[string]cluster.Layer) cluster.ServiceSpec {
	layer, ok := override[r.ID]
	if !ok {
		layer = layerOf(r.Agent)
	}
	mode := cluster.ModeActiveStandby
	if r.Clone != "" && !r.Promotable {
		mode = cluster.ModeActiveActive
	}
	return cluster.ServiceSpec{
		Name: r.ID, Layer: layer, Kind: r.Agent, Mode: mode,
		// What Pacemaker does not have (failure threshold) stays 0.
		Policy: cluster.Policy{
			ProbeInterval: r.Interval, ProbeTimeout: r.Timeout, RestartLimit: r.Threshold, FailureWindow: r.Window,
			Reaction: reactionOf(r.OnFail, r.Threshold),
		},
	}
}

// reactionOf is the furthest step that Pacemaker takes for a failed monitor.
func reactionOf(onFail string, threshold int) cluster.Reaction {
	switch {
	case onFail == "ignore":
		return cluster.ReactIgnore
	case onFail == "block":
		return cluster.ReactNotify
	case onFail == "fence":
		return cluster.ReactFence
	case onFail == "standby" || threshold > 0:
		return cluster.ReactFailover
	}
	return cluster.ReactRestart
}
