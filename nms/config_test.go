package nms

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/sirupsen/logrus"
	"gopkg.in/yaml.v3"

	"hawser/nms/analyze"
	"hawser/nms/ask/asktest"
)

func TestValidateNamesAllFaults(t *testing.T) {
	cfg := newConfig(t, asktest.NewCluster(t))
	if err := cfg.Validate(); err != nil {
		t.Fatalf("a good configuration: %v", err)
	}
	if err := cfg.CheckFiles(); err != nil {
		t.Fatalf("good files: %v", err)
	}
	cfg.Name = "with space"
	cfg.DataDir = ""
	cfg.Listen = ListenConfig{Traps: []string{"somewhere"}, HTTP: "0.0.0.0:80"}
	cfg.Traps.ReceiveBuffer, cfg.Traps.SourceRate = 5, 0
	cfg.Users[0].AuthProtocol, cfg.Users[0].PrivProtocol, cfg.Users[0].AuthPassphraseFile = "MD5", "DES", ""
	cfg.Users[1].Name, cfg.Users[1].Clusters = cfg.Users[2].Name, []string{"nowhere"}
	cfg.Clusters = append(cfg.Clusters, cfg.Clusters[0])
	cfg.Clusters[1].EngineID, cfg.Clusters[1].Nodes, cfg.Clusters[1].ReadUser = "xyz", nil, "nobody"
	cfg.Clusters[0].Nodes = []string{"10.0.0.1"}
	cfg.Poll.Schedule, cfg.Poll.Location, cfg.Poll.Retries, cfg.Poll.Workers = "often", "Atlantis", -1, 0
	cfg.Poll.RequestTimeout = time.Hour
	cfg.Rules[0].When = "event.kind"
	cfg.Gates.MaxClusters = -1
	cfg.Gates.Windows = []WindowConfig{{Schedule: "0 25 * * *", Duration: time.Second, Location: "UTC"}}
	cfg.Log = LogConfig{Level: "loud", Format: "xml"}
	var faults Faults
	if err := cfg.Validate(); !errors.As(err, &faults) {
		t.Fatalf("got %v, want Faults", err)
	}
	got := map[string]bool{}
	for _, f := range faults {
		got[f.Path] = true
		if f.Remedy == "" && !strings.HasPrefix(f.Path, "rules[") {
			t.Errorf("%s: no remedy", f.Path)
		}
	}
	for _, path := range []string{
		"name", "dataDir", "listen.traps[0]", "listen.http", "traps.receiveBuffer", "traps.sourceRate", "users[0].authProtocol", "users[0].privProtocol",
		"users[0].authPassphraseFile", "users[1].clusters[0]", "users[2].name", "clusters[1].name", "clusters[1].engineId", "clusters[1].nodes",
		"clusters[1].readUser", "clusters[0].nodes[0]", "poll.schedule", "poll.location", "poll.retries", "poll.workers", "poll.requestTimeout",
		"rules[0] (calm-flapping).when", "gates.maxClusters", "gates.windows[0].schedule", "gates.windows[0].duration", "log.level", "log.format",
	} {
		if !got[path] {
			t.Errorf("no fault at %s; there are\n%v", path, faults)
		}
	}
}

func TestSecretsMustBePrivate(t *testing.T) {
	cfg := newConfig(t, asktest.NewCluster(t))
	dir := t.TempDir()
	open, short := filepath.Join(dir, "open"), filepath.Join(dir, "short")
	for path, mode := range map[string]os.FileMode{open: 0o644, short: 0o600} {
		if err := os.WriteFile(path, []byte("short\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{open: "chmod 0600", short: "8", filepath.Join(dir, "absent"): "no such file"} {
		cfg.Users[0].AuthPassphraseFile = path
		if err := cfg.CheckFiles(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "users[0]") {
			t.Errorf("%s: got %v, want it to say %q", path, err, want)
		}
		if _, err := New(cfg, logrus.NewEntry(logrus.New())); err == nil {
			t.Errorf("%s: a manager was made", path)
		}
	}
}

func TestRelativePathsAreBelowTheFile(t *testing.T) {
	cfg := Config{DataDir: "data", Users: []UserConfig{{AuthPassphraseFile: "a", PrivPassphraseFile: "/b"}}, Traps: TrapsConfig{CommunityFiles: []string{"c"}}}
	cfg.Resolve("/etc/hawser")
	got := []string{cfg.DataDir, cfg.Users[0].AuthPassphraseFile, cfg.Users[0].PrivPassphraseFile, cfg.Traps.CommunityFiles[0]}
	if want := []string{"/etc/hawser/data", "/etc/hawser/a", "/b", "/etc/hawser/c"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestKeysOfTheFile decodes a file as cmd does: no key may be left over, none may be unknown.
func TestKeysOfTheFile(t *testing.T) {
	const text = `
name: nms1
dataDir: data
listen: {traps: ["0.0.0.0:162"], http: "127.0.0.1:8162"}
traps: {receiveBuffer: 4194304, communityFiles: [public.community], anyCommunity: false, sourceRate: 100, sourceBurst: 200}
users:
  - {name: auditor, authProtocol: SHA-256, authPassphraseFile: a, privProtocol: AES, privPassphraseFile: p, clusters: [harbour]}
clusters:
  - {name: harbour, clusterId: x, engineId: 8000000001, nodes: ["10.0.0.1:161"], readUser: auditor, policyUser: policy, hardwareUser: hardware}
poll: {schedule: "@every 30s", location: UTC, workers: 4, passTimeout: 1m, silentAfter: 90s, requestTimeout: 2s, retries: 2}
analysis: {conditionGrace: 30s, incidentWindow: 1m}
rules:
  - name: calm
    when: event.type == "serviceFailed"
    action: {kind: reaction, service: event.componentName, set: [{object: hawserServiceReaction, value: '"failover"'}]}
    cooldown: 10m
    approval: none
    dryRun: true
    disabled: false
  - name: cool
    when: "true"
    action: {kind: hardware, node: event.nodeName, scope: 2, apply: true, set: [{setting: PowerProfile, value: '"Balanced"'}]}
gates: {off: false, dryRun: false, ratePerHour: 60, maxClusters: 1, requireQuorum: true, requireStandby: true, stateMaxAge: 1m, eventMaxAge: 10m, windows: [{schedule: "0 2 * * *", duration: 2h, location: Europe/Berlin}]}
reconfig: {answerTimeout: 15s, verifyTimeout: 15s, applyTimeout: 30m, pollEvery: 1s}
retention: {events: 200000, age: 9600h, unknownPerSource: 10000, schedule: "17 * * * *", location: UTC}
web: {usersFile: web.users, requireLogin: true, origin: "https://ops.example.org", sessionTime: 12h, location: Local}
log: {level: info, format: text}
`
	var tree map[string]any
	if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
		t.Fatal(err)
	}
	cfg := Config{}
	var meta mapstructure.Metadata
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{Result: &cfg, Metadata: &meta, DecodeHook: mapstructure.StringToTimeDurationHookFunc()})
	if err != nil {
		t.Fatal(err)
	}
	// An engine id of digits only is a number in YAML: cmd names it as a fault; here it is made text.
	tree["clusters"].([]any)[0].(map[string]any)["engineId"] = "8000000001"
	if err := decoder.Decode(tree); err != nil {
		t.Fatal(err)
	}
	if len(meta.Unused) > 0 {
		t.Errorf("keys that no field takes: %v", meta.Unused)
	}
	for _, path := range zeros(reflect.ValueOf(cfg), "") {
		switch path {
		case ".Traps.AnyCommunity", ".Gates.Off", ".Gates.DryRun", ".Rules[0].Disabled", ".Rules[0].Action.Node", ".Rules[0].Action.Scope", ".Rules[0].Action.Apply",
			".Rules[0].Action.Set[0].Setting", ".Rules[1].Action.Service", ".Rules[1].Action.Set[0].Object", ".Rules[1].Cooldown", ".Rules[1].Approval", ".Rules[1].DryRun", ".Rules[1].Disabled":
		default:
			t.Errorf("no key fills %s", path)
		}
	}
	if _, err := analyze.Compile(cfg.Rules); err != nil {
		t.Error(err)
	}
}

// zeros are the paths of all fields that are zero.
func zeros(v reflect.Value, path string) []string {
	switch {
	case v.Kind() == reflect.Struct:
		var out []string
		for i := range v.NumField() {
			out = append(out, zeros(v.Field(i), path+"."+v.Type().Field(i).Name)...)
		}
		return out
	case v.Kind() == reflect.Slice && v.Len() > 0:
		var out []string
		for i := range v.Len() {
			out = append(out, zeros(v.Index(i), path+"["+string(rune('0'+i))+"]")...)
		}
		return out
	case v.IsZero():
		return []string{path}
	}
	return nil
}
