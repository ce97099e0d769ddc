package engine

import (
	"maps"

	"hawser/cluster"
)

// standby names the node that could take the stack now, or says why there is none. It knows more than the log: who is
// silent, who leaves, and against whom a fence may still strike (S4). A node that the stack has just left, because a service
// could not be kept there, comes last.
func (p *pass) standby(spec cluster.StackSpec) (node, reason string) {
	s := *p.State
	s.Nodes = maps.Clone(s.Nodes)
	for name, n := range s.Nodes {
		switch {
		case n.State != cluster.NodeOnline:
		case p.Nodes[name].Suspect || p.underIntent(name) || p.renewed(name):
			n.State = cluster.NodeSuspect
		case p.leaving(name):
			n.State = cluster.NodeOffline
		}
		s.Nodes[name] = n
	}
	fresh := s
	fresh.Nodes = maps.Clone(s.Nodes)
	for name, n := range fresh.Nodes {
		if p.usedUp(spec, name) {
			n.State = cluster.NodeStandby
			fresh.Nodes[name] = n
		}
	}
	if node, _ := cluster.StandbyFor(&fresh, spec); node != "" {
		return node, ""
	}
	return cluster.StandbyFor(&s, spec)
}

// usedUp says whether a service of the stack has failed on the node more often within its window than it may be restarted.
func (p *pass) usedUp(spec cluster.StackSpec, node string) bool {
	for _, sv := range spec.Services {
		policy := p.State.Services[sv.Name].Policy
		if sv.OnceOnly() && p.recentRestarts(p.State.Instances[cluster.InstanceKey(sv.Name, node)], policy) > policy.RestartLimit {
			return true
		}
	}
	return false
}

// renewed says whether the node has a daemon that the log does not know yet.
func (p *pass) renewed(node string) bool {
	return p.Nodes[node].Incarnation > p.State.Nodes[node].Incarnation
}

// underIntent says whether a fence may still strike the node.
func (p *pass) underIntent(node string) bool {
	return p.intents[node] || p.State.Fences[node].Open(p.Now)
}

// cannotTake says why a node cannot take or keep a stack now.
func (p *pass) cannotTake(node string) string {
	switch v := p.Nodes[node]; {
	case !p.State.Runs(node):
		return "it does not run services now"
	case v.Suspect || p.leaving(node):
		return "it is silent or leaving"
	case p.renewed(node):
		return "its daemon is new"
	case p.underIntent(node):
		return "a fence may still strike it"
	}
	return ""
}
