package poll

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/nms/ask"
	"hawser/nms/ask/asktest"
	"hawser/nms/journal"
)

const limit = 30 * time.Second

// bench is a running poller over a real journal and in-test agents.
type bench struct {
	*Poller
	journal *journal.Journal

	mu     sync.Mutex // guards the fields below
	passes int
	found  []string
}

func start(t *testing.T, change func(*Config), agents ...*asktest.Agent) *bench {
	t.Helper()
	b := &bench{}
	var err error
	if b.journal, err = journal.Open(filepath.Join(t.TempDir(), "journal.db")); err != nil {
		t.Fatal(err)
	}
	cluster := Cluster{Name: "harbour", User: asktest.Users()["auditor"].User}
	for _, a := range agents {
		cluster.Addresses = append(cluster.Addresses, a.Address())
	}
	cfg := Config{Clusters: []Cluster{cluster}, Workers: 2, PassTimeout: 20 * time.Second, SilentAfter: time.Minute, Session: ask.Options{Timeout: time.Second, Retries: 3}}
	if change != nil {
		change(&cfg)
	}
	log := logrus.New()
	log.SetOutput(t.Output())
	b.Poller = New(cfg, b.journal, Observer{
		Found: func(name, id string, engines [][]byte, sources []netip.Addr) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.found = append(b.found, fmt.Sprint(name, " ", id, " ", len(engines), " ", sources))
		},
		Passed: func(string) { b.mu.Lock(); defer b.mu.Unlock(); b.passes++ },
	}, logrus.NewEntry(log))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := b.journal.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// pass waits for one whole pass that begins now.
func (b *bench) pass(t *testing.T) {
	t.Helper()
	count := func() int { b.mu.Lock(); defer b.mu.Unlock(); return b.passes }
	waitFor(t, "the poller is idle", func() bool { return !b.busy() })
	before := count()
	b.PokeAll()
	waitFor(t, "a pass", func() bool { return count() > before && !b.busy() })
}

func (b *bench) busy() bool {
	for _, t := range b.targets {
		t.mu.Lock()
		busy := t.queued || t.running || t.again
		t.mu.Unlock()
		if busy {
			return true
		}
	}
	return false
}

// seqs are the numbers of the events of a generation, with how each came and the state of its condition.
func (b *bench) seqs(t *testing.T, generation uint64) []string {
	t.Helper()
	list, err := b.journal.Events(t.Context(), journal.EventFilter{Limit: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(list, func(x, y journal.Event) int { return int(x.Seq) - int(y.Seq) })
	var out []string
	for _, e := range list {
		if e.Generation == generation {
			out = append(out, fmt.Sprint(e.Seq, " ", e.Via, " ", e.ConditionState))
		}
	}
	return out
}

func (b *bench) gaps(t *testing.T) []string {
	t.Helper()
	list, err := b.journal.Gaps(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, g := range list {
		out = append(out, fmt.Sprint(g.What, " ", g.First, "-", g.Last, " ", g.State, ": ", g.Reason))
	}
	slices.Sort(out)
	return out
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// trapped is an event as trapd would have stored it.
func trapped(seq uint32) journal.Event {
	return journal.Event{
		Identity: journal.Identity{ClusterID: asktest.ID, Generation: asktest.Generation, Seq: seq}, Origin: "alpha", OriginSeq: uint64(seq) + 1000,
		Rank: journal.RankStory, Authentic: true, Via: journal.ViaInform, Received: time.Now(), Time: asktest.EventTime(seq), Type: "serviceFailed", Summary: "cut",
	}
}

func TestStateIsReadAndStored(t *testing.T) {
	agent := asktest.NewCluster(t)
	b := start(t, nil, agent)
	b.pass(t)
	state := b.State(asktest.ID)
	if state == nil || state.ClusterName != "harbour" || !state.Quorate || len(state.Nodes) != 2 || state.Nodes[1].Name != "bravo" || state.ConfigSerial != 100 {
		t.Fatalf("state: got %+v", state)
	}
	service, found := state.Service("web")
	if !found || service.Index != 4 || service.Reaction != "restart" || service.FailureThreshold != 3 {
		t.Errorf("service: got %+v", service)
	}
	clusters, err := b.journal.Clusters(t.Context())
	if err != nil || len(clusters) != 1 || !strings.Contains(clusters[0].View, `"failureThreshold":3`) || clusters[0].Generation != asktest.Generation {
		t.Errorf("stored: got %+v, %v", clusters, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if want := "harbour " + asktest.ID + " 2 [127.0.0.1]"; b.found[0] != want {
		t.Errorf("found: got %q, want %q", b.found[0], want)
	}
	if b.Name(asktest.ID) != "harbour" || b.Name("x") != "" || !b.Ready() || b.Poke("x") {
		t.Error("names or readiness are wrong")
	}
}

func TestGapsAreFilledWithWholeConditions(t *testing.T) {
	agent := asktest.NewCluster(t)
	b := start(t, nil, agent)
	for seq := range uint32(6) {
		agent.PutEvent(seq+1, "serviceFailed")
	}
	if _, err := b.journal.Append(t.Context(), journal.Batch{Events: []journal.Event{trapped(2), trapped(5)}}); err != nil {
		t.Fatal(err)
	}
	b.pass(t)
	same(t, "events", b.seqs(t, asktest.Generation), "1 poll whole", "2 inform whole", "3 poll whole", "4 poll whole", "5 inform whole", "6 poll whole")
	same(t, "gaps", b.gaps(t))
	components, err := b.journal.Conditions(t.Context(), trapped(2).Identity)
	want := []journal.Component{
		{Index: 1, ComponentType: "node", ComponentName: "alpha", NodeName: "alpha", State: "online"},
		{Index: 2, ComponentType: "service", ComponentName: "web", NodeName: "alpha", State: "failed"},
	}
	if err != nil || !slices.Equal(components, want) {
		t.Errorf("condition: got %+v, %v, want %+v", components, err, want)
	}
	cursors, err := b.journal.Cursors(t.Context(), asktest.ID)
	if err != nil || len(cursors) != 1 || cursors[0].Settled != 6 {
		t.Errorf("cursor: got %+v, %v, want settled 6", cursors, err)
	}
}

func TestLongGap(t *testing.T) {
	agent := asktest.NewCluster(t)
	agent.Turn(func(k *asktest.Knobs) { k.MaxRepetition = 3 }) // an agent that sends few rows at once
	for seq := range uint32(450) {
		agent.PutEvent(seq+1, "linkDown")
	}
	b := start(t, nil, agent)
	waitFor(t, "all events with their conditions", func() bool {
		list, err := b.journal.Events(t.Context(), journal.EventFilter{Limit: 1000})
		return err == nil && len(list) == 450 && !slices.ContainsFunc(list, func(e journal.Event) bool { return e.ConditionState != journal.ConditionWhole })
	})
}

func TestWhatAgedOutIsLostForGood(t *testing.T) {
	agent := asktest.NewCluster(t)
	for _, seq := range []uint32{5, 6, 8, 9} {
		agent.PutEvent(seq, "serviceFailed")
	}
	agent.Put("hawserFirstConditionSeq", nil, 9)
	for _, seq := range []uint32{5, 6, 8} {
		agent.Drop("hawserConditionTable", seq)
	}
	b := start(t, func(c *Config) { c.AbsentGrace = time.Nanosecond }, agent)
	b.pass(t)
	same(t, "events", b.seqs(t, asktest.Generation), "5 poll lost", "6 poll lost", "8 poll lost", "9 poll whole")
	same(t, "gaps", b.gaps(t), "condition 5-8 lost: "+reasonAged, "event 1-4 lost: "+reasonAged, "event 7-7 lost: "+reasonNoRow)
}

func TestUserWhoSeesNoEventsIsNamed(t *testing.T) {
	agent := asktest.NewCluster(t)
	agent.PutEvent(1, "serviceFailed")
	b := start(t, func(c *Config) { c.Clusters[0].User = asktest.Users()["reader"].User }, agent)
	waitFor(t, "the poll fails", func() bool {
		b.targets[0].mu.Lock()
		defer b.targets[0].mu.Unlock()
		return !b.targets[0].failing.IsZero()
	})
	same(t, "gaps", b.gaps(t), "event 1-1 open: "+reasonUnanswerd)
	if _, err := b.Poller.pass(t.Context(), b.targets[0]); err == nil || !strings.Contains(err.Error(), `give that user the role auditor`) {
		t.Errorf("got %v, want it to name the role", err)
	}
}

func TestNodeThatIsBehindIsAskedAgainSoon(t *testing.T) {
	agent := asktest.NewCluster(t)
	b := start(t, nil, agent)
	waitFor(t, "a first pass", func() bool { return b.State(asktest.ID) != nil && !b.busy() })
	if _, err := b.journal.Append(t.Context(), journal.Batch{Events: []journal.Event{trapped(1)}}); err != nil {
		t.Fatal(err)
	}
	b.Poke(asktest.ID) // the only wish: the notification came before the log reached the node
	agent.PutEvent(1, "serviceFailed")
	waitFor(t, "the condition", func() bool { return slices.Equal(b.seqs(t, asktest.Generation), []string{"1 inform whole"}) })
}

func TestNewGeneration(t *testing.T) {
	agent := asktest.NewCluster(t)
	agent.PutEvent(1, "serviceFailed")
	agent.Drop("hawserConditionTable", 1) // not rendered yet
	b := start(t, nil, agent)
	b.pass(t)
	same(t, "first generation", b.seqs(t, asktest.Generation), "1 poll wanted")
	agent.Drop("hawserEventTable", 1)
	agent.Put("hawserGeneration", nil, asktest.Generation+5)
	agent.PutEvent(2, "linkDown")
	agent.Put("hawserFirstEventSeq", nil, 2)
	b.pass(t)
	same(t, "first generation", b.seqs(t, asktest.Generation), "1 poll lost")
	same(t, "second generation", b.seqs(t, asktest.Generation+5), "2 poll whole")
	same(t, "gaps", b.gaps(t), "condition 1-1 lost: "+reasonEarlier, "event 1-1 lost: "+reasonAged)
}

func TestFreshestCurrentView(t *testing.T) {
	isolated, lagging, current := asktest.NewCluster(t), asktest.NewCluster(t), asktest.NewCluster(t)
	isolated.Put("hawserViewState", nil, "isolated")
	lagging.Put("hawserViewState", nil, "lagging")
	current.Put("hawserViewAge", nil, 7)
	b := start(t, func(c *Config) { c.Session = ask.Options{Timeout: 200 * time.Millisecond, Retries: 3} }, isolated, lagging, current)
	b.pass(t)
	if got := b.State(asktest.ID).Address; got != current.Address() {
		t.Errorf("asked %s, want the node with the current view, %s", got, current.Address())
	}
	current.Turn(func(k *asktest.Knobs) { k.Silent = true })
	b.pass(t)
	if got := b.State(asktest.ID).Address; got != lagging.Address() {
		t.Errorf("asked %s, want the lagging node, %s", got, lagging.Address())
	}
}

func TestAnotherClusterIsRefused(t *testing.T) {
	agent := asktest.NewCluster(t)
	b := start(t, func(c *Config) { c.Clusters[0].ClusterID = "another" }, agent)
	waitFor(t, "the poll fails", b.Ready)
	if _, err := b.Poller.pass(t.Context(), b.targets[0]); err == nil || !strings.Contains(err.Error(), "correct the addresses of cluster harbour") {
		t.Errorf("got %v, want it to name the cluster", err)
	}
}

func TestSilentClusterIsFoundAndComesBack(t *testing.T) {
	agent := asktest.NewCluster(t)
	b := start(t, func(c *Config) { c.SilentAfter, c.Session = 0, ask.Options{Timeout: 50 * time.Millisecond} }, agent)
	waitFor(t, "a first pass", func() bool { return b.State(asktest.ID) != nil })
	agent.Turn(func(k *asktest.Knobs) { k.Silent = true })
	incidents := func(open bool) []journal.Incident {
		list, err := b.journal.Incidents(t.Context(), journal.IncidentFilter{Kind: journal.IncidentSilent, OpenOnly: open})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	waitFor(t, "an incident", func() bool { b.PokeAll(); return len(incidents(true)) == 1 })
	clusters, err := b.journal.Clusters(t.Context())
	if err != nil || clusters[0].SilentSince.IsZero() || clusters[0].PollError == "" {
		t.Errorf("cluster: got %+v, %v, want it silent with a reason", clusters, err)
	}
	agent.Turn(func(k *asktest.Knobs) { k.Silent = false })
	waitFor(t, "its end", func() bool { b.PokeAll(); return len(incidents(true)) == 0 })
	if all := incidents(false); len(all) != 1 || all[0].Closed.IsZero() {
		t.Errorf("incidents: got %+v, want one that is closed", all)
	}
}
