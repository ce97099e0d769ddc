package plugin

import (
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

// withSerial is the rich cluster after another change.
func withSerial(serial int32) *cluster.Snapshot {
	snap := richSnapshot()
	snap.State.Serial = serial
	return snap
}

func serialOf(p *Publisher) int64 {
	return p.View().Get(snmp.OID(mib.HawserConfigSerial).Append(0)).Int
}

func TestAChangeShowsAtOnceWhileSomebodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := richSource()
		publisher := newTestPublisher(source)
		startTask(t, publisher.Run)
		<-publisher.Ready()
		if got := serialOf(publisher); got != 17 {
			t.Fatalf("serial is %d, want 17", got)
		}
		source.set(withSerial(18))
		time.Sleep(2 * changeEvery)
		synctest.Wait()
		if got := serialOf(publisher); got != 18 {
			t.Errorf("serial is %d after %s, want 18", got, 2*changeEvery)
		}
	})
}

func TestManyChangesMakeFewViews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := richSource()
		publisher := newTestPublisher(source)
		startTask(t, publisher.Run)
		synctest.Wait()
		publisher.View()
		before := publisher.swaps
		for i := range 100 {
			source.set(withSerial(int32(i)))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(2 * changeEvery)
		synctest.Wait()
		if made := publisher.swaps - before; made < 1 || made > 4 {
			t.Errorf("100 changes in 100 ms made %d views, want 1 to 4", made)
		}
		if got := serialOf(publisher); got != 99 {
			t.Errorf("serial is %d, want the last one", got)
		}
	})
}

func TestNobodyAsksNothingIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := richSource()
		publisher := newTestPublisher(source)
		startTask(t, publisher.Run)
		synctest.Wait()
		publisher.View()
		time.Sleep(attention + time.Second)
		synctest.Wait()
		before := publisher.swaps
		for i := range 20 {
			source.set(withSerial(int32(i)))
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if made := publisher.swaps - before; made != 0 {
			t.Errorf("%d views were made for nobody", made)
		}
		if got := serialOf(publisher); got != 19 {
			t.Errorf("the first reader after the pause sees serial %d, want 19", got)
		}
	})
}

func TestAgesAreHalfASecondOldAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		publisher := newTestPublisher(richSource())
		startTask(t, publisher.Run)
		synctest.Wait()
		age := func() uint64 {
			return publisher.View().Get(snmp.OID(mib.HawserNodeLastBeatAge).Append(2)).Uint
		}
		first := age()
		time.Sleep(3*time.Second + ageEvery/2)
		if got := age(); got < first+3 {
			t.Errorf("the age of the last beat went from %d to %d in 3.25 s of silence", first, got)
		}
	})
}

// TestAStuckLogDelaysNoView: readers of tables in memory never wait for the log's store.
func TestAStuckLogDelaysNoView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &stuckSource{fakeSource: richSource(), release: make(chan struct{})}
		publisher := newTestPublisher(source)
		startTask(t, publisher.Run)
		synctest.Wait() // Run waits in Events now
		begun := time.Now()
		time.Sleep(2 * ageEvery)
		if got := serialOf(publisher); got != 17 || time.Since(begun) != 2*ageEvery {
			t.Errorf("serial %d after %s, want 17 at once", got, time.Since(begun))
		}
		close(source.release)
	})
}

// stuckSource is a cluster whose store does not answer.
type stuckSource struct {
	*fakeSource
	release chan struct{}
}

func (s *stuckSource) Events(after cluster.Seq, limit int) ([]cluster.Event, error) {
	<-s.release
	return s.fakeSource.Events(after, limit)
}

func TestUnchangedTablesAreKept(t *testing.T) {
	old := newSight(richSnapshot(), 0)
	same := newSight(&cluster.Snapshot{State: old.State, View: cluster.ViewCurrent, Local: "db1"}, 0)
	another := withSerial(18)
	another.State.Hardware, another.State.Desired, another.State.Spec = old.State.Hardware, old.State.Desired, old.State.Spec
	wish := withSerial(18)
	wish.State.Hardware = old.State.Hardware
	wish.State.Desired["db1/2/X"] = cluster.Desired{Node: "db1", Scope: 2, Name: "X", Value: "1"}
	hidden := *old.Snapshot
	hidden.View = cluster.ViewIsolated
	for _, o := range objects {
		hardware := o.name == "hawserHwSensorTable" || o.name == "hawserHwComponentTable"
		heavy := hardware || o.name == "hawserHwSettingTable"
		if got := o.unchanged(old, same, 0); got != (heavy || !o.volatile) {
			t.Errorf("%s, the same state: unchanged %t", o.name, got)
		}
		if got := o.unchanged(old, newSight(another, 0), 0); got != heavy {
			t.Errorf("%s, another serial: unchanged %t, want %t", o.name, got, heavy)
		}
		if got := o.unchanged(old, newSight(wish, 0), 0); got != hardware {
			t.Errorf("%s, another wish: unchanged %t", o.name, got)
		}
		if o.volatile && o.unchanged(old, same, ageEvery) {
			t.Errorf("%s keeps ages that are too old", o.name)
		}
		if o.unchanged(old, newSight(&hidden, 0), 0) {
			t.Errorf("%s is not rendered anew for an isolated node", o.name)
		}
	}
}

// TestFiguresWait: what the snapshot alone has makes a view at once only where a state is judged by it.
func TestFiguresWait(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*cluster.Snapshot)
		want bool
	}{
		{"a beat", func(s *cluster.Snapshot) { s.Nodes["db2"] = cluster.NodeLive{LastBeat: noon, Heard: true} }, false},
		{"a suspicion", func(s *cluster.Snapshot) { s.Nodes["db2"] = cluster.NodeLive{Suspect: true} }, true},
		{"another leader", func(s *cluster.Snapshot) { s.Leader = "db2" }, true},
		{"isolation", func(s *cluster.Snapshot) { s.View = cluster.ViewIsolated }, true},
		{"a lost quorum", func(s *cluster.Snapshot) { s.Quorate = false }, true},
		{"an entry of the log", func(s *cluster.Snapshot) { s.State = richState() }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := richSource()
			publisher := newTestPublisher(source)
			publisher.refresh(true)
			next := richSnapshot()
			next.State = source.snap.State
			test.edit(next)
			source.set(next)
			if got := publisher.differs(); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
}

func TestKnownSaysWhatIsImplemented(t *testing.T) {
	for _, test := range []struct {
		oid  snmp.OID
		want bool
	}{
		{snmp.OID(mib.HawserNodeState).Append(9), true},
		{snmp.OID(mib.HawserNodeState), true},
		{snmp.OID(mib.HawserNodeIndex).Append(1), false},
		{snmp.OID(mib.HawserNodeTable), false},
		{snmp.OID(mib.HawserNotifyDelay).Append(0), false},
		{snmp.OID{1, 3, 6, 1, 2, 1, 1, 1, 0}, false},
	} {
		if got := known(test.oid); got != test.want {
			t.Errorf("%s: %t, want %t", test.oid, got, test.want)
		}
	}
}

// TestAWalkOfSevenNodesStaysSmall: what a reader sees of a large cluster is less than 20,000 variables.
func TestAWalkOfSevenNodesStaysSmall(t *testing.T) {
	publisher := newTestPublisher(newFakeSource(sevenNodes()))
	count := 0
	v := publisher.View()
	for vb := v.Next(mib.HawserStateObjects); vb.OID.HasPrefix(mib.HawserStateObjects) || vb.OID.HasPrefix(mib.HawserHardwareObjects); vb = v.Next(vb.OID) {
		count++
	}
	if count < 5000 || count >= 20000 {
		t.Errorf("%d variables, want the whole of 5,000 or more and less than 20,000", count)
	}
}
