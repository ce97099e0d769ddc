package ledger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
)

// The frozen form of version 1: one entry of each kind of decision, and a snapshot. They are never written anew: a later
// version proves with them that it reads what this one wrote. A new kind gets a new line, and a new version a new file.
const (
	goldenEntries  = "testdata/entries-v1.jsonl"
	goldenSnapshot = "testdata/snapshot-v1.json"
)

func goldenLines(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile(goldenEntries)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for scan := bufio.NewScanner(bytes.NewReader(data)); scan.Scan(); {
		lines = append(lines, scan.Text())
	}
	return lines
}

// everyKind is what the golden file holds, in its order.
func everyKind() []cluster.Decision {
	at := start.Add(time.Hour)
	by := cluster.Setter{User: "olga", Address: "192.0.2.1", Via: cluster.ViaSnmp}
	change := cluster.Change{
		ID: "c1", By: by, Token: []byte("12345678"), Serial: new(int32(3)), Hold: true,
		Ops: []cluster.Op{{Object: "ServiceReaction", Target: cluster.Target{Name: "web", Scope: 2, Key: "k", Index: 4}, Int: 2, Text: "t"}},
	}
	return []cluster.Decision{
		{Found: &cluster.Found{ClusterID: "6f9619ff", Generation: 7, EngineID: []byte{0x80, 0, 0x7e, 0xd9, 5, 1}}},
		{Config: &cluster.Config{Spec: testSpec()}},
		{Lead: &cluster.Lead{Node: "a"}},
		{Join: &cluster.Join{Node: "a", Boot: "a1", Incarnation: 9, MachineUUID: "u", Version: "0.1", EngineID: []byte{1}, BootTime: at, Emulated: true, State: cluster.NodeOnline}},
		{NodeIs: &cluster.NodeIs{Node: "a", State: cluster.NodeSuspect}},
		{Reserve: &cluster.Reserve{Node: "a", By: "job 3"}},
		{Intent: &cluster.Fence{ID: 5, Node: "a", Boot: "a1", Executor: "b", Reason: "silent", Began: at, Intent: at, Deadline: at, Done: true, Off: true, Error: "e", Ended: at, Attempts: 2, Powered: true}},
		{Fenced: &cluster.Fenced{Node: "a", ID: 5, Off: true, Error: "e", Powered: true}},
		{Assign: &cluster.Assign{Service: "app", Node: "a", Boot: "a1"}},
		{Withdraw: &cluster.Withdraw{Service: "app", Epoch: 30064771073}},
		{Released: &cluster.Released{Service: "app", Node: "a", Boot: "a1", Epoch: 30064771073, Proof: cluster.ProofStop}},
		{Move: &cluster.Move{Stack: "shop", Primary: "a", Target: "b", Phase: cluster.PhaseReleasing, Blocked: "why", Complete: true, Took: time.Second, Cause: cluster.Cause{
			ComponentType: cluster.ComponentNode, ComponentName: "a", NodeName: "a", Error: "e", Reaction: cluster.ReactedFailover, Setter: "olga", Began: at, Planned: true,
		}}},
		{Restart: &cluster.Restart{Service: "app", Node: "a", Error: "e"}},
		{Observe: &cluster.Observe{Service: "app", Node: "a", Boot: "a1", Epoch: 3, State: cluster.InstanceActive, Probe: cluster.ProbeOk, Message: "m", Failing: true, Error: "e"}},
		{Link: &cluster.LinkIs{Node: "a", Peer: "b", Index: 1, State: cluster.LinkUp}},
		{Service: &cluster.ServiceIs{Service: "app", Quarantine: true, Release: true, Failed: true}},
		{Event: &cluster.Event{
			Origin: "a", OriginSeq: 4, Epoch: 3, Time: at, Type: cluster.EventNodeFailed, Severity: cluster.SeverityMajor, ComponentType: cluster.ComponentNode,
			ComponentName: "a", NodeName: "a", StackName: "shop", Error: "e", Reaction: cluster.ReactedFence, Result: cluster.ResultPending, Duration: time.Second,
			AlarmIndex: 2, Setter: "olga", Summary: "s", AlarmKey: "node/a", Raise: cluster.SeverityMajor, Clear: true,
		}},
		{Change: &change},
		{Refuse: &cluster.Refuse{Change: change, Refusal: cluster.Refusal{Op: 1, Code: cluster.RefusedValue, Reason: "r"}}},
		{Undo: &cluster.Undo{ID: "c1", Serial: 4}},
		{Release: &cluster.ReleaseHold{ID: "c1"}},
		{Job: &cluster.JobIs{Hw: true, Index: 3, State: cluster.JobRunning, Progress: 40, Detail: "d", Result: "r", EventSeq: 8}},
		{Hardware: &cluster.HardwareDiff{
			Node: "a", BMCState: "ok", Collected: at, System: &cluster.HardwareSystem{Manufacturer: "m", Model: "x", Serial: "s", UUID: "u", BIOSVersion: "1", BMCVersion: "2", Power: cluster.PowerOn, Health: cluster.HealthOk, HealthReason: "h", IndicatorLED: "Off", PowerLimit: 9, BootOverride: "None"},
			Components: []cluster.HardwarePart{{Key: "k", ParentKey: "p", Class: "fan", Slot: "1", Name: "n", Model: "m", Serial: "s", Firmware: "f", Health: cluster.HealthWarning, State: "Enabled", PredictedFailure: true}},
			Sensors:    []cluster.HardwareSensor{{Key: "k", Name: "n", Type: "temperature", Units: "Cel", Value: new(int32(1)), LowerCritical: new(int32(2)), LowerWarning: new(int32(3)), UpperWarning: new(int32(4)), UpperCritical: new(int32(5)), Health: cluster.HealthOk, Read: at}},
			Settings:   []cluster.HardwareSetting{{Scope: 2, Name: "Boot", Type: "Enumeration", Current: "a", Pending: "b", Default: "c", Values: []string{"a"}, Lower: new(int64(1)), Upper: new(int64(2)), Step: 1, Pattern: "x", ReadOnly: true, RebootNeeded: true}},
			Gone:       []string{"g"}, Problems: []string{"p"}, FenceReady: true,
		}},
		{Setting: &cluster.SettingIs{Node: "a", Scope: 2, Name: "Boot", State: cluster.SettingStaged, Message: "m"}},
		{Sink: &cluster.SinkIs{Name: "nms", Status: cluster.SinkStatus{Cursor: 3, Sent: 1, Acked: 2, Retries: 3, Lost: 4, State: cluster.SinkStateOk, LastAck: at, LastError: "e"}}},
		{Handed: &cluster.Handed{Life: 5, Boots: 2, Event: cluster.Event{
			Origin: "b", OriginSeq: 9, Time: at, Type: cluster.EventAuthFailure, Severity: cluster.SeverityWarning, ComponentType: cluster.ComponentNode,
			ComponentName: "b", NodeName: "b", Reaction: cluster.ReactedNone, Result: cluster.ResultRefused, Summary: "s",
		}}},
	}
}

// TestGoldenEntries reads the frozen entries, finds in them what was written, and writes them again to the byte.
func TestGoldenEntries(t *testing.T) {
	lines, kinds := goldenLines(t), everyKind()
	if n := reflect.TypeFor[cluster.Decision]().NumField(); len(kinds) != n || len(lines) != n {
		t.Fatalf("%d kinds of decisions, %d of them here, %d in %s", n, len(kinds), len(lines), goldenEntries)
	}
	for i, line := range lines {
		want := cluster.Entry{Version: 1, At: start, By: "a", Origin: 17, Decisions: kinds[i : i+1]}
		got, err := Decode([]byte(line))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("line %d\ngot  %+v %v\nwant %+v", i+1, got, err, want)
		}
		data, err := Encode(want)
		if err != nil || string(data) != line {
			t.Errorf("line %d is written as\n%s %v\nwant\n%s", i+1, data, err, line)
		}
	}
}

// TestGoldenSnapshot reads the frozen snapshot and writes it again.
func TestGoldenSnapshot(t *testing.T) {
	data, err := os.ReadFile(goldenSnapshot)
	if err != nil {
		t.Fatal(err)
	}
	l := restored(t, data)
	if s := l.State(); s.ClusterID != "c" || len(s.Nodes) != 3 || s.Services["app"].Holder.Node != "a" || len(l.Events(0, 100)) < 3 || len(l.Writes(0, 100)) != 1 {
		t.Errorf("the snapshot was not understood: %+v", s)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		t.Fatal(err)
	}
	if got := imageOf(t, l); strings.TrimSpace(string(got)) != compact.String() {
		t.Errorf("written as\n%s\nwant\n%s", got, compact.String())
	}
}

// TestUnknownEntriesAreRefused: a later version, an unknown field, a decision of no kind or of two: the node stops there,
// and nothing of the entry was applied (SAFETY, Log).
func TestUnknownEntriesAreRefused(t *testing.T) {
	for name, data := range map[string]string{
		"later version":     `{"v":2,"at":"2026-11-22T03:00:00Z","by":"a","o":1,"d":[]}`,
		"no version":        `{"at":"2026-11-22T03:00:00Z","by":"a","o":1,"d":[]}`,
		"unknown decision":  `{"v":1,"at":"2026-11-22T03:00:00Z","by":"a","o":1,"d":[{"promote":{"service":"db"}}]}`,
		"unknown field":     `{"v":1,"at":"2026-11-22T03:00:00Z","by":"a","o":1,"d":[{"lead":{"node":"a","term":3}}]}`,
		"unknown state":     `{"v":1,"at":"2026-11-22T03:00:00Z","by":"a","o":1,"d":[{"nodeIs":{"node":"a","state":"asleep"}}]}`,
		"empty decision":    `{"v":1,"at":"2026-11-22T03:00:00Z","by":"a","o":99,"d":[{"lead":{"node":"b"}},{}]}`,
		"double decision":   `{"v":1,"at":"2026-11-22T03:00:00Z","by":"a","o":99,"d":[{"lead":{"node":"b"}},{"lead":{"node":"a"},"undo":{"id":"x","serial":1}}]}`,
		"after an event":    `{"v":1,"at":"2026-11-22T03:00:00Z","by":"a","o":99,"d":[{"event":{"origin":"","originSeq":0,"time":"2026-11-22T03:00:00Z","type":"nodeFailed","severity":"major","componentType":"node","componentName":"b","reaction":"none","result":"failed","nodesOnline":0,"summary":"s"}},{}]}`,
		"nameless founding": `{"v":1,"at":"2026-11-22T03:00:00Z","by":"a","o":99,"d":[{"lead":{"node":"b"}},{"found":{"clusterId":"","generation":1,"engineId":"AAAA"}}]}`,
		"half an entry":     `{"v":1,"at":"2026-11-22T03:00:00Z","by":"a","o":1,"d":[{"lead":`,
	} {
		t.Run(name, func(t *testing.T) {
			l := founded(t)
			before := l.bytes()
			e, err := Decode([]byte(data))
			if err == nil {
				_, err = l.Apply(l.index+1, e)
			}
			if err == nil {
				t.Fatal("it was applied")
			}
			if name != "half an entry" && name != "nameless founding" && !errors.Is(err, ErrUnknownEntry) {
				t.Errorf("the error does not say that another version wrote it: %v", err)
			}
			if !bytes.Equal(before, l.bytes()) {
				t.Error("something of it was applied")
			}
		})
	}
}

// TestDamagedSnapshotsAreRefused: what cannot be read whole changes nothing.
func TestDamagedSnapshotsAreRefused(t *testing.T) {
	good := string(founded(t).bytes())
	l := founded(t)
	l.apply(raise("node/b"))
	before := l.bytes()
	for name, data := range map[string]string{
		"empty":         "",
		"half":          good[:len(good)/2],
		"later version": strings.Replace(good, `"version":1`, `"version":2`, 1),
		"later state":   strings.Replace(good, `"state":{"version":1`, `"state":{"version":9`, 1),
		"unknown field": strings.Replace(good, `"clusterId"`, `"clusterIdentity"`, 1),
		"missing line":  `{"version":1,"state":{"version":1},"events":[],"conditions":[{"seq":1,"len":2,"lines":{"0":{"type":"node","name":"a","state":"online"}}}]}`,
		"line too far":  `{"version":1,"state":{"version":1},"events":[],"conditions":[{"seq":1,"len":1,"lines":{"7":{"type":"node","name":"a","state":"online"}}}]}`,
		"huge":          `{"version":1,"state":{"version":1},"events":[],"conditions":[{"seq":1,"len":1000000000}]}`,
		"negative":      `{"version":1,"state":{"version":1},"events":[],"conditions":[{"seq":1,"len":-1}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := l.Restore(strings.NewReader(data)); err == nil {
				t.Error("it was restored")
			}
			if !bytes.Equal(before, l.bytes()) {
				t.Error("it changed the ledger")
			}
		})
	}
}
