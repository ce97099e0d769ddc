package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

// layers are the MIB's layers, from the users' side down.
var layers = []string{"virtualIp", "loadBalancer", "webServer", "applicationServer", "messageServer", "databaseServer", "dataPartition", "other"}

// layer is one layer of a stack with its services.
type layer struct {
	Name     string
	Services []service
}

// service is a service with its instance on each node, in the order of the nodes; a node without one has the zero value.
type service struct {
	ask.Service
	Instances []cell
}

// cell is a service on one node.
type cell struct {
	ask.ServiceInstance
	Node  string
	There bool
}

// stack is a stack with its layers, from the users' side down.
type stack struct {
	ask.Stack
	Layers []layer
	Cause  int64 // the event that led to the last fail-over, by the journal's number; 0: not there
}

// node is a node with its hardware.
type node struct {
	ask.Node
	Hardware *ask.Hardware // nil: none known
}

// alarm is an alarm with its event, by the journal's number; 0: not there.
type alarm struct {
	ask.Alarm
	Event int64
}

// Brief is what the probe said, without the figures that follow (Nagios' performance data).
func (c cell) Brief() string {
	brief, _, _ := strings.Cut(c.Message, " | ")
	return brief
}

type clusterBody struct {
	Member
	Stacks  []stack
	Nodes   []node
	Alarms  []alarm
	Lost    []journal.Gap
	Open    []journal.Gap
	Events  []row
	Changes []journal.Reconfiguration
	Names   map[string]string
}

// member finds one cluster; found is false when nothing is known of it.
func (s *Server) member(ctx context.Context, id string) (m Member, found bool, err error) {
	clusters, err := s.deps.Store.Heads(ctx)
	if err != nil {
		return Member{}, false, err
	}
	i := slices.IndexFunc(clusters, func(c journal.Cluster) bool { return c.ClusterID == id })
	if i < 0 {
		return Member{}, false, nil
	}
	state, err := s.stateOf(ctx, clusters[i])
	if err != nil {
		return Member{}, false, err
	}
	return Member{Cluster: clusters[i], State: state, Verdict: Judge(clusters[i], state, s.now(), s.cfg.StaleAfter)}, true, nil
}

func (s *Server) cluster(w http.ResponseWriter, r *http.Request) {
	m, found, err := s.member(r.Context(), r.PathValue("id"))
	switch {
	case err != nil:
		s.failed(w, r, err)
		return
	case !found:
		s.problem(w, r, http.StatusNotFound, "No such cluster", "Nothing was heard of it. The fleet lists those that are known.")
		return
	}
	body, err := s.clusterBody(r.Context(), m)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "cluster", page{Title: m.Name, Nav: "fleet", Self: r.URL.Path, Body: body})
}

func (s *Server) clusterBody(ctx context.Context, m Member) (clusterBody, error) {
	body := clusterBody{Member: m, Names: map[string]string{m.ClusterID: m.Name}}
	gaps, err := s.deps.Store.Gaps(ctx, m.ClusterID)
	if err != nil {
		return body, err
	}
	for _, g := range gaps {
		switch g.State {
		case journal.GapLost:
			body.Lost = append(body.Lost, g)
		case journal.GapOpen:
			body.Open = append(body.Open, g)
		}
	}
	events, err := s.deps.Store.Page(ctx, journal.PageFilter{ClusterID: m.ClusterID, Limit: 10, Except: pairs})
	if err != nil {
		return body, err
	}
	body.Events = rows(events, body.Names)
	if body.Changes, err = s.deps.Store.Reconfigurations(ctx, journal.ReconfigurationFilter{ClusterID: m.ClusterID, Limit: 5}); err != nil || m.State == nil {
		return body, err
	}
	body.Nodes = nodes(m.State)
	for _, is := range m.State.Stacks {
		cause, err := s.eventOf(ctx, m, is.LastCause)
		if err != nil {
			return body, err
		}
		body.Stacks = append(body.Stacks, stack{Stack: is, Layers: layersOf(m.State, is.Index), Cause: cause})
	}
	for _, a := range m.State.Alarms {
		event, err := s.eventOf(ctx, m, a.EventSeq)
		if err != nil {
			return body, err
		}
		body.Alarms = append(body.Alarms, alarm{a, event})
	}
	slices.SortStableFunc(body.Alarms, func(a, b alarm) int {
		return cmp.Or(cmp.Compare(severityRank(a.Severity), severityRank(b.Severity)), b.Raised.Compare(a.Raised))
	})
	return body, nil
}

// eventOf is the journal's number of a cluster's event, 0 when it does not have it.
func (s *Server) eventOf(ctx context.Context, m Member, seq int64) (int64, error) {
	if seq <= 0 {
		return 0, nil
	}
	e, found, err := s.deps.Store.Event(ctx, journal.Identity{ClusterID: m.ClusterID, Generation: uint64(m.State.Generation), Seq: uint32(seq)})
	if !found {
		return 0, err
	}
	return e.ID, err
}

// nodes joins nodes with their hardware.
func nodes(s *ask.State) []node {
	out := make([]node, len(s.Nodes))
	for i, n := range s.Nodes {
		out[i].Node = n
		if at := slices.IndexFunc(s.Hardware, func(h ask.Hardware) bool { return h.NodeIndex == n.Index }); at >= 0 {
			out[i].Hardware = &s.Hardware[at]
		}
	}
	return out
}

// layersOf orders a stack's services by layer.
func layersOf(s *ask.State, index int64) []layer {
	found := map[string][]service{}
	for _, v := range s.Services {
		if v.StackIndex != index {
			continue
		}
		name := cmp.Or(v.Layer, "other")
		found[name] = append(found[name], service{v, cells(s, v)})
	}
	var out []layer
	for _, name := range layers {
		if len(found[name]) > 0 {
			out = append(out, layer{name, found[name]})
			delete(found, name)
		}
	}
	for name, services := range found { // a layer of a newer MIB
		out = append(out, layer{name, services})
	}
	slices.SortStableFunc(out, func(a, b layer) int { return cmp.Compare(layerRank(a.Name), layerRank(b.Name)) })
	return out
}

func layerRank(name string) int {
	if i := slices.Index(layers, name); i >= 0 {
		return i
	}
	return len(layers)
}

func cells(s *ask.State, v ask.Service) []cell {
	var out []cell
	for _, n := range s.Nodes {
		if n.Role == "witness" {
			continue
		}
		c := cell{Node: n.Name}
		for _, in := range s.Instances {
			if in.ServiceIndex == v.Index && in.NodeIndex == n.Index {
				c.ServiceInstance, c.There = in, true
			}
		}
		out = append(out, c)
	}
	return out
}

// Hosts are the nodes that carry services, in the order of the instances.
func (b clusterBody) Hosts() []ask.Node {
	var out []ask.Node
	for _, n := range b.Nodes {
		if n.Role != "witness" {
			out = append(out, n.Node)
		}
	}
	return out
}
