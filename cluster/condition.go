package cluster

import "slices"

// ConditionOf is the state of every node, link, stack, service, instance and hardware component, in the order of the
// configuration and, within hardware, of the BMC's answer. It is a function of the replicated state alone, so that every
// node computes the same.
func ConditionOf(s *State) []Component {
	out := []Component{{Type: ComponentCluster, Name: s.Spec.Name, State: ClusterStateOf(s).String()}}
	for _, n := range s.Spec.Nodes {
		node := s.Nodes[n.Name]
		state := node.State
		if state == 0 {
			state = NodeUnknown
		}
		out = append(out, Component{Type: ComponentNode, Name: n.Name, Node: n.Name, State: state.String(), Detail: node.ReservedBy})
	}
	out = append(out, linkConditions(s)...)
	for _, st := range s.Spec.Stacks {
		out = append(out, Component{
			Type: ComponentStack, Name: st.Name, Node: s.Stacks[st.Name].Primary,
			State: StackStateOf(s, st).String(), Detail: string(s.Stacks[st.Name].Phase),
		})
		for _, sv := range st.Services {
			out = append(out, serviceConditions(s, sv)...)
		}
	}
	for _, n := range s.Spec.Nodes {
		out = append(out, hardwareConditions(s.Hardware[n.Name])...)
	}
	return out
}

func linkConditions(s *State) []Component {
	keys := make([]string, 0, len(s.Links))
	for key := range s.Links {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var out []Component
	for _, key := range keys {
		node := key
		if i := slices.Index([]byte(key), '/'); i >= 0 {
			node = key[:i]
		}
		out = append(out, Component{Type: ComponentLink, Name: key, Node: node, State: s.Links[key].String()})
	}
	return out
}

func serviceConditions(s *State, sv ServiceSpec) []Component {
	active := ""
	if sv.OnceOnly() {
		active = s.ActiveNode(sv.Name)
	}
	out := []Component{{Type: ComponentService, Name: sv.Name, Node: active, State: ServiceStateOf(s, sv).String()}}
	for _, n := range s.Spec.Nodes {
		in := s.Instances[InstanceKey(sv.Name, n.Name)]
		state := in.State
		if state == 0 {
			state = InstanceUnknown
		}
		out = append(out, Component{
			Type: ComponentInstance, Name: sv.Name, Node: n.Name, State: state.String(), Detail: in.Message,
		})
	}
	return out
}

func hardwareConditions(hw *Hardware) []Component {
	if hw == nil {
		return nil
	}
	power := hw.System.Power
	if power == 0 {
		power = PowerUnknown
	}
	out := []Component{{
		Type: ComponentHardware, Name: "system", Node: hw.Node, State: healthText(hw.System.Health),
		Detail: "power " + power.String(),
	}}
	for _, c := range hw.Components {
		out = append(out, Component{Type: ComponentHardware, Name: c.Name, Node: hw.Node, State: healthText(c.Health), Detail: c.State})
	}
	return out
}

func healthText(h Health) string {
	if h == 0 {
		return HealthUnknown.String()
	}
	return h.String()
}
