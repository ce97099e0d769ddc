package trapd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/fixtures/need"
	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/nms/ask/asktest"
	"hawser/nms/journal"
	"hawser/nms/notify"
)

// limit is how long a test waits for what takes a moment.
const limit = 30 * time.Second

// bench is a running receiver over a real journal.
type bench struct {
	*Receiver
	journal *journal.Journal
	dir     string

	mu    sync.Mutex // guards hints
	hints []string
}

func (b *bench) hinted() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.hints)
}

// auditor and policy are two users that sign notifications.
func auditor() snmp.User { return asktest.Users()["auditor"].User }
func policy() snmp.User  { return asktest.Users()["policy"].User }

// newBench builds a receiver that knows the cluster of asktest, whose engine is clusterEngine; change alters it.
func newBench(t testing.TB, change func(*Config)) *bench {
	t.Helper()
	return newBenchIn(t, t.TempDir(), change)
}

func clusterEngine() []byte {
	return []byte{0x80, 0, 0x7e, 0xd9, 5, 'c', 'l', 'u', 's', 't', 'e', 'r', '1'}
}

func newBenchIn(t testing.TB, dir string, change func(*Config)) *bench {
	t.Helper()
	b := &bench{dir: dir}
	var err error
	if b.journal, err = journal.Open(filepath.Join(dir, "journal.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.journal.Close() })
	engine, err := StartEngine(filepath.Join(dir, "engine.json"), nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Listen: []string{"127.0.0.1:0"}, ReceiveBuffer: 1 << 20, SourceRate: 100_000, SourceBurst: 100_000, Config: notify.Config{
			Users:       []notify.User{{User: auditor()}, {User: policy(), Clusters: []string{"elsewhere"}}},
			Communities: []string{"public"}, Manager: "nms1",
			Clusters: []notify.Known{{Name: "harbour", ClusterID: asktest.ID, Engines: [][]byte{clusterEngine()}}, {Name: "elsewhere", ClusterID: "other"}},
		},
	}
	if change != nil {
		change(&cfg)
	}
	stored, err := b.journal.Engines(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	log := logrus.New()
	log.SetOutput(t.Output())
	hint := func(id string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.hints = append(b.hints, id)
	}
	if b.Receiver, err = New(t.Context(), cfg, engine, b.journal, stored, hint, logrus.NewEntry(log)); err != nil {
		t.Fatal(err)
	}
	return b
}

// startBench runs the receiver until the test ends, or until stop is called.
func startBench(t testing.TB, b *bench) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("receiver: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func start(t testing.TB, change func(*Config)) *bench {
	t.Helper()
	b := newBench(t, change)
	startBench(t, b)
	return b
}

func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func events(t testing.TB, b *bench) []journal.Event {
	t.Helper()
	list, err := b.journal.Events(t.Context(), journal.EventFilter{Limit: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func unknown(t testing.TB, b *bench) []journal.Unknown {
	t.Helper()
	list, err := b.journal.UnknownNotifications(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// newSender sends as an engine with the given boots and time.
func newSender(t testing.TB, id []byte, boots, seconds uint32) *snmp.Sender {
	t.Helper()
	s, err := snmp.NewSender(snmp.SenderConfig{Engine: func() snmp.Engine { return snmp.Engine{ID: id, Boots: boots, Time: seconds} }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (b *bench) v3() snmp.Target { return snmp.Target{Address: b.Addr(), Version: snmp.V3} }

func mustTrap(t testing.TB, s *snmp.Sender, to snmp.Target, user snmp.User, varbinds []snmp.Varbind) {
	t.Helper()
	if err := s.Trap(t.Context(), to, user, varbinds); err != nil {
		t.Fatal(err)
	}
}

func mustInform(t testing.TB, s *snmp.Sender, to snmp.Target, user snmp.User, varbinds []snmp.Varbind) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if err := s.Inform(ctx, to, user, varbinds); err != nil {
		t.Fatal(err)
	}
}

func failed(t testing.TB, seq uint32, change map[string]any) []snmp.Varbind {
	return asktest.Notification(t, seq, "serviceFailed", change)
}

func TestInformIsStoredThenAnswered(t *testing.T) {
	b := start(t, nil)
	s := newSender(t, nil, 0, 0)
	for range 3 { // each time with a new request-id, as gosnmp and our sender do
		mustInform(t, s, b.v3(), auditor(), failed(t, 7, nil))
	}
	list := events(t, b)
	if len(list) != 1 {
		t.Fatalf("stored %d events, want 1", len(list))
	}
	e := list[0]
	want := journal.Event{
		ID: e.ID, Identity: journal.Identity{ClusterID: asktest.ID, Generation: asktest.Generation, Seq: 7}, Origin: "alpha", OriginSeq: 1007,
		Rank: journal.RankStory, Authentic: true, Via: journal.ViaInform, Source: e.Source, User: "auditorUser", Manager: "nms1", Received: e.Received,
		Notification: "hawserServiceFailed", ClusterName: asktest.Name, Time: asktest.EventTime(7), Type: "serviceFailed", Severity: "major",
		ComponentType: "service", ComponentName: "web", NodeName: "alpha", Error: "exit status 1", Reaction: "restart", Result: "succeeded",
		Duration: 120 * time.Millisecond, Summary: "web failed on alpha and was restarted", ConditionState: journal.ConditionWanted,
		Facts: journal.Facts{ClusterState: "degraded", NodesOnline: 2, NodeCount: 2, ServicesFailed: 1, WorstHwHealth: "ok", StackPrimaryNode: "alpha", NotifyDelayMs: 5},
	}
	if e != want {
		t.Errorf("stored\n got %+v\nwant %+v", e, want)
	}
	// The counters and the hint come behind the answer.
	waitFor(t, "a hint per commit", func() bool { return len(b.hinted()) == 3 })
	if got := b.Stats(); got.Answered != 3 || got.Events != 1 || got.Known != 2 {
		t.Errorf("stats: got %+v", got)
	}
	if got := b.hinted(); got[0] != asktest.ID {
		t.Errorf("hints: got %v, want one per commit", got)
	}
}

// transmit sends the very same octets n times and counts the answers to each.
func transmit(t *testing.T, to netip.AddrPort, packet []byte, n int) (answers [][]byte) {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	buffer := make([]byte, snmp.MaxMessageSize)
	for range n {
		if _, err := conn.Write(packet); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
			t.Fatal(err)
		}
		size, err := conn.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, slices.Clone(buffer[:size]))
	}
	return answers
}

func encodeV2(t testing.TB, kind snmp.PDUType, varbinds []snmp.Varbind) []byte {
	t.Helper()
	m := snmp.Message{Version: snmp.V2c, Community: "public", PDU: snmp.PDU{Type: kind, RequestID: 4711, Varbinds: varbinds}}
	packet, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

func TestRetransmissionIsAnsweredAgainAndStoredOnce(t *testing.T) {
	b := start(t, nil)
	other := snmp.Notification(1, snmp.OID{1, 3, 6, 1, 6, 3, 1, 1, 5, 3}, snmp.Varbind{OID: snmp.OID{1, 3, 6, 1, 2, 1, 2, 2, 1, 1, 3}, Value: snmp.Integer(3)})
	for name, varbinds := range map[string][]snmp.Varbind{"ours": failed(t, 1, nil), "another MIB's": other} {
		for i, answer := range transmit(t, b.Addr(), encodeV2(t, snmp.InformRequest, varbinds), 3) {
			m, err := snmp.Parse(answer)
			if err != nil || m.PDU.Type != snmp.Response || m.PDU.RequestID != 4711 || len(m.PDU.Varbinds) != len(varbinds) {
				t.Errorf("%s, answer %d: got %+v, %v", name, i+1, m, err)
			}
		}
	}
	if list := events(t, b); len(list) != 1 || list[0].Authentic || list[0].Rank != journal.RankHint {
		t.Errorf("events: got %+v, want one that is not authentic", list)
	}
	list := unknown(t, b)
	if len(list) != 1 || list[0].TrapOID != "1.3.6.1.6.3.1.1.5.3" || list[0].Varbinds[2].Value != "3" || list[0].Reason != "not of HAWSER-MIB" || len(list[0].Raw) == 0 {
		t.Errorf("unknown: got %+v, want one linkDown with its varbinds", list)
	}
}

func TestInformIsNotAnsweredWithoutCommit(t *testing.T) {
	b := start(t, nil)
	s := newSender(t, nil, 0, 0)
	mustInform(t, s, b.v3(), auditor(), failed(t, 1, nil))
	if err := journal.LimitSize(t.Context(), b.journal, 1); err != nil { // the disk is full from here on
		t.Fatal(err)
	}
	uncommitted := uint32(2)
	waitFor(t, "the full disk stops a commit", func() bool { // the last pages of the file still take some rows
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		err := s.Inform(ctx, b.v3(), auditor(), failed(t, uncommitted, nil))
		if err == nil {
			uncommitted++
			return false
		}
		return errors.Is(err, context.DeadlineExceeded) && b.Stats().Uncommitted > 0
	})
	for _, e := range events(t, b) {
		if e.Seq == uncommitted {
			t.Errorf("event %d is stored, but the commit failed", e.Seq)
		}
	}
	if err := journal.LimitSize(t.Context(), b.journal, 1<<20); err != nil {
		t.Fatal(err)
	}
	mustInform(t, s, b.v3(), auditor(), failed(t, uncommitted, nil))
	if list := events(t, b); len(list) != int(uncommitted) {
		t.Errorf("stored %d events, want %d", len(list), uncommitted)
	}
}

func TestTrapsOfSeveralUsersAndEngines(t *testing.T) {
	b := start(t, nil)
	node := []byte{0x80, 0, 0x7e, 0xd9, 5, 'n', 'o', 'd', 'e'}
	stranger := []byte{0x80, 0, 0x7e, 0xd9, 5, 's', 't', 'r', 'a', 'n', 'g', 'e'}
	b.Learn("harbour", asktest.ID, [][]byte{node}, nil)
	mustTrap(t, newSender(t, clusterEngine(), 3, 500), b.v3(), auditor(), failed(t, 1, nil))
	mustTrap(t, newSender(t, node, 9, 20), b.v3(), auditor(), failed(t, 2, nil))
	mustTrap(t, newSender(t, stranger, 1, 1), b.v3(), auditor(), failed(t, 3, nil))
	mustTrap(t, newSender(t, clusterEngine(), 3, 501), b.v3(), policy(), failed(t, 4, nil)) // may speak for elsewhere only
	mustTrap(t, newSender(t, stranger, 1, 2), b.v3(), policy(), failed(t, 5, map[string]any{"hawserClusterId": "other"}))
	mustTrap(t, newSender(t, clusterEngine(), 3, 502), b.v3(), auditor(), failed(t, 6, map[string]any{"hawserClusterId": "other"})) // another's engine
	waitFor(t, "six events", func() bool { return len(events(t, b)) == 6 })
	want := map[uint32]bool{1: true, 2: true, 3: false, 4: false, 5: true, 6: false}
	for _, e := range events(t, b) {
		if e.Authentic != want[e.Seq] {
			t.Errorf("event %d: authentic %v, want %v", e.Seq, e.Authentic, want[e.Seq])
		}
	}
}

func TestClockOfTrapSenders(t *testing.T) {
	dir := t.TempDir()
	b := newBenchIn(t, dir, nil)
	stop := startBench(t, b)
	send := func(b *bench, seq, boots, seconds uint32) {
		mustTrap(t, newSender(t, clusterEngine(), boots, seconds), b.v3(), auditor(), failed(t, seq, nil))
	}
	send(b, 1, 5, 1000)
	send(b, 2, 5, 900) // late, but within 150 s
	waitFor(t, "two events", func() bool { return len(events(t, b)) == 2 })
	send(b, 3, 5, 849) // out of the window
	send(b, 4, 4, 2000)
	waitFor(t, "two refused", func() bool { return b.Stats().Refused == 2 })
	send(b, 5, 6, 0) // a new leader looks like a reboot
	waitFor(t, "three events", func() bool { return len(events(t, b)) == 3 })
	stop()
	if err := b.journal.Close(); err != nil {
		t.Fatal(err)
	}
	again := newBenchIn(t, dir, nil) // what was learnt survives a restart
	startBench(t, again)
	send(again, 6, 5, 1001)
	waitFor(t, "the old leader refused after a restart", func() bool { return again.Stats().Refused == 1 })
	if list := events(t, again); len(list) != 3 {
		t.Errorf("stored %d events, want 3", len(list))
	}
	if again.engine.Boots != 2 {
		t.Errorf("own boots: got %d, want 2", again.engine.Boots)
	}
}

func TestDiscoveryForEveryUser(t *testing.T) {
	b := start(t, nil)
	for _, user := range []string{"", "auditorUser", "nobody"} {
		m := snmp.Message{Version: snmp.V3, MsgID: 9, Flags: snmp.FlagReportable, SecurityModel: 3, User: user, PDU: snmp.PDU{Type: snmp.GetRequest, RequestID: 9}}
		packet, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		answer, err := snmp.Parse(transmit(t, b.Addr(), packet, 1)[0])
		if err != nil || string(answer.EngineID) != string(b.engine.ID) || answer.Boots != 1 {
			t.Errorf("user %q: got %+v, %v, want our engine", user, answer, err)
		}
	}
}

func TestWrongKeysAreRefused(t *testing.T) {
	b := start(t, nil)
	wrong := auditor()
	wrong.AuthPassphrase = "not the passphrase"
	mustTrap(t, newSender(t, clusterEngine(), 1, 1), b.v3(), wrong, failed(t, 1, nil))
	nobody := auditor()
	nobody.Name = "nobody"
	mustTrap(t, newSender(t, clusterEngine(), 1, 1), b.v3(), nobody, failed(t, 2, nil))
	mustTrap(t, newSender(t, nil, 0, 0), snmp.Target{Address: b.Addr(), Version: snmp.V2c, Community: "private"}, snmp.User{}, failed(t, 3, nil))
	_ = transmitOnly(t, b.Addr(), []byte("no snmp at all"))
	waitFor(t, "all refused", func() bool { s := b.Stats(); return s.Refused == 3 && s.Malformed == 1 })
	if len(events(t, b))+len(unknown(t, b)) != 0 {
		t.Error("something was stored")
	}
}

func transmitOnly(t *testing.T, to netip.AddrPort, packet []byte) int {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	n, err := conn.Write(packet)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOtherMIBsAndBrokenOnesAreKept(t *testing.T) {
	b := start(t, nil)
	v1 := snmp.Message{Version: snmp.V1, Community: "public", PDU: snmp.PDU{Type: snmp.TrapV1, V1: &snmp.V1Trap{
		Enterprise: snmp.OID{1, 3, 6, 1, 4, 1, 9}, AgentAddress: netip.MustParseAddr("10.0.0.9"), Generic: 6, Specific: 42, Uptime: 7,
	}}}
	packet, err := v1.Encode()
	if err != nil {
		t.Fatal(err)
	}
	transmitOnly(t, b.Addr(), packet)
	s := newSender(t, clusterEngine(), 1, 1)
	mustTrap(t, s, b.v3(), auditor(), failed(t, 1, nil)[:2])                                              // names no cluster
	mustTrap(t, s, b.v3(), auditor(), snmp.Notification(1, snmp.OID(mib.HawserNotifications).Append(99))) // newer than this MIB
	mustTrap(t, s, b.v3(), auditor(), failed(t, 2, nil)[1:])                                              // no sysUpTime
	wrongType := failed(t, 3, nil)
	wrongType[2].Value = snmp.Integer(5)
	mustTrap(t, s, b.v3(), auditor(), wrongType)
	mustTrap(t, newSender(t, nil, 0, 0), snmp.Target{Address: b.Addr(), Version: snmp.V2c, Community: "public"}, snmp.User{},
		failed(t, 4, map[string]any{"hawserClusterId": "nobody knows it"}))
	waitFor(t, "six kept", func() bool { return len(unknown(t, b)) == 6 })
	oids := map[string]bool{}
	for _, u := range unknown(t, b) {
		oids[u.TrapOID] = true
		if u.Reason == "" || u.Source != "127.0.0.1" {
			t.Errorf("got %+v, want a reason and a source", u)
		}
	}
	if !oids["1.3.6.1.4.1.9.0.42"] {
		t.Errorf("the v1 trap is not named as RFC 3584 says: %v", oids)
	}
	if len(events(t, b)) != 0 {
		t.Error("an event was stored")
	}
}

func TestAlarmsAndSignsOfLife(t *testing.T) {
	b := start(t, nil)
	s := newSender(t, nil, 0, 0)
	send := func(seq uint32, notification string, change map[string]any) {
		mustInform(t, s, b.v3(), auditor(), asktest.Notification(t, seq, notification, change))
	}
	send(4, "alarmRaised", map[string]any{"hawserEventType": "serviceFailed", "hawserEventAlarmIndex": 3})
	send(4, "serviceFailed", map[string]any{"hawserEventAlarmIndex": 3})
	send(5, "alarmCleared", map[string]any{"hawserEventType": "serviceRecovered", "hawserEventAlarmIndex": 3, "hawserEventSeverity": "cleared"})
	send(0, "keepAlive", map[string]any{"hawserNotifyEventSeq": 0, "hawserEventOriginSeq": 0})
	alarms, err := b.journal.Alarms(t.Context(), asktest.ID)
	if err != nil || len(alarms) != 1 || alarms[0].Severity != "cleared" || alarms[0].Cleared.IsZero() {
		t.Errorf("alarms: got %+v, %v, want one that was cleared", alarms, err)
	}
	list := events(t, b)
	if len(list) != 2 || list[0].Notification != "hawserAlarmRaised" || list[0].Rank != journal.RankStory {
		t.Errorf("events: got %+v, want two, the first with the story's account", list)
	}
	clusters, err := b.journal.Clusters(t.Context())
	if err != nil || len(clusters) != 1 || clusters[0].LastHeard.IsZero() || clusters[0].Name != asktest.Name {
		t.Errorf("clusters: got %+v, %v", clusters, err)
	}
}

func TestEventBeforeTheLogIsJoined(t *testing.T) {
	b := start(t, nil)
	s := newSender(t, nil, 0, 0)
	mustInform(t, s, b.v3(), auditor(), failed(t, 8, map[string]any{"hawserNotifyEventSeq": 0}))
	mustInform(t, s, b.v3(), auditor(), failed(t, 8, nil))
	if list := events(t, b); len(list) != 1 || list[0].Seq != 8 {
		t.Errorf("events: got %+v, want one with sequence 8", list)
	}
}

func TestAnswersLeaveFromTheAddressAsked(t *testing.T) {
	b := start(t, func(c *Config) { c.Listen = []string{"0.0.0.0:0"} })
	asked := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.77"), b.Addr().Port())
	// transmit uses a connected socket, which takes answers from that address only.
	if got := transmit(t, asked, encodeV2(t, snmp.InformRequest, failed(t, 1, nil)), 1); len(got) != 1 {
		t.Error("no answer")
	}
}

func TestIPv6(t *testing.T) {
	probe, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		need.Missing(t, fmt.Sprintf("an IPv6 loopback (%v)", err))
	}
	_ = probe.Close()
	b := start(t, func(c *Config) { c.Listen = []string{"[::]:0"} })
	asked := netip.AddrPortFrom(netip.MustParseAddr("::1"), b.Addr().Port())
	transmit(t, asked, encodeV2(t, snmp.InformRequest, failed(t, 1, nil)), 1)
	if len(events(t, b)) != 1 {
		t.Error("not stored")
	}
}

func TestQuotaKeepsRoomForKnownClusters(t *testing.T) {
	q := newQuota(10, 5)
	now := time.Now()
	known, stranger := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	q.trust(known)
	admitted := func(addr netip.Addr, crowded bool, n int) (count int) {
		for range n {
			if q.admit(addr, crowded, now) {
				count++
			}
		}
		return count
	}
	if got := admitted(stranger, false, 100); got != 5 {
		t.Errorf("stranger at once: got %d, want 5", got)
	}
	now = now.Add(time.Second / 2)
	if got := admitted(stranger, false, 100); got != 5 {
		t.Errorf("stranger after half a second: got %d, want 5", got)
	}
	now = now.Add(time.Minute)
	if got := admitted(stranger, true, 100); got != 0 {
		t.Errorf("stranger while it is crowded: got %d, want 0", got)
	}
	if got := admitted(known, true, 100); got != 50 {
		t.Errorf("known source while it is crowded: got %d, want 50", got)
	}
	for i := range 3 * maxSources {
		q.admit(netip.AddrFrom4([4]byte{20, byte(i >> 16), byte(i >> 8), byte(i)}), false, now)
	}
	if len(q.sources) > maxSources || !q.source(known, now).known {
		t.Errorf("%d sources remembered, known one kept %v; want at most %d and true", len(q.sources), q.source(known, now).known, maxSources)
	}
}

func TestBurstWithoutLoss(t *testing.T) {
	b := start(t, func(c *Config) { c.ReceiveBuffer = 8 << 20 })
	const senders, each = 4, 250
	var group sync.WaitGroup
	for n := range senders {
		s := newSender(t, nil, 0, 0)
		group.Go(func() {
			for i := range each {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				if err := s.Inform(ctx, b.v3(), auditor(), failed(t, uint32(n*each+i+1), nil)); err != nil {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	group.Wait()
	if got := len(events(t, b)); got != senders*each {
		t.Errorf("stored %d events, want %d", got, senders*each)
	}
}

// brokenStore never commits.
type brokenStore struct{}

func (brokenStore) Append(context.Context, journal.Batch) (journal.Outcome, error) {
	return journal.Outcome{}, journal.ErrFull
}
