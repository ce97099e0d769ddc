package engine_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"hawser/cluster"
	"hawser/cluster/engine"
)

// form is one kind of line: words in capitals stand for one word, the last one with dots for all that are left. A check
// looks; the others act, and let the world come to rest.
type form struct {
	form  string
	check bool
	do    func(w *world, a []string)
}

// forms is the language of the stories.
var forms = []form{
	// The cluster, before it begins.
	{"nodes NAMES...", false, func(w *world, a []string) { w.addNodes(cluster.RoleResource, a[0]) }},
	{"witness NAMES...", false, func(w *world, a []string) { w.addNodes(cluster.RoleWitness, a[0]) }},
	{"stack NAME prefers NODE", false, func(w *world, a []string) { w.stack(a[0]).PreferredNode = a[1] }},
	{"stack NAME failback WHEN", false, func(w *world, a []string) { w.must(w.stack(a[0]).Failback.UnmarshalText([]byte(a[1]))) }},
	{"stack NAME SERVICES...", false, func(w *world, a []string) { w.addStack(a[0], a[1]) }},
	{"service NAME reaction REACTION", false, func(w *world, a []string) { w.must(w.serviceSpec(a[0]).Policy.Reaction.UnmarshalText([]byte(a[1]))) }},
	{"service NAME restarts COUNT", false, func(w *world, a []string) { w.serviceSpec(a[0]).Policy.RestartLimit = w.number(a[1]) }},
	{"node NAME has no fence", false, func(w *world, a []string) { w.noFence[a[0]] = true }},
	{"fenced machines stay off", false, func(w *world, _ []string) { w.config.AfterFence = engine.AfterFenceOff }},
	{"fenced machines are switched on COUNT times", false, func(w *world, a []string) { w.config.CycleLimit = w.number(a[0]) }},
	{"begin", false, func(w *world, _ []string) { w.begin() }},
	{"begin with all joined", false, func(w *world, _ []string) { w.begin(); w.joinAll(); w.journal = nil }},

	// Time and leadership.
	{"wait DURATION", false, func(w *world, a []string) { w.wait(a[0]) }},
	{"NODE leads", false, func(w *world, a []string) { w.leader = a[0]; w.takeOffice(); w.settle() }},

	// Nodes.
	{"all join", false, func(w *world, _ []string) { w.joinAll() }},
	{"NODE joins", false, func(w *world, a []string) { w.start(w.node(a[0]), true, true); w.settle() }},
	{"NODE boots", false, func(w *world, a []string) { w.boot(a[0], true) }},
	{"NODE boots and is not clean", false, func(w *world, a []string) { w.boot(a[0], false) }},
	{"NODE boots and has not reported", false, func(w *world, a []string) { w.node(a[0]).mute = true; w.boot(a[0], true) }},
	{"NODE beats, but its renewals do not arrive", false, func(w *world, a []string) { w.node(a[0]).mute = true; w.settle() }},
	{"NODE reports", false, func(w *world, a []string) { w.node(a[0]).mute = false; w.settle() }},
	{"NODE restarts its daemon", false, func(w *world, a []string) { w.start(w.node(a[0]), false, true); w.settle() }},
	{"NODE restarts its daemon and is not clean", false, func(w *world, a []string) { w.start(w.node(a[0]), false, false); w.settle() }},
	{"NODE is clean", false, func(w *world, a []string) {
		m := w.node(a[0])
		m.clean = true
		for _, s := range m.services {
			s.running = false
		}
		w.settle()
	}},
	{"NODE crashes", false, func(w *world, a []string) { w.off(w.node(a[0])); w.settle() }},
	{"NODE falls silent", false, func(w *world, a []string) { w.node(a[0]).silent = true; w.settle() }},
	{"NODE falls silent towards the leader", false, func(w *world, a []string) { w.node(a[0]).silent, w.node(a[0]).peersHear = true, true; w.settle() }},
	{"NODE is silent towards all", false, func(w *world, a []string) { w.node(a[0]).peersHear = false; w.settle() }},
	{"NODE is heard again", false, func(w *world, a []string) { w.node(a[0]).silent = false; w.settle() }},
	{"NODE says goodbye", false, func(w *world, a []string) { w.node(a[0]).leaving = true; w.settle() }},
	{"NODE stops its daemon", false, func(w *world, a []string) { m := w.node(a[0]); w.off(m); m.power = true; w.settle() }},
	{"link INDEX from NODE to PEER is STATE", false, func(w *world, a []string) {
		v := linkView{since: w.now}
		w.must(v.state.UnmarshalText([]byte(a[3])))
		w.links[cluster.LinkKey(a[1], a[2], w.number(a[0]))] = v
		w.settle()
	}},

	// Fences.
	{"the fence of NODE is confirmed", false, func(w *world, a []string) { w.off(w.node(a[0])); w.fenceEnds(a[0], nil) }},
	{"the fence of NODE is confirmed but a lie", false, func(w *world, a []string) { w.fenceEnds(a[0], nil) }},
	{"the fence of NODE fails: ERROR...", false, func(w *world, a []string) { w.fenceEnds(a[0], errors.New(a[1])) }},
	{"an old entry arrives: the fence of NODE before boot BOOT is off", false, func(w *world, a []string) {
		f := w.ledger.State().Fences[a[0]]
		w.commit(cluster.Decision{Fenced: &cluster.Fenced{Node: a[0], ID: f.ID, Off: true}})
		w.settle()
	}},

	// Services.
	{"SERVICE on NODE dies", false, func(w *world, a []string) { w.die(a[0], a[1]) }},
	{"SERVICE on NODE hangs", false, func(w *world, a []string) { w.ail(a[0], a[1], hangs) }},
	{"SERVICE could not run on NODE because REASON...", false, func(w *world, a []string) { w.service(a[0], a[1]).report.Unfit = a[2]; w.settle() }},
	{"SERVICE could run on NODE", false, func(w *world, a []string) { w.service(a[0], a[1]).report.Unfit = ""; w.settle() }},
	{"SERVICE on NODE answers", false, func(w *world, a []string) { w.ail(a[0], a[1], fine) }},
	{"SERVICE on NODE starts slowly", false, func(w *world, a []string) { w.ail(a[0], a[1], slow) }},
	{"SERVICE on NODE cannot start", false, func(w *world, a []string) { w.ail(a[0], a[1], cannot) }},
	{"SERVICE on NODE does not stop", false, func(w *world, a []string) { w.ail(a[0], a[1], unstopping) }},
	{"SERVICE on NODE fails and does not stop", false, func(w *world, a []string) {
		s := w.service(a[0], a[1])
		s.report.Probe, s.report.Fails, s.report.Message = cluster.ProbeFailed, 3, "no answer"
		w.ail(a[0], a[1], unstopping)
	}},
	{"SERVICE on NODE does not hear its orders", false, func(w *world, a []string) { w.ail(a[0], a[1], deaf) }},
	{"an old report of NODE arrives: SERVICE stopped under epoch EPOCH", false, func(w *world, a []string) { w.oldReport(a[0], a[1], a[2]) }},
	{"an old entry arrives: SERVICE released by NODE boot BOOT under epoch EPOCH", false, func(w *world, a []string) {
		w.commit(cluster.Decision{Released: &cluster.Released{Service: a[0], Node: a[1], Boot: a[2], Epoch: w.epoch(a[3]), Proof: cluster.ProofStop}})
		w.settle()
	}},

	// People and jobs.
	{"PERSON sets OBJECT of TARGET to VALUE", false, func(w *world, a []string) { w.set(a[0], a[1], a[2], a[3]) }},
	{"job NAME reserves NODE", false, func(w *world, a []string) { w.reserve(a[1], a[0]) }},
	{"job NAME releases NODE", false, func(w *world, a []string) { w.reserve(a[1], "") }},

	// What is to be seen.
	{"then SERVICE runs on NODES...", true, func(w *world, a []string) { w.runsOn(a[0], strings.Fields(a[1])) }},
	{"then SERVICE runs nowhere", true, func(w *world, a []string) { w.runsOn(a[0], nil) }},
	{"then SERVICE is held by NODE", true, func(w *world, a []string) { w.equal(w.ledger.State().Services[a[0]].Holder.Node, a[1]) }},
	{"then node NODE is STATE", true, func(w *world, a []string) { w.equal(w.ledger.State().Nodes[a[0]].State.String(), a[1]) }},
	{"then stack STACK is STATE", true, func(w *world, a []string) {
		w.equal(cluster.StackStateOf(w.ledger.State(), *w.stack(a[0])).String(), a[1])
	}},
	{"then SERVICE on NODE is shown STATE", true, func(w *world, a []string) {
		w.equal(w.ledger.State().Instances[cluster.InstanceKey(a[0], a[1])].State.String(), a[2])
	}},
	{"then STACK is not blocked", true, func(w *world, a []string) { w.equal(w.ledger.State().Stacks[a[0]].Blocked, "") }},
	{"then NODE has no lease", true, func(w *world, a []string) { w.noLease(a[0]) }},
	{"then these alarms stand: KEYS...", true, func(w *world, a []string) { w.alarmsStand(strings.Fields(a[0])) }},
	{"then no alarm stands", true, func(w *world, _ []string) { w.alarmsStand(nil) }},
	{"then the condition of EVENT shows SERVICE on NODE STATE", true, func(w *world, a []string) { w.conditionShows(a[0], a[1], a[2], a[3]) }},
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) number(text string) int {
	w.t.Helper()
	n, err := strconv.Atoi(text)
	w.must(err)
	return n
}

// epoch is a whole epoch of the counter that stories write.
func (w *world) epoch(text string) uint64 {
	return uint64(w.ledger.State().Generation)<<32 | uint64(w.number(text))
}

func (w *world) equal(got, want string) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("got %q, want %q", got, want)
	}
}

func (w *world) stack(name string) *cluster.StackSpec {
	w.t.Helper()
	i := slices.IndexFunc(w.spec.Stacks, func(s cluster.StackSpec) bool { return s.Name == name })
	if i < 0 {
		w.t.Fatalf("there is no stack %q", name)
	}
	return &w.spec.Stacks[i]
}

func (w *world) serviceSpec(name string) *cluster.ServiceSpec {
	w.t.Helper()
	for i := range w.spec.Stacks {
		for j := range w.spec.Stacks[i].Services {
			if w.spec.Stacks[i].Services[j].Name == name {
				return &w.spec.Stacks[i].Services[j]
			}
		}
	}
	w.t.Fatalf("there is no service %q", name)
	return nil
}

func (w *world) wait(text string) {
	w.t.Helper()
	d, err := time.ParseDuration(text)
	w.must(err)
	step := 100 * time.Millisecond // a leader's tick; long waits look less often
	switch {
	case d >= 5*time.Minute:
		step = 10 * time.Second
	case d >= 20*time.Second:
		step = time.Second
	}
	for end := w.now.Add(d); w.now.Before(end); w.settle() {
		w.now = w.now.Add(min(step, end.Sub(w.now)))
	}
}
