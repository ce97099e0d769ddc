package engine_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"hawser/cluster"
	"hawser/cluster/engine"
)

func (w *world) addNodes(role cluster.NodeRole, names string) {
	for name := range strings.FieldsSeq(names) {
		w.spec.Nodes = append(w.spec.Nodes, cluster.NodeSpec{Name: name, Role: role, Addresses: []string{"127.0.0.1"}, HasBMC: true})
		w.nodes[name] = &machine{name: name, services: map[string]*service{}}
	}
}

// addStack takes services as app(once) or web(all), in the order of activation.
func (w *world) addStack(name, services string) {
	st := cluster.StackSpec{Name: name, Failback: cluster.FailbackNever}
	for word := range strings.FieldsSeq(services) {
		sv, mode, _ := strings.Cut(strings.TrimSuffix(word, ")"), "(")
		spec := cluster.ServiceSpec{
			Name: sv, Layer: cluster.LayerApplicationServer, Kind: "process", Mode: cluster.ModeActiveStandby,
			Policy: cluster.DefaultPolicy(), StartTimeout: 10 * time.Second, StopBudget: 2 * time.Second,
		}
		if mode == "all" {
			spec.Mode = cluster.ModeActiveActive
		}
		st.Services = append(st.Services, spec)
	}
	w.spec.Stacks = append(w.spec.Stacks, st)
}

// begin founds the cluster; the first node leads. Nobody has joined yet.
func (w *world) begin() {
	w.t.Helper()
	for _, st := range w.spec.Stacks {
		for _, sv := range st.Services {
			for _, n := range w.spec.Nodes {
				if n.Role == cluster.RoleResource {
					w.nodes[n.Name].services[sv.Name] = &service{report: cluster.InstanceReport{Service: sv.Name, State: cluster.InstanceStopped, Probe: cluster.ProbeOff}}
				}
			}
		}
	}
	w.spec.Name = "story"
	w.leader, w.began = w.spec.Nodes[0].Name, w.now
	w.commit(
		cluster.Decision{Found: &cluster.Found{ClusterID: "story", Generation: 7, EngineID: []byte("story")}},
		cluster.Decision{Config: &cluster.Config{Spec: w.spec}},
		cluster.Decision{Lead: &cluster.Lead{Node: w.leader}},
	)
}

func (w *world) joinAll() {
	w.t.Helper()
	for _, n := range w.spec.Nodes {
		w.start(w.node(n.Name), true, true)
	}
	w.settle()
}

// boot switches a machine on; if the leader asked for that, it hears of it.
func (w *world) boot(name string, clean bool) {
	w.t.Helper()
	if w.powering[name] {
		f := w.ledger.State().Fences[name]
		w.commit(cluster.Decision{Fenced: &cluster.Fenced{Node: name, ID: f.ID, Off: true, Powered: true}})
		delete(w.powering, name)
	}
	w.start(w.node(name), true, clean)
	w.settle()
}

// fenceEnds brings the end of the fence that is under way, whoever leads now.
func (w *world) fenceEnds(node string, err error) {
	w.t.Helper()
	f, ok := w.requests[node]
	if !ok {
		w.t.Fatalf("no fence of %s is under way", node)
	}
	delete(w.requests, node)
	w.commit(engine.FenceEnded(w.ledger.State(), f, w.now, err)...)
	delete(w.fencing, f.ID)
	w.settle()
}

// die ends a service by itself, as its node sees it at once.
func (w *world) die(name, node string) {
	w.t.Helper()
	s := w.service(name, node)
	s.running = false
	s.report.State, s.report.Probe, s.report.Message, s.report.FailedAt = cluster.InstanceFailed, cluster.ProbeFailed, "killed", w.now
	w.settle()
}

func (w *world) ail(name, node string, what trouble) {
	w.t.Helper()
	w.service(name, node).trouble = what
	w.settle()
}

// oldReport puts a report of a node before the leader that the node sent before its last boot.
func (w *world) oldReport(node, name, epoch string) {
	w.t.Helper()
	r := *w.reports[node]
	m := *w.node(node)
	m.boots--
	r.Boot, r.Incarnation = m.boot(), m.incarnation-1
	r.Instances = []cluster.InstanceReport{{Service: name, State: cluster.InstanceStandby, Probe: cluster.ProbeOff, StoppedEpoch: w.epoch(epoch)}}
	w.reports[node] = &r
	w.decide()
	w.settle()
}

// set is one SET of one object.
func (w *world) set(person, object, target, value string) {
	w.t.Helper()
	op := cluster.Op{Object: object, Target: cluster.Target{Name: target}}
	number, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err == nil:
		op.Int = number
	default:
		op.Int = w.enum(object, value)
	}
	if op.Int == 0 && object == "StackPreferredNode" {
		op.Text = value
	}
	result := w.commit(cluster.Decision{Change: &cluster.Change{
		ID: strconv.FormatUint(w.index, 10), By: cluster.Setter{User: person, Via: cluster.ViaSnmp}, Ops: []cluster.Op{op},
	}})
	if result.Refusal != nil {
		w.say("refused: %s", result.Refusal.Reason)
	}
	w.settle()
}

// enum is the number of a value by its name.
func (w *world) enum(object, name string) int64 {
	w.t.Helper()
	var (
		node     cluster.NodeAdmin
		service  cluster.ServiceAdmin
		reaction cluster.Reaction
		failback cluster.Failback
		err      error
	)
	switch object {
	case "NodeAdminState":
		err = node.UnmarshalText([]byte(name))
	case "ServiceAdminState":
		err = service.UnmarshalText([]byte(name))
	case "ServiceReaction":
		err = reaction.UnmarshalText([]byte(name))
	case "StackFailback":
		err = failback.UnmarshalText([]byte(name))
	}
	w.must(err)
	return int64(node) + int64(service) + int64(reaction) + int64(failback)
}

func (w *world) reserve(node, job string) {
	w.t.Helper()
	w.commit(cluster.Decision{Reserve: &cluster.Reserve{Node: node, By: job}})
	w.settle()
}

func (w *world) runsOn(name string, want []string) {
	w.t.Helper()
	if got := w.runs(name); !slices.Equal(got, want) {
		w.t.Errorf("%s runs on %v, want %v", name, got, want)
	}
}

func (w *world) noLease(node string) {
	w.t.Helper()
	for _, st := range w.spec.Stacks {
		for _, sv := range st.Services {
			if o, ok := w.order(w.node(node), sv); ok && o.Run && sv.OnceOnly() {
				w.t.Errorf("%s has a lease for %s", node, sv.Name)
			}
		}
	}
}

func (w *world) alarmsStand(want []string) {
	w.t.Helper()
	var got []string
	for _, a := range w.ledger.State().Alarms {
		got = append(got, a.Key)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Errorf("alarms stand: %v, want %v", got, want)
	}
}

// conditionShows looks at the condition of the last event of a type.
func (w *world) conditionShows(kind, name, node, state string) {
	w.t.Helper()
	events := w.ledger.Events(0, 1000)
	for _, e := range slices.Backward(events) {
		if e.Type.String() != kind {
			continue
		}
		lines, err := w.ledger.Conditions(e.Seq)
		w.must(err)
		i := slices.IndexFunc(lines, func(c cluster.Component) bool {
			return c.Type == cluster.ComponentInstance && c.Name == name && c.Node == node
		})
		if i < 0 || lines[i].State != state {
			w.t.Errorf("the condition of event %d shows %+v", e.Seq, lines)
		}
		return
	}
	w.t.Errorf("there was no event %s among %v", kind, slices.Collect(maps.Values(w.raised)))
}
