package journal

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func newJournal(t *testing.T) *Journal {
	t.Helper()
	j, err := Open(filepath.Join(t.TempDir(), "with space %41?", "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return j
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func event(seq uint32, change ...func(*Event)) Event {
	e := Event{
		Identity: Identity{ClusterID: "c1", Generation: 7, Seq: seq}, Origin: "db1", OriginSeq: uint64(seq) + 100,
		Rank: RankStory, Authentic: true, Via: ViaInform, Received: noon, Time: noon.Add(time.Duration(seq) * time.Second),
		Type: "serviceFailed", Severity: "major", ComponentType: "service", ComponentName: "web", NodeName: "db1",
		Reaction: "restart", Result: "succeeded", Duration: 120 * time.Millisecond, Summary: "web failed",
		Facts: Facts{NodesOnline: 3, NodeCount: 3},
	}
	for _, f := range change {
		f(&e)
	}
	return e
}

func mustAppend(t *testing.T, j *Journal, events ...Event) Outcome {
	t.Helper()
	out, err := j.Append(t.Context(), Batch{Events: events})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func mustEvents(t *testing.T, r *Reader, f EventFilter) []Event {
	t.Helper()
	events, err := r.Events(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func TestAppendOnceByIdentity(t *testing.T) {
	j := newJournal(t)
	if got, want := mustAppend(t, j, event(1), event(2), event(1)), (Outcome{New: 2, Known: 1}); got != want {
		t.Errorf("first batch: got %+v, want %+v", got, want)
	}
	if got, want := mustAppend(t, j, event(2), event(3)), (Outcome{New: 1, Known: 1}); got != want {
		t.Errorf("second batch: got %+v, want %+v", got, want)
	}
	events := mustEvents(t, &j.Reader, EventFilter{})
	if len(events) != 3 {
		t.Fatalf("got %d events, want 3", len(events))
	}
	want := event(2)
	want.ID, want.ConditionState = events[1].ID, ConditionWanted
	if events[1] != want {
		t.Errorf("read back\n got %+v\nwant %+v", events[1], want)
	}
}

func TestJoinByOrigin(t *testing.T) {
	j := newJournal(t)
	early := event(0, func(e *Event) { e.OriginSeq, e.Time = 105, noon })
	later := event(5, func(e *Event) { e.Time = noon })
	mustAppend(t, j, early)
	if got, want := mustAppend(t, j, later), (Outcome{Replaced: 1}); got != want {
		t.Errorf("the logged event: got %+v, want %+v", got, want)
	}
	if got, want := mustAppend(t, j, early, later), (Outcome{Known: 2}); got != want {
		t.Errorf("copies of both: got %+v, want %+v", got, want)
	}
	events := mustEvents(t, &j.Reader, EventFilter{})
	if len(events) != 1 || events[0].Seq != 5 || events[0].ConditionState != ConditionWanted {
		t.Errorf("got %+v, want one event with seq 5 whose condition is wanted", events)
	}
	again := event(9, func(e *Event) { e.Generation, e.OriginSeq, e.Time = 8, 105, noon })
	mustAppend(t, j, again)
	for _, id := range []Identity{{ClusterID: "c1", Generation: 7, Seq: 5}, {ClusterID: "c1", Generation: 8, Seq: 9}} {
		if e, found, err := j.Event(t.Context(), id); err != nil || !found || e.ID != events[0].ID {
			t.Errorf("identity %v: got event %d (%v, %v), want %d", id, e.ID, found, err, events[0].ID)
		}
	}
	reset := event(1, func(e *Event) { e.Generation, e.OriginSeq = 9, 105 })
	if got, want := mustAppend(t, j, reset), (Outcome{New: 1}); got != want {
		t.Errorf("an origin that began again: got %+v, want %+v", got, want)
	}
}

func TestHintsNeverReplaceFacts(t *testing.T) {
	j := newJournal(t)
	forged := event(4, func(e *Event) {
		e.Rank, e.Authentic, e.Severity, e.OriginSeq, e.Time = RankHint, false, "critical", 999, noon
	})
	mustAppend(t, j, forged)
	if got, want := mustAppend(t, j, event(4)), (Outcome{Replaced: 1}); got != want {
		t.Errorf("fact after hint: got %+v, want %+v", got, want)
	}
	if got, want := mustAppend(t, j, forged), (Outcome{Known: 1}); got != want {
		t.Errorf("hint after fact: got %+v, want %+v", got, want)
	}
	// A replayed origin under a made-up number must not occupy that number.
	mustAppend(t, j, event(50, func(e *Event) {
		e.Rank, e.Authentic, e.OriginSeq, e.Time = RankHint, false, 104, noon.Add(4*time.Second)
	}))
	if got, want := mustAppend(t, j, event(50)), (Outcome{New: 1}); got != want {
		t.Errorf("true event 50: got %+v, want %+v", got, want)
	}
	for _, e := range mustEvents(t, &j.Reader, EventFilter{}) {
		if !e.Authentic || e.Severity != "major" {
			t.Errorf("event %d: authentic %v, severity %s; want the authentic account", e.Seq, e.Authentic, e.Severity)
		}
	}
}

func TestPolledAccountWins(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, event(1, func(e *Event) { e.Rank, e.Type, e.Notification = RankAlarm, "alarmRaised", "hawserAlarmRaised" }))
	mustAppend(t, j, event(1, func(e *Event) { e.Rank, e.Setter, e.Facts = RankPolled, "rule:calm", Facts{} }))
	mustAppend(t, j, event(1, func(e *Event) { e.Summary = "a later trap" }))
	got := mustEvents(t, &j.Reader, EventFilter{})[0]
	if got.Type != "serviceFailed" || got.Setter != "rule:calm" || got.Summary != "web failed" || got.Facts.NodeCount != 3 || got.Via != ViaInform {
		t.Errorf("got %+v, want the polled account, with the facts and the way of the notification", got)
	}
}

func TestMissingAndLost(t *testing.T) {
	j := newJournal(t)
	ctx := t.Context()
	mustAppend(t, j, event(3), event(4), event(8), event(6, func(e *Event) { e.Rank, e.Authentic = RankHint, false }))
	check := func(last uint32, want ...Range) {
		t.Helper()
		got, err := j.Missing(ctx, "c1", 7, last)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("missing up to %d: got %v, want %v", last, got, want)
		}
	}
	check(10, Range{1, 2}, Range{5, 7}, Range{9, 10})
	check(4, Range{1, 2})
	if err := j.SaveGap(ctx, Gap{ClusterID: "c1", Generation: 7, What: GapEvent, First: 1, Last: 2, State: GapLost, Reason: "aged out"}); err != nil {
		t.Fatal(err)
	}
	check(10, Range{5, 7}, Range{9, 10})
	if err := j.Settle(ctx, "c1", 7, 4, 10); err != nil {
		t.Fatal(err)
	}
	check(10, Range{5, 7}, Range{9, 10})
	check(3)
	gaps, err := j.Gaps(ctx, "c1")
	if err != nil || len(gaps) != 1 || gaps[0].Last != 2 || gaps[0].State != GapLost {
		t.Errorf("gaps: got %+v, %v, want one lost range 1-2", gaps, err)
	}
}

func TestConditions(t *testing.T) {
	j := newJournal(t)
	ctx := t.Context()
	mustAppend(t, j, event(1), event(2), event(3))
	wanted, err := j.WantedConditions(ctx, "c1", 7, 10)
	if err != nil || len(wanted) != 3 {
		t.Fatalf("wanted: got %v, %v, want 3", wanted, err)
	}
	components := []Component{{Index: 1, ComponentType: "node", ComponentName: "db1", NodeName: "db1", State: "online"}, {Index: 2, ComponentType: "service", ComponentName: "web", State: "failed", Detail: "exit 1"}}
	for range 2 {
		if err := j.SaveCondition(ctx, wanted[2].EventID, components); err != nil {
			t.Fatal(err)
		}
	}
	got, err := j.Conditions(ctx, wanted[2].Identity)
	if err != nil || !slices.Equal(got, components) {
		t.Errorf("condition: got %v, %v, want %v", got, err, components)
	}
	if lost, err := j.LoseConditions(ctx, "c1", 7, Range{1, 1}, "aged out"); err != nil || lost != 1 {
		t.Errorf("lose: got %d, %v, want 1", lost, err)
	}
	var states []string
	for _, e := range mustEvents(t, &j.Reader, EventFilter{}) {
		states = append(states, e.ConditionState)
	}
	if want := []string{ConditionLost, ConditionWanted, ConditionWhole}; !slices.Equal(states, want) {
		t.Errorf("states: got %v, want %v", states, want)
	}
	pending, err := j.PendingAnalysis(ctx, noon.Add(-time.Hour), 0, 10)
	if err != nil || len(pending) != 2 || pending[0].Seq != 1 || pending[1].Seq != 3 {
		t.Errorf("pending: got %v, %v, want events 1 and 3", pending, err)
	}
	if err := j.MarkAnalysed(ctx, pending[0].ID, "no rule matched"); err != nil {
		t.Fatal(err)
	}
	pending, err = j.PendingAnalysis(ctx, noon, 0, 10)
	if err != nil || len(pending) != 2 || pending[0].Seq != 2 {
		t.Errorf("pending after the grace: got %v, %v, want events 2 and 3", pending, err)
	}
}

func TestReadWhileWriting(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, event(1))
	r, err := OpenReader(j.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	mustAppend(t, j, event(2))
	if got := mustEvents(t, r, EventFilter{ClusterID: "c1", Type: "serviceFailed", Component: "web", Severity: "major", Since: noon}); len(got) != 2 {
		t.Errorf("reader sees %d events, want 2", len(got))
	}
	if _, err := r.db.ExecContext(t.Context(), "DELETE FROM event"); err == nil {
		t.Error("a reader could write")
	}
}

func TestSecondManagerIsNamed(t *testing.T) {
	j := newJournal(t)
	_, err := Open(j.Path())
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process ") {
		t.Errorf("got %v, want ErrLocked naming the process", err)
	}
}

func TestDamagedAndForeignFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database. ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "restore a backup") {
		t.Errorf("garbage: got %v, want ErrCorrupt with a remedy", err)
	}
	other := filepath.Join(t.TempDir(), "other.db")
	db, err := sql.Open("sqlite", other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE x (a)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(other); !errors.Is(err, ErrForeign) {
		t.Errorf("another program's database: got %v, want ErrForeign", err)
	}
	if _, err := OpenReader(filepath.Join(t.TempDir(), "absent.db")); err == nil {
		t.Error("an absent journal could be read")
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.conn.ExecContext(t.Context(), "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("got %v, want ErrForeign naming version 99", err)
	}
}

func TestFullDisk(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, event(1))
	limitPages(t, j, 0)
	big := event(2, func(e *Event) { e.Summary = strings.Repeat("x", 1<<20) })
	if _, err := j.Append(t.Context(), Batch{Events: []Event{big}}); !errors.Is(err, ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	limitPages(t, j, 1<<20)
	mustAppend(t, j, big)
	if got := len(mustEvents(t, &j.Reader, EventFilter{})); got != 2 {
		t.Errorf("got %d events, want 2", got)
	}
}

// limitPages makes the store as full as a disk would: no page beyond the limit can be written.
func limitPages(t *testing.T, j *Journal, pages int) {
	t.Helper()
	if err := LimitSize(t.Context(), j, pages); err != nil {
		t.Fatal(err)
	}
}

func TestOneBadChangeSparesTheGroup(t *testing.T) {
	j := newJournal(t)
	var callers sync.WaitGroup
	errBad := errors.New("bad")
	for i := range 64 {
		callers.Go(func() {
			if i%16 == 0 {
				if err := j.update(context.Background(), 1, func(*tx) error { return errBad }); !errors.Is(err, errBad) {
					t.Errorf("got %v, want the bad change's error", err)
				}
				return
			}
			if _, err := j.Append(context.Background(), Batch{Events: []Event{event(uint32(i))}}); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if got := len(mustEvents(t, &j.Reader, EventFilter{})); got != 60 {
		t.Errorf("got %d events, want 60", got)
	}
}

func TestUnknownOnce(t *testing.T) {
	j := newJournal(t)
	inform := Unknown{Received: noon, Source: "10.0.0.1:99", Version: "v2c", Kind: ViaInform, TrapOID: "1.3.6.1.6.3.1.1.5.1", Varbinds: []Varbind{{OID: "1.3", Type: "INTEGER", Value: "4"}}, Reason: "not of HAWSER-MIB", InformKey: "k"}
	trap := inform
	trap.InformKey, trap.Kind = "", ViaTrap
	out, err := j.Append(t.Context(), Batch{Unknown: []Unknown{inform, inform, trap, trap}})
	if want := (Outcome{New: 3, Known: 1}); err != nil || out != want {
		t.Errorf("got %+v, %v, want %+v", out, err, want)
	}
	kept, err := j.UnknownNotifications(t.Context(), 10)
	if err != nil || len(kept) != 3 || kept[2].Varbinds[0].Value != "4" {
		t.Errorf("got %+v, %v, want 3 with their varbinds", kept, err)
	}
	if n, err := j.TrimUnknown(t.Context(), 1); err != nil || n != 2 {
		t.Errorf("trim: removed %d, %v, want 2", n, err)
	}
}

func TestReconfigurationsAndAudit(t *testing.T) {
	j := newJournal(t)
	ctx := t.Context()
	r := Reconfiguration{Rule: "calm", ClusterID: "c1", EventID: 1, Kind: "reaction", Target: "web", Approval: "none", Proposed: noon, Values: []Change{{Object: "hawserServiceReaction", Instance: "web", New: "failover"}}}
	id, isNew, err := j.Propose(ctx, r)
	if err != nil || !isNew {
		t.Fatalf("propose: %v, new %v", err, isNew)
	}
	if again, isNew, err := j.Propose(ctx, r); err != nil || isNew || again != id {
		t.Errorf("propose again: got %d, %v, %v, want %d, false", again, isNew, err, id)
	}
	r.ID, r.State, r.Sent, r.Token = id, StateSending, noon, "0011223344556677"
	r.Values[0].Old = "restart"
	if err := j.SaveReconfiguration(ctx, r, "rule calm", "SET sent"); err != nil {
		t.Fatal(err)
	}
	got, err := j.Reconfigurations(ctx, ReconfigurationFilter{Rule: "calm", Unended: true, SentSince: noon})
	if err != nil || len(got) != 1 || got[0].Values[0] != r.Values[0] || got[0].Token != r.Token {
		t.Errorf("got %+v, %v", got, err)
	}
	if steps, err := j.Steps(ctx, id); err != nil || len(steps) != 1 || steps[0].State != StateSending {
		t.Errorf("steps: got %+v, %v", steps, err)
	}
	if err := j.SetProperty(ctx, PropertyOff, "true", "ann"); err != nil {
		t.Fatal(err)
	}
	if p, err := j.Property(ctx, PropertyOff); err != nil || p.Value != "true" || p.By != "ann" {
		t.Errorf("property: got %+v, %v", p, err)
	}
	if err := j.VerifyAudit(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := j.conn.ExecContext(ctx, "UPDATE audit SET actor = 'mallory' WHERE n = 1"); err != nil {
		t.Fatal(err)
	}
	if err := j.VerifyAudit(ctx); !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("got %v, want ErrTampered at line 1", err)
	}
}

func TestIncidents(t *testing.T) {
	j := newJournal(t)
	ctx := t.Context()
	mustAppend(t, j, event(1), event(2))
	id, err := j.OpenIncident(ctx, Incident{ClusterID: "c1", Kind: IncidentEvents, Severity: "major", Title: "web failed", Opened: noon, Root: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.FollowIncident(ctx, id, 2, "critical", noon.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	got, err := j.Incidents(ctx, IncidentFilter{ClusterID: "c1", OpenOnly: true})
	if err != nil || len(got) != 1 || got[0].Events != 2 || got[0].Root != 1 || got[0].Severity != "critical" {
		t.Errorf("got %+v, %v", got, err)
	}
	members, err := j.IncidentMembers(ctx, id)
	if err != nil || len(members) != 2 || members[0].ID != 1 {
		t.Errorf("members: got %+v, %v", members, err)
	}
	if err := j.CloseIncident(ctx, id, noon); err != nil {
		t.Fatal(err)
	}
	if got, err := j.Incidents(ctx, IncidentFilter{OpenOnly: true}); err != nil || len(got) != 0 {
		t.Errorf("after close: got %+v, %v, want none open", got, err)
	}
}

func TestClustersAndEngines(t *testing.T) {
	j := newJournal(t)
	ctx := t.Context()
	_, err := j.Append(ctx, Batch{
		Heard:   []Heard{{ClusterID: "c1", ClusterName: "shop", Generation: 7, At: noon}},
		Engines: []Engine{{EngineID: "80aa", ClusterID: "c1", Origin: "learnt", Boots: 3, Time: 50, Seen: noon}, {EngineID: "80aa", Boots: 3, Time: 40, Seen: noon}},
		Alarms:  []Alarm{{ClusterID: "c1", AlarmIndex: 1, Raised: noon, Severity: "major"}, {ClusterID: "c1", AlarmIndex: 1, Raised: noon, Cleared: noon.Add(time.Minute), Severity: "cleared"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.SavePollError(ctx, "c1", "no answer", noon); err != nil {
		t.Fatal(err)
	}
	clusters, err := j.Clusters(ctx)
	if err != nil || len(clusters) != 1 || clusters[0].PollError != "no answer" || !clusters[0].SilentSince.Equal(noon) {
		t.Errorf("silent: got %+v, %v", clusters, err)
	}
	if err := j.SavePoll(ctx, Cluster{ClusterID: "c1", Name: "shop", ConfigName: "shop", Generation: 8, LastPolled: noon, View: "{}"}); err != nil {
		t.Fatal(err)
	}
	clusters, err = j.Clusters(ctx)
	if err != nil || len(clusters) != 1 || clusters[0].Generation != 8 || !clusters[0].SilentSince.IsZero() || clusters[0].PollError != "" {
		t.Errorf("polled: got %+v, %v", clusters, err)
	}
	engines, err := j.Engines(ctx)
	if err != nil || len(engines) != 1 || engines[0].Time != 50 || engines[0].ClusterID != "c1" {
		t.Errorf("engines: got %+v, %v", engines, err)
	}
	alarms, err := j.Alarms(ctx, "c1")
	if err != nil || len(alarms) != 1 || alarms[0].Severity != "cleared" || alarms[0].Cleared.IsZero() {
		t.Errorf("alarms: got %+v, %v", alarms, err)
	}
}

// TestEventsFromTheFutureWaitForNothing: after a clock was set back they would wait until it has caught up.
func TestEventsFromTheFutureWaitForNothing(t *testing.T) {
	j := newJournal(t)
	received := func(at time.Time) func(*Event) { return func(e *Event) { e.Received = at } }
	now := time.Now()
	mustAppend(t, j, event(1, received(now)), event(2, received(now.Add(24*time.Hour))), event(3, received(now.Add(-time.Hour))))
	pending, err := j.PendingAnalysis(t.Context(), now.Add(-time.Minute), 0, 10)
	if err != nil || len(pending) != 2 || pending[0].Seq != 2 || pending[1].Seq != 3 {
		t.Errorf("got %+v, %v; want 2 and 3: 1 waits for its condition", pending, err)
	}
	if newest, err := j.Newest(t.Context()); err != nil || !newest.Equal(now.Add(24*time.Hour).Truncate(time.Nanosecond)) {
		t.Errorf("newest is %s, %v", newest, err)
	}
}
