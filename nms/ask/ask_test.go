package ask_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"hawser/mib/snmp"
	"hawser/nms/ask"
	"hawser/nms/ask/asktest"
)

func dial(t *testing.T, agent *asktest.Agent, role string) *ask.Session {
	t.Helper()
	s, err := ask.Dial(agent.Address(), asktest.Users()[role].User, ask.Options{Timeout: time.Second, Retries: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestTablesAndRanges(t *testing.T) {
	agent := asktest.NewCluster(t)
	for _, seq := range []uint32{1, 2, 3, 200, 4294967294} {
		agent.PutEvent(seq, "serviceFailed")
	}
	agent.Drop("hawserEventTable", 3)
	agent.Put("hawserEventSummary", []uint32{3}, "only a summary") // a row with holes
	s := dial(t, agent, "auditor")
	all, err := ask.ReadTable[ask.Event](t.Context(), s)
	if err != nil || len(all) != 5 || all[4].Seq != 4294967294 {
		t.Fatalf("whole table: got %d rows, %v", len(all), err)
	}
	if e := all[1]; e.Type != "serviceFailed" || e.Origin != "alpha" || e.OriginSeq != 1002 || e.Epoch != 3 || !e.Time.Equal(asktest.EventTime(2)) || e.Duration != 120 {
		t.Errorf("row 2: got %+v", e)
	}
	if e := all[2]; e.Seq != 3 || e.Type != "" || e.Summary != "only a summary" {
		t.Errorf("row with holes: got %+v", e)
	}
	some, err := ask.ReadRange[ask.Event](t.Context(), s, 2, 199)
	if err != nil || len(some) != 2 || some[0].Seq != 2 || some[1].Seq != 3 {
		t.Errorf("range: got %+v, %v", some, err)
	}
	condition, err := ask.ReadTable[ask.Component](t.Context(), s, 2)
	if err != nil || len(condition) != 2 || condition[1].Index != 2 || condition[1].State != "failed" || condition[1].Seq != 2 {
		t.Errorf("condition: got %+v, %v", condition, err)
	}
	setting, found, err := ask.ReadRow[ask.Setting](t.Context(), s, ask.SettingInstance(1, 2, "PowerProfile"))
	if err != nil || !found || setting.Current != "Performance" {
		t.Errorf("setting: got %+v, %v, %v", setting, found, err)
	}
	if _, found, err := ask.ReadRow[ask.Setting](t.Context(), s, ask.SettingInstance(1, 2, "Nothing")); err != nil || found {
		t.Errorf("absent setting: %v, %v", found, err)
	}
}

func TestReaderSeesNoHistory(t *testing.T) {
	agent := asktest.NewCluster(t)
	agent.PutEvent(1, "serviceFailed")
	s := dial(t, agent, "reader")
	if rows, err := ask.ReadTable[ask.Event](t.Context(), s); err != nil || len(rows) != 0 {
		t.Errorf("events: got %+v, %v", rows, err)
	}
	var policy ask.Policy
	missing, err := ask.ReadScalars(t.Context(), s, &policy)
	if err != nil || len(missing) != 3 {
		t.Errorf("policy scalars: missing %v, %v", missing, err)
	}
}

func TestRefusals(t *testing.T) {
	agent := asktest.NewCluster(t)
	oid, _, err := ask.Instance("hawserServiceReaction", 4)
	if err != nil {
		t.Fatal(err)
	}
	var refusal *ask.Refusal
	err = dial(t, agent, "auditor").Set(t.Context(), snmp.Varbind{OID: oid, Value: snmp.Integer(4)})
	if !errors.As(err, &refusal) || refusal.Status != "noAccess" || refusal.Object != "hawserServiceReaction.4" || !refusal.Denied() || refusal.Uncertain() {
		t.Errorf("auditor: got %v", err)
	}
	err = dial(t, agent, "policy").Set(t.Context(), snmp.Varbind{OID: oid, Value: snmp.Integer(40)})
	if !errors.As(err, &refusal) || refusal.Status != "wrongValue" || refusal.Denied() {
		t.Errorf("wrong value: got %v", err)
	}
	if err := dial(t, agent, "policy").Set(t.Context(), snmp.Varbind{OID: oid, Value: snmp.Counter64(4)}); err == nil {
		t.Error("a Counter64 was set")
	}
	stranger := asktest.Users()["policy"].User
	stranger.Name = "stranger"
	s, err := ask.Dial(agent.Address(), stranger, ask.Options{Timeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Get(t.Context(), oid); !errors.Is(err, ask.ErrSecurity) || !strings.Contains(err.Error(), "stranger") {
		t.Errorf("unknown user: got %v", err)
	}
	agent.Turn(func(k *asktest.Knobs) { k.Silent = true })
	if _, err := s.Get(t.Context(), oid); !errors.Is(err, ask.ErrNoAnswer) {
		t.Errorf("silent agent: got %v", err)
	}
}

func TestParseTime(t *testing.T) {
	noon := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name   string
		octets []byte
		want   time.Time
		bad    bool
	}{
		{"utc", []byte{0x07, 0xea, 11, 1, 12, 0, 0, 0}, noon, false},
		{"east", []byte{0x07, 0xea, 11, 1, 13, 30, 0, 0, '+', 1, 30}, noon, false},
		{"west", []byte{0x07, 0xea, 11, 1, 7, 0, 0, 5, '-', 5, 0}, noon.Add(500 * time.Millisecond), false},
		{"never", make([]byte, 8), time.Time{}, false},
		{"none", nil, time.Time{}, false},
		{"short", []byte{1, 2}, time.Time{}, true},
		{"month 13", []byte{0x07, 0xea, 13, 1, 12, 0, 0, 0}, time.Time{}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ask.ParseTime(test.octets)
			if !got.Equal(test.want) || (err != nil) != test.bad {
				t.Errorf("got %v, %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestInstanceNames(t *testing.T) {
	if _, _, err := ask.Instance("hawserNothing", 1); err == nil || !strings.Contains(err.Error(), "hawser mib") {
		t.Errorf("got %v", err)
	}
	oid, _, err := ask.Instance("hawserClusterName")
	if err != nil || ask.NameOf(oid) != "hawserClusterName.0" {
		t.Errorf("got %s, %v", ask.NameOf(oid), err)
	}
	if got := ask.NameOf(snmp.OID{1, 3, 6}); got != "1.3.6" {
		t.Errorf("got %s", got)
	}
}

func TestDeadNodeDoesNotDelay(t *testing.T) {
	dead, alive := asktest.NewCluster(t), asktest.NewCluster(t)
	c := ask.NewCluster("harbour", []string{dead.Address(), alive.Address()}, asktest.Users()["auditor"].User, ask.Options{Timeout: time.Minute, Retries: 3})
	defer func() { _ = c.Close() }()
	s, _, err := c.Freshest(t.Context(), asktest.ID)
	if err != nil || s.Address() != dead.Address() {
		t.Fatalf("first: %v", err)
	}
	dead.Turn(func(k *asktest.Knobs) { k.Silent = true })
	begun := time.Now()
	for range 2 { // the second time the living one is asked first
		if s, _, err = c.Freshest(t.Context(), asktest.ID); err != nil || s.Address() != alive.Address() {
			t.Fatalf("after its death: %v", err)
		}
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("took %s, a third of one timeout", took)
	}
}
