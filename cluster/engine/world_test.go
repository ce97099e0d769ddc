package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/cluster/engine"
	"hawser/cluster/ledger"
)

// suspectAfter is four missed beats (SAFETY, Timing).
const (
	suspectAfter = 400 * time.Millisecond
	reportStale  = 3 * time.Second
)

// world is a cluster on paper: machines with daemons and services, a leader that steps the engine and applies what it
// decides as package native does, and a clock that only the story moves.
type world struct {
	t      *testing.T
	now    time.Time
	config engine.Config
	spec   cluster.Spec
	leader string
	began  time.Time // of the leader's office
	nodes  map[string]*machine

	ledger  *ledger.Ledger
	replica *ledger.Ledger // applies the same entries, and is restored from a snapshot now and then
	index   uint64
	origin  uint64

	reports  map[string]*cluster.Report // what the leader was told
	answered map[string]time.Time       // when it was told so
	fencing  map[uint64]bool            // by this leader
	requests map[string]cluster.Fence   // fences under way, whoever asked for them
	powering map[string]bool
	noFence  map[string]bool
	links    map[string]linkView // by link key; the others are up

	// tear, if set, says how many decisions of an entry are committed before leadership is lost for a moment.
	tear func(decisions int) int

	journal []string
	raised  map[uint32]string // alarm index -> key
	cleared map[uint32]bool
}

type linkView struct {
	state cluster.LinkState
	since time.Time
}

// machine is one node: its power, its daemon and the services that really run on it.
type machine struct {
	name        string
	boots       int // 0: never switched on
	incarnation uint64
	power       bool
	daemon      bool
	silent      bool
	peersHear   bool
	leaving     bool
	clean       bool
	mute        bool // beats, but its renewals do not arrive
	lastBeat    time.Time
	services    map[string]*service
}

// service is an instance as its agent keeps it.
type service struct {
	running  bool
	trouble  trouble
	report   cluster.InstanceReport
	leaseEnd time.Time
}

// trouble is what a story does to a service.
type trouble string

const (
	fine       trouble = ""
	hangs      trouble = "hangs"
	slow       trouble = "starts slowly"
	cannot     trouble = "cannot start"
	unstopping trouble = "does not stop"
	deaf       trouble = "does not hear its orders"
)

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{
		t: t, now: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC), config: engine.DefaultConfig(), nodes: map[string]*machine{},
		ledger: ledger.New(), replica: ledger.New(), reports: map[string]*cluster.Report{}, answered: map[string]time.Time{}, fencing: map[uint64]bool{},
		requests: map[string]cluster.Fence{}, powering: map[string]bool{}, noFence: map[string]bool{},
		links: map[string]linkView{}, raised: map[uint32]string{}, cleared: map[uint32]bool{},
	}
}

func (w *world) node(name string) *machine {
	w.t.Helper()
	m, ok := w.nodes[name]
	if !ok {
		w.t.Fatalf("there is no node %q", name)
	}
	return m
}

func (w *world) service(name, node string) *service {
	w.t.Helper()
	s, ok := w.node(node).services[name]
	if !ok {
		w.t.Fatalf("there is no service %q on %s", name, node)
	}
	return s
}

func (m *machine) boot() string { return fmt.Sprintf("%s%d", m.name, m.boots) }

func (m *machine) heard() bool { return m.power && m.daemon && !m.silent }

// start begins a daemon: it stops whatever a former one left before it is clean (S9).
func (w *world) start(m *machine, newBoot, clean bool) {
	if newBoot {
		m.boots++
	}
	m.incarnation++
	m.power, m.daemon, m.silent, m.leaving, m.clean = true, true, false, false, clean
	for name, s := range m.services {
		if clean || newBoot {
			s.running = false
		}
		keep := s.trouble
		if keep == hangs || keep == unstopping {
			keep = fine
		}
		*s = service{running: s.running, trouble: keep, report: cluster.InstanceReport{
			Service: name, State: cluster.InstanceStopped, Probe: cluster.ProbeOff,
		}}
	}
}

// off ends the machine, as its BMC does or a crash.
func (w *world) off(m *machine) {
	m.power, m.daemon = false, false
	for _, s := range m.services {
		s.running = false
	}
}

// input is what the leader sees, built as package native builds it.
func (w *world) input() engine.Input {
	in := engine.Input{
		Now: w.now, Self: w.leader, State: w.ledger.State(), Nodes: map[string]engine.NodeView{}, Config: w.config,
		Fencing: maps.Clone(w.fencing), PoweringOn: maps.Clone(w.powering),
	}
	for name, m := range w.nodes {
		v := engine.NodeView{
			Boot: m.boot(), Incarnation: m.incarnation, Report: w.reports[name], FencePath: !w.noFence[name],
			Leaving: m.leaving, Heard: m.boots > 0, HeardByPeers: m.silent && m.peersHear && m.power && m.daemon,
		}
		if name != w.leader {
			since := w.began
			if w.answered[name].After(since) {
				since = w.answered[name]
			}
			if v.Unanswered = w.now.Sub(since); v.Unanswered > reportStale {
				v.Report = nil // as the native controller does
			}
		}
		if !m.heard() {
			last := m.lastBeat
			if !v.Heard || last.Before(w.began.Add(-suspectAfter)) && w.reports[name] == nil {
				v.Heard, last, v.Boot, v.Incarnation = false, w.began, "", 0 // this leader never heard it
			}
			v.Silent = w.now.Sub(last)
			v.Suspect = v.Silent >= suspectAfter
		}
		in.Nodes[name] = v
	}
	return in
}

// commit applies decisions as one entry, through their encoding, to the ledger and to its replica.
func (w *world) commit(decisions ...cluster.Decision) ledger.Result {
	w.t.Helper()
	w.index++
	data, err := ledger.Encode(cluster.Entry{At: w.now, By: w.leader, Origin: w.origin + 1, Decisions: decisions})
	if err != nil {
		w.t.Fatal(err)
	}
	w.origin += uint64(ledger.EventsPerDecision * len(decisions))
	entry, err := ledger.Decode(data)
	if err != nil {
		w.t.Fatal(err)
	}
	before := w.ledger.State()
	result, err := w.ledger.Apply(w.index, entry)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.replica.Apply(w.index, entry); err != nil {
		w.t.Fatal(err)
	}
	if w.index%5 == 0 {
		w.restoreReplica()
	}
	w.record(before, entry.Decisions, result)
	return result
}

func (w *world) restoreReplica() {
	w.t.Helper()
	var image bytes.Buffer
	if err := w.replica.Image().Write(&image); err != nil {
		w.t.Fatal(err)
	}
	w.replica = ledger.New()
	if err := w.replica.Restore(&image); err != nil {
		w.t.Fatal(err)
	}
}

// sameReplica says that a node that followed, and was restored from snapshots, has the same state and history (S1: all
// nodes must agree who holds what).
func (w *world) sameReplica() {
	w.t.Helper()
	show := func(l *ledger.Ledger) string {
		var out bytes.Buffer
		if err := l.Image().Write(&out); err != nil {
			w.t.Fatal(err)
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, out.Bytes(), "", " "); err != nil {
			w.t.Fatal(err)
		}
		return indented.String()
	}
	if got, want := show(w.replica), show(w.ledger); got != want {
		w.t.Fatalf("the replica differs\ngot  %s\nwant %s", got, want)
	}
}

// settle lets leader and nodes act until nothing is left to do at this moment.
func (w *world) settle() {
	w.t.Helper()
	const rounds = 100
	for range rounds {
		w.renew()
		decided := w.decide()
		acted := w.act()
		if !decided && !acted {
			w.quiet()
			w.onePlace()
			return
		}
	}
	w.t.Fatalf("not settled after %d rounds; the last lines are %q", rounds, w.journal[max(0, len(w.journal)-10):])
}

// renew brings the reports of all nodes that are heard to the leader.
func (w *world) renew() {
	maps.DeleteFunc(w.requests, func(_ string, f cluster.Fence) bool { return !w.now.Before(f.Deadline) }) // given up by its transport
	for _, spec := range w.spec.Nodes {
		m := w.nodes[spec.Name]
		if m.heard() {
			m.lastBeat = w.now
			if w.nodes[w.leader].heard() && !m.mute {
				w.reports[m.name], w.answered[m.name] = w.reportOf(m), w.now
			}
		}
	}
}

func (w *world) reportOf(m *machine) *cluster.Report {
	r := &cluster.Report{
		Node: m.name, Boot: m.boot(), Incarnation: m.incarnation, Clean: m.clean, Leaving: m.leaving, Clock: w.now,
		MachineUUID: "uuid-" + m.name, Version: "story", BootTime: w.now,
	}
	for _, name := range slices.Sorted(maps.Keys(m.services)) {
		r.Instances = append(r.Instances, m.services[name].report)
	}
	for _, peer := range w.spec.Nodes {
		for i := 1; i <= 2 && peer.Name != m.name; i++ {
			l := w.links[cluster.LinkKey(m.name, peer.Name, i)]
			if l.state == 0 {
				l.state = cluster.LinkUp
			}
			if !w.nodes[peer.Name].heard() {
				l = linkView{state: cluster.LinkUnknown}
			}
			r.Links = append(r.Links, cluster.LinkLive{Node: m.name, Peer: peer.Name, Index: i, State: l.state, LastChange: l.since})
		}
	}
	return r
}

// decide steps the engine and applies its decisions, until it has none; it says whether it had any.
func (w *world) decide() bool {
	w.t.Helper()
	if !w.nodes[w.leader].heard() {
		return false
	}
	const passes = 16 // as package native
	for pass := range passes * 2 {
		var entry []cluster.Decision
		for _, a := range engine.Step(w.input()) {
			if a.Why == "" {
				w.t.Errorf("an action without a reason: %+v", a)
			}
			switch {
			case a.Fence != nil:
				w.fencing[a.Fence.ID] = true
				w.requests[a.Fence.Node] = *a.Fence
				w.say("fence %s by %s", a.Fence.Node, w.leader)
			case a.PowerOn != "":
				w.powering[a.PowerOn] = true
				w.say("power on %s", a.PowerOn)
			case a.Yield:
				w.say("yield")
				w.leader = w.nextLeader()
				w.takeOffice()
				return true
			default:
				entry = append(entry, a.Commit...)
			}
		}
		if len(entry) == 0 {
			return pass > 0
		}
		w.conflicts(entry)
		if w.tear != nil {
			entry = entry[:w.tear(len(entry))]
		}
		w.commit(entry...)
	}
	w.t.Fatalf("the engine decides for ever; the last lines are %q", w.journal[max(0, len(w.journal)-10):])
	return true
}

func (w *world) nextLeader() string {
	for _, n := range w.spec.Nodes {
		if n.Name != w.leader && w.nodes[n.Name].heard() {
			return n.Name
		}
	}
	w.t.Fatal("nobody is left to lead")
	return ""
}

// takeOffice is the first entry of a leader; it knows no report and carries out no fence of another.
func (w *world) takeOffice() {
	w.t.Helper()
	w.answered = map[string]time.Time{}
	w.reports, w.fencing, w.powering, w.began = map[string]*cluster.Report{}, map[uint64]bool{}, map[string]bool{}, w.now
	w.commit(cluster.Decision{Lead: &cluster.Lead{Node: w.leader}})
	w.say("leader %s", w.leader)
}

// quiet is the property that holds at rest: a further step decides nothing.
func (w *world) quiet() {
	w.t.Helper()
	if !w.nodes[w.leader].heard() {
		return
	}
	if again := engine.Step(w.input()); len(again) > 0 {
		w.t.Fatalf("at rest, the engine still wants: %+v", again)
	}
}

// onePlace is the property that holds always: a once-only service runs on one machine at most (S1).
func (w *world) onePlace() {
	w.t.Helper()
	for _, st := range w.spec.Stacks {
		for _, sv := range st.Services {
			if where := w.runs(sv.Name); sv.OnceOnly() && len(where) > 1 {
				w.t.Fatalf("S1: %s runs on %v", sv.Name, where)
			}
		}
	}
}

// runs lists the machines on which a service really runs.
func (w *world) runs(name string) []string {
	var out []string
	for _, n := range w.spec.Nodes {
		if s := w.nodes[n.Name].services[name]; s != nil && s.running {
			out = append(out, n.Name)
		}
	}
	return out
}
