package plugin

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

func TestSetErrorMatrix(t *testing.T) {
	good := bind("hawserServiceReaction", snmp.Integer(mib.ServiceReactionNotify), 1)
	reaction := func(v snmp.Value, index ...uint32) snmp.Varbind { return bind("hawserServiceReaction", v, index...) }
	for _, test := range []struct {
		name   string
		binds  []snmp.Varbind
		status snmp.ErrorStatus
		index  int
		logged bool
	}{
		{"a good one", []snmp.Varbind{good}, snmp.NoError, 0, false},
		{"read-only object", []snmp.Varbind{good, bind("hawserNodeState", snmp.Integer(1), 1)}, snmp.NotWritable, 2, false},
		{"not of this module", []snmp.Varbind{{OID: snmp.OID{1, 3, 6, 1, 2, 1, 1, 5, 0}, Value: snmp.String("x")}}, snmp.NotWritable, 1, false},
		{"a table", []snmp.Varbind{{OID: mib.HawserServiceTable, Value: snmp.Integer(1)}}, snmp.NotWritable, 1, false},
		{"wrong type", []snmp.Varbind{good, reaction(snmp.String("notify"), 2)}, snmp.WrongType, 2, true},
		{"Gauge where INTEGER is wanted", []snmp.Varbind{reaction(snmp.Gauge(2), 1)}, snmp.WrongType, 1, true},
		{"too long", []snmp.Varbind{bind("hawserAlarmAckComment", snmp.String(string(make([]byte, 161))), 7)}, snmp.WrongLength, 1, true},
		{"token of seven octets", []snmp.Varbind{good, bind("hawserWriteToken", snmp.String("1234567"), 0)}, snmp.WrongLength, 2, true},
		{"not UTF-8", []snmp.Varbind{bind("hawserAlarmAckComment", snmp.String("\xff"), 7)}, snmp.WrongEncoding, 1, true},
		{"no value of the enumeration", []snmp.Varbind{reaction(snmp.Integer(6), 1)}, snmp.WrongValue, 1, true},
		{"out of range", []snmp.Varbind{bind("hawserServiceFailureThreshold", snmp.Gauge(101), 1)}, snmp.WrongValue, 1, true},
		{"no date", []snmp.Varbind{bind("hawserMaintenanceUntil", snmp.Octets([]byte{7, 234, 2, 30, 0, 0, 0, 0}), 0)}, snmp.WrongValue, 1, true},
		{"no such row", []snmp.Varbind{reaction(snmp.Integer(2), 9)}, snmp.NoCreation, 1, false},
		{"no instance", []snmp.Varbind{reaction(snmp.Integer(2))}, snmp.NoCreation, 1, false},
		{"instance too long", []snmp.Varbind{reaction(snmp.Integer(2), 1, 1)}, snmp.NoCreation, 1, false},
		{"scalar without .0", []snmp.Varbind{bind("hawserMaintenance", snmp.Integer(1))}, snmp.NoCreation, 1, false},
		{"type before row", []snmp.Varbind{reaction(snmp.String("x"), 9)}, snmp.WrongType, 1, true},
		{"value before row", []snmp.Varbind{reaction(snmp.Integer(99), 9)}, snmp.WrongValue, 1, true},
		{"twice with two values", []snmp.Varbind{good, reaction(snmp.Integer(3), 1)}, snmp.InconsistentValue, 2, true},
		{"twice with one value", []snmp.Varbind{good, good}, snmp.NoError, 0, false},
		{"setting outside its registry", []snmp.Varbind{wish("BootMode", "Bios")}, snmp.InconsistentValue, 1, true},
		{"setting that is read-only", []snmp.Varbind{wish("SerialNumber", "S2")}, snmp.NotWritable, 1, true},
		{"setting that is a password", []snmp.Varbind{wish("AdminPassword", "geheim123")}, snmp.NotWritable, 1, true},
		{"setting that is not there", []snmp.Varbind{wish("NoSuch", "1")}, snmp.NoCreation, 1, false},
		{"setting with a wrong length", []snmp.Varbind{bind("hawserHwSettingDesired", snmp.String("1"), 1, 2, 9, 66)}, snmp.NoCreation, 1, false},
		{"setting withdrawn", []snmp.Varbind{wish("BootMode", "")}, snmp.NoError, 0, false},
		{"job", job(3), snmp.NoError, 0, false},
		{"job in a row that exists", job(2), snmp.InconsistentValue, 1, true},
		{"job without a kind", job(3)[:1], snmp.InconsistentValue, 1, true},
		{"job without a status", job(3)[1:], snmp.InconsistentName, 1, true},
		{"job that exists is changed", job(2)[1:], snmp.InconsistentValue, 1, true},
		{"createAndWait", []snmp.Varbind{bind("hawserHwJobRowStatus", snmp.Integer(mib.RowStatusCreateAndWait), 3)}, snmp.InconsistentValue, 1, true},
		{"no value of RowStatus", []snmp.Varbind{bind("hawserHwJobRowStatus", snmp.Integer(7), 3)}, snmp.WrongValue, 1, true},
		{"row 0", []snmp.Varbind{bind("hawserHwJobRowStatus", snmp.Integer(mib.RowStatusCreateAndGo), 0)}, snmp.NoCreation, 1, false},
		{"abort", []snmp.Varbind{bind("hawserHwJobRowStatus", snmp.Integer(mib.RowStatusDestroy), 2)}, snmp.NoError, 0, false},
		{"abort with values", []snmp.Varbind{
			bind("hawserHwJobTarget", snmp.String("db1"), 2), bind("hawserHwJobRowStatus", snmp.Integer(mib.RowStatusDestroy), 2),
		}, snmp.InconsistentValue, 1, true},
		{"two serials", append(job(3, bind("hawserHwJobExpectSerial", snmp.Integer(16), 3)), bind("hawserConfigSerial", snmp.Integer(17), 0)), snmp.InconsistentValue, 4, true},
		{"kind of another table", []snmp.Varbind{
			bind("hawserJobRowStatus", snmp.Integer(mib.RowStatusCreateAndGo), 5), bind("hawserJobKind", snmp.Integer(6), 5),
		}, snmp.WrongValue, 2, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			changer := &fakeChanger{}
			inBubble(t, changer, func(t *testing.T, backend *Backend) {
				_, err := backend.Test(t.Context(), bySNMP, test.binds)
				if status, index := statusOfError(t, err); status != test.status || index != test.index {
					t.Errorf("got %s at %d (%v), want %s at %d", status, index, err, test.status, test.index)
				}
				synctest.Wait()
				refusals := changer.refusals()
				if (len(refusals) == 1) != test.logged {
					t.Errorf("%d refusals recorded, want %t", len(refusals), test.logged)
				}
				if test.status != snmp.NoError && len(changer.prepared) != 0 {
					t.Errorf("a bad SET reached the controller: %+v", changer.prepared)
				}
			})
		})
	}
}

func TestSetBecomesOneChange(t *testing.T) {
	until := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name string
		bind snmp.Varbind
		want cluster.Op
	}{
		{"node", bind("hawserNodeAdminState", snmp.Integer(2), 2), cluster.Op{Object: "NodeAdminState", Target: cluster.Target{Name: "db2"}, Int: 2}},
		{"service admin", bind("hawserServiceAdminState", snmp.Integer(3), 2), cluster.Op{Object: "ServiceAdminState", Target: cluster.Target{Name: "web"}, Int: 3}},
		{"probe interval", bind("hawserServiceProbeInterval", snmp.Gauge(500), 1), cluster.Op{Object: "ServiceProbeInterval", Target: cluster.Target{Name: "app"}, Int: 500}},
		{"probe timeout", bind("hawserServiceProbeTimeout", snmp.Gauge(200), 1), cluster.Op{Object: "ServiceProbeTimeout", Target: cluster.Target{Name: "app"}, Int: 200}},
		{"threshold", bind("hawserServiceFailureThreshold", snmp.Gauge(5), 1), cluster.Op{Object: "ServiceFailureThreshold", Target: cluster.Target{Name: "app"}, Int: 5}},
		{"restart limit", bind("hawserServiceRestartLimit", snmp.Gauge(0), 1), cluster.Op{Object: "ServiceRestartLimit", Target: cluster.Target{Name: "app"}}},
		{"window", bind("hawserServiceFailureWindow", snmp.Gauge(60000), 1), cluster.Op{Object: "ServiceFailureWindow", Target: cluster.Target{Name: "app"}, Int: 60000}},
		{"reaction", bind("hawserServiceReaction", snmp.Integer(5), 1), cluster.Op{Object: "ServiceReaction", Target: cluster.Target{Name: "app"}, Int: 5}},
		{"preferred node", bind("hawserStackPreferredNode", snmp.String("db2"), 1), cluster.Op{Object: "StackPreferredNode", Target: cluster.Target{Name: "shop"}, Text: "db2"}},
		{"failback", bind("hawserStackFailback", snmp.Integer(2), 1), cluster.Op{Object: "StackFailback", Target: cluster.Target{Name: "shop"}, Int: 2}},
		{"acknowledge", bind("hawserAlarmAcknowledged", snmp.Integer(1), 7), cluster.Op{Object: "AlarmAcknowledged", Target: cluster.Target{Index: 7}, Int: 1}},
		{"comment", bind("hawserAlarmAckComment", snmp.String("seen"), 7), cluster.Op{Object: "AlarmAckComment", Target: cluster.Target{Index: 7}, Text: "seen"}},
		{"maintenance", bind("hawserMaintenance", snmp.Integer(1), 0), cluster.Op{Object: "Maintenance", Int: 1}},
		{"until", bind("hawserMaintenanceUntil", snmp.Octets(dateAndTime(until)), 0), cluster.Op{Object: "MaintenanceUntil", Int: until.Unix(), Text: "2026-11-22T18:00:00Z"}},
		{"no end", bind("hawserMaintenanceUntil", snmp.Octets(make([]byte, 8)), 0), cluster.Op{Object: "MaintenanceUntil"}},
		{"setting", wish("BootMode", "LegacyBios"), cluster.Op{Object: "HwSettingDesired", Target: cluster.Target{Name: "db1", Scope: 2, Key: "BootMode"}, Text: "LegacyBios"}},
		{"abort", bind("hawserJobRowStatus", snmp.Integer(mib.RowStatusDestroy), 1), cluster.Op{Object: "JobAbort", Target: cluster.Target{Index: 1}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			changer := &fakeChanger{}
			inBubble(t, changer, func(t *testing.T, backend *Backend) {
				if _, err := backend.Test(t.Context(), bySNMP, []snmp.Varbind{test.bind}); err != nil {
					t.Fatal(err)
				}
				got := changer.prepared[0]
				if len(got.Ops) != 1 || got.Ops[0] != test.want {
					t.Errorf("got %+v, want %+v", got.Ops, test.want)
				}
				if by := (cluster.Setter{User: "policy", Address: "10.9.0.1:40112", Via: cluster.ViaSnmp}); got.By != by || got.ID == "" || got.Hold {
					t.Errorf("change is %+v", got)
				}
			})
		})
	}
}

func TestEveryWritableObjectBecomesAnOp(t *testing.T) {
	state := richState()
	for _, o := range mib.Objects {
		if !o.Access.Writable() {
			continue
		}
		index := map[string][]uint32{
			"hawserHwSettingDesired": append([]uint32{1, 2}, indexText("BootMode")...),
			"hawserAlarmAckComment":  {7}, "hawserAlarmAcknowledged": {7},
		}[o.Name]
		if index == nil {
			index = []uint32{uint32(min(int(o.Kind-mib.Scalar), 1))} // scalars .0, rows .1
		}
		it := item{object: o, index: index}
		if f := it.place(state); f != nil {
			t.Errorf("%s%v: %v", o.Name, index, f.err)
		}
	}
}

func TestJobRowIsOneOp(t *testing.T) {
	changer := &fakeChanger{}
	inBubble(t, changer, func(t *testing.T, backend *Backend) {
		binds := job(3, bind("hawserHwJobArgument", snmp.String("quiet"), 3), bind("hawserHwJobExpectSerial", snmp.Integer(17), 3))
		binds = append([]snmp.Varbind{binds[2], binds[4], wish("BootMode", "LegacyBios")}, binds[0], binds[1], binds[3])
		if _, err := backend.Test(t.Context(), byAgentX, binds); err != nil {
			t.Fatal(err)
		}
		got := changer.prepared[0]
		want := []cluster.Op{
			{Object: "HwSettingDesired", Target: cluster.Target{Name: "db1", Scope: 2, Key: "BootMode"}, Text: "LegacyBios"},
			{Object: "HwJob", Target: cluster.Target{Name: "db1", Index: 3}, Int: 2, Text: "quiet"},
		}
		if !reflect.DeepEqual(got.Ops, want) {
			t.Errorf("got %+v, want %+v", got.Ops, want)
		}
		if got.Serial == nil || *got.Serial != 17 || !got.Hold {
			t.Errorf("serial %v, hold %t; want 17 and held for AgentX", got.Serial, got.Hold)
		}
	})
}

func TestRefusalsOfTheControllerNameTheVarbind(t *testing.T) {
	serial, token := bind("hawserConfigSerial", snmp.Integer(16), 0), bind("hawserWriteToken", snmp.String("token-0001"), 0)
	binds := append([]snmp.Varbind{token, bind("hawserServiceReaction", snmp.Integer(2), 1), serial}, job(3)...)
	for _, test := range []struct {
		name   string
		op     int
		code   cluster.Refused
		status snmp.ErrorStatus
		index  int
	}{
		{"first op", 0, cluster.RefusedValue, snmp.WrongValue, 2},
		{"job", 1, cluster.RefusedNotWritable, snmp.NotWritable, 4},
		{"serial", -1, cluster.RefusedValue, snmp.WrongValue, 3},
		{"token", -2, cluster.RefusedValue, snmp.WrongValue, 1},
		{"no leader", 0, cluster.RefusedUnavailable, snmp.ResourceUnavailable, 2},
		{"name", 1, cluster.RefusedName, snmp.InconsistentName, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			changer := &fakeChanger{refuse: &cluster.Refusal{Op: test.op, Code: test.code, Reason: "because"}}
			inBubble(t, changer, func(t *testing.T, backend *Backend) {
				_, err := backend.Test(t.Context(), bySNMP, binds)
				if status, index := statusOfError(t, err); status != test.status || index != test.index {
					t.Errorf("got %s at %d, want %s at %d", status, index, test.status, test.index)
				}
				synctest.Wait()
				refusals := changer.refusals()
				if test.code == cluster.RefusedUnavailable {
					if len(refusals) != 0 {
						t.Errorf("recorded %+v without a leader", refusals)
					}
					return
				}
				if len(refusals) != 1 || refusals[0].why.Op != test.op || len(refusals[0].change.Ops) != 2 {
					t.Errorf("recorded %+v, want the whole change with its faulty op", refusals)
				}
			})
		})
	}
}

// TestARepetitionIsLeftToTheLeader: the first SET with this token may have raised the serial and made the row.
func TestARepetitionIsLeftToTheLeader(t *testing.T) {
	token := bind("hawserWriteToken", snmp.String("token-0001"), 0)
	changer := &fakeChanger{refuse: &cluster.Refusal{Op: -1, Code: cluster.RefusedInconsistent, Reason: "serial"}}
	inBubble(t, changer, func(t *testing.T, backend *Backend) {
		pending, err := backend.Test(t.Context(), bySNMP, append(job(2), token))
		if err != nil {
			t.Fatalf("refused before the leader could find the token: %v", err)
		}
		if err := pending.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := changer.commits[0].Change; string(got.Token) != "token-0001" {
			t.Errorf("committed %+v without its token", got)
		}
	})
	// Without a token the same refusal stands.
	inBubble(t, changer, func(t *testing.T, backend *Backend) {
		_, err := backend.Test(t.Context(), bySNMP, []snmp.Varbind{bind("hawserConfigSerial", snmp.Integer(1), 0)})
		if status, index := statusOfError(t, err); status != snmp.InconsistentValue || index != 1 {
			t.Errorf("got %s at %d, want inconsistentValue at 1", status, index)
		}
	})
}

func TestAnEmptySetIsDone(t *testing.T) {
	changer := &fakeChanger{}
	inBubble(t, changer, func(t *testing.T, backend *Backend) {
		pending, err := backend.Test(t.Context(), bySNMP, []snmp.Varbind{bind("hawserWriteToken", snmp.Octets(nil), 0)})
		if err != nil {
			t.Fatal(err)
		}
		if err := pending.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		pending.Cleanup()
		if len(changer.prepared)+len(changer.commits) != 0 {
			t.Error("the controller was asked for nothing")
		}
	})
}

func TestSetWithoutALeader(t *testing.T) {
	for name, edit := range map[string]func(*cluster.Snapshot){
		"no leader": func(s *cluster.Snapshot) { s.Leader = "" },
		"no quorum": func(s *cluster.Snapshot) { s.Quorate = false },
		"isolated":  func(s *cluster.Snapshot) { s.View = cluster.ViewIsolated },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				changer := &fakeChanger{}
				backend, source := startBackend(t, changer)
				snap := richSnapshot()
				edit(snap)
				source.set(snap)
				_, err := backend.Test(t.Context(), bySNMP, []snmp.Varbind{bind("hawserMaintenance", snmp.Integer(1), 0)})
				if status, _ := statusOfError(t, err); status != snmp.ResourceUnavailable {
					t.Errorf("got %s, want resourceUnavailable", status)
				}
				_, err = backend.Test(t.Context(), bySNMP, []snmp.Varbind{bind("hawserMaintenance", snmp.Integer(3), 0)})
				if status, _ := statusOfError(t, err); status != snmp.WrongValue {
					t.Errorf("a bad value is %s, want wrongValue also without a leader", status)
				}
			})
		})
	}
}
