package redfish

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestValidateNamesAllFaults(t *testing.T) {
	err := Config{
		Name: "n1", URL: "http://u:p@bmc/redfish", Fingerprint: "12", CAFile: "ca.pem", Timeout: -1, MaxConcurrent: 100, MaxResponse: -1,
	}.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"in clear", "credentials", "has a path", "username: is empty", "passwordFile", "both set", "SHA-256", "timeout", "maxConcurrent", "maxResponse",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not among the faults:\n%v", want, err)
		}
	}
	good := Config{Name: "n1", URL: "https://10.0.0.7/", Username: "u", PasswordFile: "f"}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	if d := good.withDefaults(); d.Timeout != DefaultTimeout || d.MaxConcurrent != DefaultMaxConcurrent || len(d.ResetTypes) == 0 {
		t.Errorf("defaults %+v", d)
	}
}

func TestPasswordFile(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name, content string
		mode          os.FileMode
		want, fault   string
	}{
		{"owner", "secret\n", 0o600, "secret", ""},
		{"group reads", "secret\r\nmore", 0o640, "secret", ""},
		{"others read", "secret", 0o604, "", "chmod 600"},
		{"group writes", "secret", 0o660, "", "chmod 600"},
		{"empty", "\n", 0o600, "", "is empty"},
		{"huge", strings.Repeat("x", 5000), 0o600, "", "more than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(dir, strings.ReplaceAll(tt.name, " ", "-"))
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			got, err := readSecret(path)
			if got != tt.want || (err == nil) != (tt.fault == "") || err != nil && !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("got %q, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") && !strings.Contains(path, "secret") {
				t.Error("the error shows the password")
			}
		})
	}
	if _, err := readSecret(dir); err == nil {
		t.Error("a folder was read")
	}
	if _, err := readSecret(filepath.Join(dir, "none")); err == nil {
		t.Error("a missing file was read")
	}
}
