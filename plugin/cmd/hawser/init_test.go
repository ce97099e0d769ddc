package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hawser/nms"
)

func newInit(t *testing.T, extra ...string) (dir string, made initResult) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "made")
	args := append([]string{"init", "--json", "--name", "harbour", "--dir", dir, "--nodes", "a=10.0.0.1/10.1.0.1,b=10.0.0.2/10.1.0.2,c=10.0.0.3/10.1.0.3"}, extra...)
	if err := json.Unmarshal([]byte(runHawser(t, exitDone, args...)), &made); err != nil {
		t.Fatal(err)
	}
	return dir, made
}

func TestInitMakesWhatNodeAndManagerAccept(t *testing.T) {
	_, made := newInit(t, "--witness", "c", "--manager", "10.0.9.1:162")
	if len(made.Configs) != 3 || len(made.Users) != 4 {
		t.Fatalf("made %+v", made)
	}
	for _, path := range made.Configs {
		cfg, err := loadNode(path)
		if err != nil {
			t.Fatalf("%s:\n%v", path, err)
		}
		if cfg.Cluster.ID != made.ID || len(cfg.Links) != 2 || cfg.Sinks[0].Address != "10.0.9.1:162" {
			t.Errorf("%s: %+v", path, cfg)
		}
		if c := cfg.Nodes[2]; c.Role.String() != "witness" {
			t.Errorf("%s: c is %s", path, c.Role)
		}
	}
	manager, err := loadManager(made.Manager)
	if err != nil {
		t.Fatal(err)
	}
	if got := manager.Clusters[0]; got.ClusterID != made.ID || len(got.Nodes) != 3 || got.Nodes[0] != "10.0.0.1:161" {
		t.Errorf("the manager knows %+v", got)
	}
}

func TestInitGuardsSecrets(t *testing.T) {
	dir, _ := newInit(t)
	secrets := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch ext := filepath.Ext(path); {
		case d.IsDir() && info.Mode().Perm() != 0o700:
			t.Errorf("%s has mode %s", path, info.Mode())
		case ext == ".key" || ext == ".auth" || ext == ".priv" || ext == ".yaml":
			if secrets++; info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %s", path, info.Mode())
			}
		}
		return nil
	})
	if err != nil || secrets < 30 {
		t.Errorf("%d secrets seen, %v", secrets, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "manager", beatKeyFile)); err == nil {
		t.Error("the manager has the key of the beats, and is no node")
	}
	if _, err := os.Stat(filepath.Join(dir, "a", "ca.key")); err == nil {
		t.Error("a node has the key of the authority")
	}
}

func TestInitDoesNotOverwrite(t *testing.T) {
	dir, made := newInit(t)
	got := runHawser(t, exitFailed, "init", "--dir", dir, "--nodes", "a=1,b=2,c=3")
	if !strings.Contains(got, "is not empty") || !strings.Contains(got, "--dir") {
		t.Errorf("got %s", got)
	}
	if _, err := loadNode(made.Configs[0]); err != nil {
		t.Errorf("what was there is damaged: %v", err)
	}
}

func TestInitRefusesWhatWouldNotRun(t *testing.T) {
	for _, tt := range []struct {
		name, nodes, want string
		exit              int
	}{
		{"two nodes", "a=10.0.0.1,b=10.0.0.2", "witness", exitFailed},
		{"no address", "a,b=10.0.0.2,c=10.0.0.3", "NAME=ADDRESS", exitMisuse},
		{"link missing", "a=10.0.0.1/10.1.0.1,b=10.0.0.2,c=10.0.0.3", "each link", exitMisuse},
		{"no name", "a b=10.0.0.1,b=10.0.0.2,c=10.0.0.3", "is not a letter", exitFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "made")
			if got := runHawser(t, tt.exit, "init", "--dir", dir, "--nodes", tt.nodes); !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %q", got, tt.want)
			}
			if left, err := filepath.Glob(dir + "*"); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestPassphrasesAreLettersAndDigits(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		p := strings.TrimSuffix(string(newPassphrase()), "\n")
		if len(p) != passphraseLength || strings.Trim(p, "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789") != "" || seen[p] {
			t.Fatalf("%q", p)
		}
		seen[p] = true
	}
}

func TestExportUsers(t *testing.T) {
	_, made := newInit(t)
	text := runHawser(t, exitDone, "export", "users", "--config", made.Configs[0])
	for _, u := range made.Users {
		if !strings.Contains(text, "createUser -e 0x"+made.EngineID+" "+u.Name+" SHA-256 ") || !strings.Contains(text, "authUser log,execute,net "+u.Name) {
			t.Errorf("%s is missing in:\n%s", u.Name, text)
		}
	}
	if text := runHawser(t, exitDone, "export", "users", "--for", "client", "--config", made.Configs[0]); strings.Count(text, "-l authPriv -u hawser") != 4 {
		t.Errorf("got %s", text)
	}
	runHawser(t, exitMisuse, "export", "users", "--for", "pigeons", "--config", made.Configs[0])
}

func TestFaultsOfAManagersConfiguration(t *testing.T) {
	_, made := newInit(t)
	data, err := os.ReadFile(made.Manager)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("approval: operator", "aproval: operator", "cooldown: 1h", "cooldown: 1", "readUser: hawserAuditor", "readUser: nobody").Replace(string(data))
	if err := os.WriteFile(made.Manager, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = loadManager(made.Manager)
	if err == nil {
		t.Fatal("no fault was found")
	}
	for _, want := range []string{"rules[0].aproval", "did you mean approval?", "rules[0].cooldown", "clusters[0].readUser"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
}

func TestDefaultsOfTheManagerAreWithoutFault(t *testing.T) {
	cfg := nms.Defaults()
	cfg.Name = "m"
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
}
