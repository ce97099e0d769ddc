package engine_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestRandomDays plays days that nobody wrote: whatever happens in whatever order, the properties that every story holds
// hold too (see settle), the engine decides nothing that the ledger refuses, and when all is well again everything runs, no
// alarm stands and no more than one fail-over was claimed per failure.
func TestRandomDays(t *testing.T) {
	t.Parallel()
	days := 8
	if more, err := strconv.Atoi(os.Getenv("HAWSER_TEST_DAYS")); err == nil {
		days = more // for a long look
	}
	for seed := range days {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			randomDay(t, uint64(seed))
		})
	}
}

func randomDay(t *testing.T, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	w := newWorld(t)
	script := []string{}
	do := func(format string, args ...any) {
		line := fmt.Sprintf(format, args...)
		script = append(script, line)
		w.line("random", len(script), line)
		if i := slices.IndexFunc(w.journal, func(l string) bool {
			return strings.HasPrefix(l, "refused: ") && !strings.Contains(l, "no standby is ready")
		}); i >= 0 {
			t.Errorf("the ledger refuses what the engine decided: %s", w.journal[i])
		}
		w.journal = nil
		if t.Failed() {
			t.Fatalf("seed %d, after:\n%s", seed, strings.Join(script, "\n"))
		}
	}
	defer func() {
		if t.Failed() {
			t.Logf("seed %d:\n%s", seed, strings.Join(script, "\n"))
		}
	}()
	names := []string{"a", "b", "c", "d", "e"}[:3+2*int(seed%2)]
	do("nodes %s", strings.Join(names, " "))
	do("stack shop db(once) app(once) web(all)")
	do("stack mail mta(once)")
	do("service app restarts %d", r.IntN(3))
	do("service app reaction %s", pick(r, "restart", "failover", "fence"))
	do("begin with all joined")
	w.tear = func(n int) int { // now and then the rest of an entry is lost, and decided again
		if r.IntN(10) == 0 {
			return r.IntN(n + 1)
		}
		return n
	}
	for range 50 {
		w.happens(r, names, do)
	}
	w.allWell(names, do)
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// happens lets one thing happen that can happen now; a majority stays up.
func (w *world) happens(r *rand.Rand, names []string, do func(string, ...any)) {
	node := pick(r, names...)
	m := w.nodes[node]
	service := pick(r, "db", "app", "mta", "web")
	down := 0
	for _, n := range w.nodes {
		if !n.heard() {
			down++
		}
	}
	fall := m.heard() && down < (len(names)-1)/2
	switch what := r.IntN(20); {
	case what < 3:
		do("wait %s", pick(r, "100ms", "300ms", "400ms", "1s", "5s", "10s", "30s"))
	case what < 5 && fall && node != w.leader:
		do("%s %s", node, pick(r, "crashes", "falls silent", "falls silent towards the leader"))
	case what == 5 && fall && node == w.leader:
		do("%s crashes", node)
		do("wait 400ms")
		do("%s leads", w.nextLeader())
	case what == 6 && m.heard():
		do("%s leads", node)
	case what < 9 && !m.power:
		do("%s boots", node)
	case what < 9 && m.silent && m.power && m.daemon && w.ledger.State().Nodes[node].State.String() != "fenced":
		do("%s is heard again", node)
	case what == 9 && m.heard() && m.clean:
		do("%s restarts its daemon%s", node, pick(r, "", "", " and is not clean"))
	case what == 10 && m.heard() && !m.clean:
		do("%s is clean", node)
	case what < 13 && len(w.requests) > 0:
		target := pick(r, slices.Sorted(maps.Keys(w.requests))...)
		do("the fence of %s %s", target, pick(r, "is confirmed", "is confirmed", "fails: BMC does not answer"))
	case what < 17 && w.services(m, service):
		do("%s on %s %s", service, node, pick(r, "dies", "dies", "hangs", "cannot start", "starts slowly", "does not stop", "answers", "answers"))
	case what == 17:
		do("olga sets NodeAdminState of %s to %s", node, pick(r, "online", "online", "standby", "maintenance"))
	case what == 18:
		do("olga sets ServiceAdminState of %s to %s", service, pick(r, "enabled", "enabled", "disabled"))
	case what == 19:
		do("olga sets ServiceReaction of %s to %s", service, pick(r, "ignore", "notify", "restart", "failover", "fence"))
	}
}

// services says whether something can happen to a service: it dies only if it runs.
func (w *world) services(m *machine, service string) bool {
	s := m.services[service]
	return m.heard() && m.clean && s.running
}

// allWell ends all trouble, and looks whether the controller has led everything back.
func (w *world) allWell(names []string, do func(string, ...any)) {
	w.t.Helper()
	for _, n := range names {
		for service := range w.nodes[n].services {
			w.nodes[n].services[service].trouble = fine
		}
		do("olga sets NodeAdminState of %s to online", n)
	}
	for _, s := range []string{"db", "app", "mta", "web"} {
		do("olga sets ServiceReaction of %s to failover", s)
		do("olga sets ServiceAdminState of %s to enabled", s)
	}
	for range 6 {
		for _, n := range slices.Sorted(maps.Keys(w.requests)) {
			do("the fence of %s is confirmed", n)
		}
		do("wait 30s")
		for _, n := range names {
			switch m := w.nodes[n]; {
			case !m.power || w.ledger.State().Nodes[n].State.String() == "fenced":
				do("%s boots", n)
			case m.silent:
				do("%s is heard again", n)
			case !m.clean:
				do("%s is clean", n)
			}
		}
	}
	for _, s := range []string{"db", "app", "mta"} { // released once more, should it have been quarantined meanwhile
		do("olga sets ServiceAdminState of %s to enabled", s)
		do("wait 10m")
	}
	do("then no alarm stands")
	for _, s := range []string{"db", "app", "mta"} {
		if where := w.runs(s); len(where) != 1 {
			w.t.Errorf("%s runs on %v when all is well", s, where)
		}
	}
	do("then web runs on %s", strings.Join(names, " "))
	do("then shop is not blocked")
	w.sameReplica()
}
