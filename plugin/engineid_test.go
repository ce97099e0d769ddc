package plugin

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
)

// TestANewEngineIDIsTold: silently only where there was none.
func TestANewEngineIDIsTold(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, engineIDFile)
	var said bytes.Buffer
	log := logrus.New()
	log.SetOutput(&said)
	for _, tt := range []struct {
		name, content, machine string
		same, tells            bool
	}{
		{"first start", "-", "m1", false, false},
		{"second start", "-", "m1", true, false},
		{"another machine", "-", "m2", false, true},
		{"damaged", "junk", "m2", false, true},
		{"empty", "", "m2", false, true},
	} {
		if tt.content != "-" {
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		before, _ := os.ReadFile(path)
		said.Reset()
		id, err := NodeEngineID(dir, tt.machine, logrus.NewEntry(log))
		if err != nil || len(id) == 0 {
			t.Fatal(err)
		}
		after, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		tells := strings.Contains(said.String(), path) && strings.Contains(said.String(), "hawser export users")
		if tells != tt.tells || bytes.Equal(before, after) != tt.same {
			t.Errorf("%s: the file is the same: %t; said %q", tt.name, bytes.Equal(before, after), said.String())
		}
	}
}
