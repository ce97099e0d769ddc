package main

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/cluster/engine"
	"hawser/cluster/probe"
	"hawser/cluster/resource"
	"hawser/nms"
	"hawser/plugin"
)

func shipped(name string) string { return filepath.Join("..", "..", "..", "fixtures", "configs", name) }

func TestShippedConfigurationsAreWithoutFault(t *testing.T) {
	for _, name := range []string{"minimal.yaml", "reference.yaml"} {
		_, faults, err := nodeConfig(shipped(name))
		if err != nil || len(faults) > 0 {
			t.Errorf("%s: %v\n%v", name, err, faults)
		}
	}
}

func TestReferencesHoldEveryKey(t *testing.T) {
	for name, config := range map[string]reflect.Type{"reference.yaml": reflect.TypeFor[plugin.Config](), "manager.yaml": reflect.TypeFor[nms.Config]()} {
		data, err := os.ReadFile(shipped(name))
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range allKeys(config) {
			if !regexp.MustCompile(`(?m)\b` + key + `:`).Match(data) {
				t.Errorf("%s has no key %s", name, key)
			}
		}
	}
}

func TestShippedManagerIsWithoutFault(t *testing.T) {
	runHawser(t, exitDone, "validate", "--manager", "--no-files", shipped("manager.yaml"))
}

// allKeys are the keys of a struct and of all within it.
func allKeys(t reflect.Type) []string {
	for t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	names := keys(t)
	if t.Kind() == reflect.Struct {
		for field := range t.Fields() {
			names = append(names, allKeys(field.Type)...)
		}
	}
	return names
}

func TestReferenceHoldsEveryKind(t *testing.T) {
	cfg, _, err := nodeConfig(shipped("reference.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	services, probes := map[string]bool{}, map[string]bool{}
	for _, st := range cfg.Stacks {
		for _, sv := range st.Services {
			services[sv.Kind], probes[sv.Probe.Kind] = true, true
		}
	}
	for _, k := range resource.Kinds() {
		if !services[k.Name] || k.Comment == "" {
			t.Errorf("no service of kind %s in reference.yaml, or it has no comment", k.Name)
		}
	}
	for _, k := range probe.Kinds() {
		if !probes[k.Name] || k.Comment == "" {
			t.Errorf("no probe of kind %s in reference.yaml, or it has no comment", k.Name)
		}
	}
}

func TestReferenceIsReadAsWritten(t *testing.T) {
	cfg, _, err := nodeConfig(shipped("reference.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	app := cfg.Stacks[0].Services[3]
	want := plugin.DefaultConfig().Service
	if app.Mode != cluster.ModeActiveStandby || app.Policy != want.Policy || app.StopBudget != want.StopBudget {
		t.Errorf("a service that says nothing has %+v, want the defaults", app)
	}
	if web := cfg.Stacks[0].Services[2]; web.Policy.Reaction != cluster.ReactRestart || web.Policy.ProbeInterval != 2*time.Second {
		t.Errorf("web has %+v", web.Policy)
	}
	if role := cfg.Nodes[2].Role; role != cluster.RoleWitness {
		t.Errorf("charlie is %s", role)
	}
	if key := cfg.Cluster.KeyFile; !filepath.IsAbs(key) || filepath.Base(key) != "alpha.key" {
		t.Errorf("keyFile is %s, want it below the folder of the file", key)
	}
	spec := cfg.Spec()
	if got := spec.Nodes[0].Addresses; !slices.Equal(got, []string{"10.0.0.1", "10.1.0.1"}) {
		t.Errorf("alpha's addresses are %v", got)
	}
}

func TestDefaultsAreThoseOfTheEngine(t *testing.T) {
	f, want := plugin.DefaultConfig().Config.Fencing, engine.DefaultConfig()
	got := engine.Config{
		FenceDeadline: f.Deadline, AfterFence: engine.AfterFence(f.AfterFence), CycleLimit: f.CycleLimit, CycleWindow: f.CycleWindow,
		StartGrace: want.StartGrace, FailbackDelay: want.FailbackDelay,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// change writes a copy of reference.yaml with replacements.
func change(t *testing.T, pairs ...string) string {
	t.Helper()
	data, err := os.ReadFile(shipped("reference.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("reference.yaml does not hold %q", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	path := filepath.Join(t.TempDir(), "hawser.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFaultsNamePathAndRemedy(t *testing.T) {
	const service = "stacks[0].services[2]."
	for _, tt := range []struct {
		name            string
		from, to        string
		path            string
		problem, remedy string
	}{
		{"duration without unit", "probeInterval: 2s", "probeInterval: 2", service + "policy.probeInterval", "2 has no unit", "500ms"},
		{"unknown key", "failureThreshold: 3", "failureTreshold: 3", service + "policy.failureTreshold", "unknown key", "did you mean failureThreshold?"},
		{"unknown key at the top", "hardware:", "hardwear:", "hardwear", "unknown key", "did you mean hardware?"},
		{"number in quotes", "failureThreshold: 3", `failureThreshold: "3"`, service + "policy.failureThreshold", "3 is a string", "whole number without quotes"},
		{"unknown reaction", "reaction: restart", "reaction: reboot", service + "policy.reaction", `"reboot" is not known`, "ignore, notify, restart, failover, fence"},
		{"reaction by number", "reaction: restart", "reaction: 3", service + "policy.reaction", "3 is not a name", "failover"},
		{"out of bounds", "failureThreshold: 3", "failureThreshold: 0", service + "policy.failureThreshold", "0 is outside 1 to 100", "within these bounds"},
		{"unknown kind", "kind: process # a child", "kind: proces # a child", service + "kind", `no resource "proces"`, "process"},
		{"unknown option", "stopSignal: SIGQUIT", "stopSignl: SIGQUIT", service + "options.stopsignl", "unknown option", "stopSignal"},
		{"wrong option of a probe", "redirects: 0", "redirects: 99", "stacks[0].services[3].probe.options.redirects", "99 is out of range", "0 to 10"},
		{"no prefix length", "address: 10.0.0.9/24", "address: 10.0.0.9", "stacks[0].services[0].options.address", "no address with a prefix length", "10.0.0.9/24"},
		{"address everywhere", "mode: activeStandby # an address", "mode: activeActive # an address", "stacks[0].services[0].mode", "a conflict", "activeStandby"},
		{"address of a node", "address: 10.0.0.9/24", "address: 10.1.0.2/24", "stacks[0].services[0].options.address", "also that of node bravo", "of its own"},
		{"address of a BMC", "address: 10.0.0.9/24", "address: 10.9.0.1/24", "stacks[0].services[0].options.address", "also that of the BMC of alpha", "of its own"},
		{"address twice", "address: 2001:db8::9/64", "address: 10.0.0.9/32", "stacks[0].services[1].options.address", "also that of service address", "of its own"},
		{"address in another layer", "layer: virtualIp", "layer: other", "stacks[0].services[0].layer", "not other", "virtualIp"},
		{"name twice", "name: bravo", "name: alpha", "nodes[1].name", `"alpha" is there twice`, "its own name"},
		{"address without port", `listen: ["10.0.0.1:161"]`, `listen: ["10.0.0.1"]`, "snmp.listen[0]", "no address with a port", "10.0.0.1:7946"},
		{"address missing", `beat: ["10.0.0.2:7946", "10.1.0.2:7946"]`, `beat: ["10.0.0.2:7946"]`, "nodes[1].beat", "1 addresses for 2 links", "one address for each"},
		{"cron", `schedule: "*/5 * * * *"`, `schedule: "*/5 * * *"`, "hardware.collect.schedule", "is no schedule", "five fields"},
		{"time zone", "location: UTC", "location: Mars/Olympus", "hardware.collect.location", "is no time zone", "Europe/Berlin"},
		{"weak authentication", "authProtocol: SHA-256", "authProtocol: MD5", "snmp.users[0].authProtocol", `"MD5" is not accepted`, "SHA-256"},
		{"unknown role", "role: reader # reader", "role: root # reader", "snmp.users[0].role", `"root" is not known`, "auditor"},
		{"after a fence", "afterFence: cycle", "afterFence: explode", "fencing.afterFence", `"explode" is not known`, "off cycle"},
		{"sink's user", "user: reader # v3", "user: nobody # v3", "sinks[0].user", `"nobody" is none`, "snmp.users"},
		{"who am I", "node: alpha #", "node: delta #", "node", `"delta" is none`, "one of nodes"},
		{"bmc without TLS", "url: https://10.9.0.1", "url: http://10.9.0.1", "nodes[0].bmc.url", "is no address of a BMC", "https://"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, faults, err := nodeConfig(change(t, tt.from, tt.to))
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(faults, func(f plugin.Fault) bool { return f.Path == tt.path })
			if i < 0 {
				t.Fatalf("no fault at %s in:\n%v", tt.path, faults)
			}
			if f := faults[i]; !strings.Contains(f.Problem, tt.problem) || !strings.Contains(f.Remedy, tt.remedy) {
				t.Errorf("got %v, want problem %q and remedy %q", f, tt.problem, tt.remedy)
			}
		})
	}
}

func TestAddressesComeBeforeWhatMayNeedThem(t *testing.T) {
	cfg, _, err := nodeConfig(shipped("reference.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	services := cfg.Stacks[0].Services
	slices.Reverse(services)
	var found plugin.Faults
	if !errors.As(cfg.Validate(kinds()), &found) || len(found) != 2 {
		t.Fatalf("got %v", found)
	}
	for _, f := range found {
		if !strings.HasSuffix(f.Path, ".layer") || !strings.Contains(f.Problem, "is started after") || !strings.Contains(f.Remedy, "data partition and virtual IP go first") {
			t.Errorf("got %v", f)
		}
	}
}

func TestTwoNodesAreRefusedWithBothRemedies(t *testing.T) {
	cfg, _, err := nodeConfig(shipped("minimal.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Nodes = cfg.Nodes[:2]
	text := cfg.Validate(kinds()).Error()
	if !strings.Contains(text, "witness") || !strings.Contains(text, "Pacemaker") {
		t.Errorf("got %s", text)
	}
}

func TestValidateNamesFiveFaultsAtOnce(t *testing.T) {
	path := change(t, "probeInterval: 2s", "probeInterval: 2", "failureThreshold: 3", "failureTreshold: 3",
		"reaction: restart", "reaction: reboot", "location: UTC", "location: Mars", "name: bravo", "name: alpha")
	got := runHawser(t, exitFailed, "validate", "--no-files", "--config", path)
	for _, want := range []string{
		"policy.probeInterval", "500ms", "policy.failureTreshold", "did you mean failureThreshold?", "policy.reaction",
		"hardware.collect.location", "nodes[1].name",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

func TestFilesAreChecked(t *testing.T) {
	path := change(t)
	cfg, _, err := nodeConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("bmc.password", "secret\n", 0o644)
	write("beat.key", "too short", 0o600)
	write("users/reader.auth", "short", 0o600)
	got := map[string]string{}
	for _, f := range merge(nil, cfg.CheckFiles()) {
		got[f.Path] = f.Problem + " " + f.Remedy
	}
	for path, want := range map[string]string{
		"nodes[0].bmc.passwordFile":        "chmod 0600",
		"cluster.beatKeyFiles[0]":          "at least 16 octets",
		"cluster.caFile":                   "no such file",
		"snmp.users[0].authPassphraseFile": "too short",
		"snmp.users[0].privPassphraseFile": "no such file",
	} {
		if !strings.Contains(got[path], want) {
			t.Errorf("%s: %q, want %q", path, got[path], want)
		}
	}
	if len(got) < 5 {
		t.Errorf("only %v", slices.Sorted(maps.Keys(got)))
	}
}
