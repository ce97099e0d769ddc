package plugin

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
	"hawser/fixtures/need"
	"hawser/mib"
	"hawser/redfish"
)

// captures are recorded trees of real BMCs; they lie beside the repository, never in it.
const captures = "../../shared/redfish-mockups.tar.xz"

// recorded is the resources of one BMC by lower-case path.
type recorded map[string]json.RawMessage

// readCaptures unpacks the trees by vendor.
func readCaptures(t *testing.T) map[string]recorded {
	t.Helper()
	need.File(t, captures)
	need.Program(t, "xz")
	out, err := exec.CommandContext(t.Context(), "xz", "-dc", captures).Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]recorded{}
	for r := tar.NewReader(bytes.NewReader(out)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(strings.TrimPrefix(h.Name, "./"), "redfish-mockups/")
		vendor, path, ok := strings.Cut(name, "/")
		path, resource := strings.CutSuffix(path, "/index.json")
		if !ok || !resource {
			continue
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if all[vendor] == nil {
			all[vendor] = recorded{}
		}
		all[vendor]["/"+strings.ToLower(path)] = body
	}
}

// ServeHTTP answers reads, to everyone who logged in or not.
func (tree recorded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		w.Header().Set("X-Auth-Token", "token")
		w.WriteHeader(http.StatusCreated)
		return
	}
	body, ok := tree[strings.ToLower(strings.TrimRight(r.URL.Path, "/"))]
	var v map[string]any
	if !ok || json.Unmarshal(body, &v) != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if members, _ := v["Members"].([]any); strings.Contains(r.URL.RawQuery, "expand") {
		for i, member := range members {
			reference, _ := member.(map[string]any)
			id, _ := reference["@odata.id"].(string)
			if whole, ok := tree[strings.ToLower(strings.TrimRight(id, "/"))]; ok {
				members[i] = whole
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever hangs up needs no answer
}

// collectRecorded reads a tree as hawser reads a BMC, in the words of the log.
func collectRecorded(t *testing.T, tree recorded) cluster.Hardware {
	t.Helper()
	server := httptest.NewUnstartedServer(tree)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	b, err := redfish.New(redfish.Config{
		Name: "db1", URL: server.URL, Username: "u", Password: func() (string, error) { return "p", nil }, Insecure: true, Timeout: 20 * time.Second,
	}, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	inv, err := b.Collect(t.Context())
	if errors.Is(err, redfish.ErrAmbiguousSystem) {
		t.Skipf("several systems, none of them named: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return hardwareFrom("db1", inv, nil, observed{paths: map[string]string{}})
}

// TestEntitiesOfRealMachines: what six vendors' BMCs were seen to say makes sound standard modules, with all that hawser's own
// tables show.
func TestEntitiesOfRealMachines(t *testing.T) {
	all := readCaptures(t)
	if len(all) < 5 {
		t.Fatalf("%d recorded trees", len(all))
	}
	for _, vendor := range slices.Sorted(maps.Keys(all)) {
		t.Run(vendor, func(t *testing.T) {
			hw := collectRecorded(t, all[vendor])
			snap := richSnapshot()
			snap.State.Hardware["db1"] = &hw
			names := map[string]uint32{}
			for _, c := range hw.Components {
				names[c.Key] = uint32(len(names) + 1)
			}
			for _, s := range hw.Sensors {
				if names[s.Key] == 0 {
					names[s.Key] = uint32(len(names) + 1)
				}
			}
			snap.State.Indexes[hwKind("db1")] = cluster.IndexTable{Names: names}
			publisher := newTestPublisher(newFakeSource(snap))
			checkEntities(t, publisher, hw, names)
		})
	}
}

func checkEntities(t *testing.T, p *Publisher, hw cluster.Hardware, names map[string]uint32) {
	t.Helper()
	v, ok := p.Context("db1")
	if !ok {
		t.Fatal("no context")
	}
	machines, roots, contained := 0, 0, 0
	for key, index := range names {
		up := get(t, v, mib.EntPhysicalContainedIn, index)
		if get(t, v, mib.EntPhysicalName, index).Type == 0 || up.Int == int64(index) || up.Int != 0 && !slices.Contains(slices.Collect(maps.Values(names)), uint32(up.Int)) {
			t.Errorf("%s is entity %d in %s, named %s", key, index, up, get(t, v, mib.EntPhysicalName, index))
		}
		if len(get(t, v, mib.EntPhysicalUUID, index).Bytes) == 16 {
			machines++
		}
		if up.Int == 0 {
			roots++
		} else {
			contained++
		}
	}
	if machines > 1 || machines == 0 && uuidOctets(hw.System.UUID) != nil && roots == 1 {
		t.Errorf("%d entities carry the machine's UUID %s", machines, hw.System.UUID)
	}
	for _, s := range hw.Sensors {
		index := names[s.Key]
		value, status := get(t, v, mib.EntPhySensorValue, index), get(t, v, mib.EntPhySensorOperStatus, index)
		if (s.Value != nil) != (status.Int == mib.SensorOk) || s.Value != nil && (value.Int != int64(*s.Value) || get(t, v, mib.EntPhySensorPrecision, index).Int != 3) {
			t.Errorf("sensor %s with %v: %s, status %s", s.Key, s.Value, value, status)
		}
		if up := get(t, v, mib.EntPhysicalContainedIn, index); up.Int == 0 && roots > 0 && len(hw.Components) > 0 {
			t.Errorf("sensor %s hangs on nothing; its parent is %q", s.Key, s.ParentKey)
		}
	}
	t.Logf("%d parts, %d sensors, %d outermost, %d contained, %d with the UUID", len(hw.Components), len(hw.Sensors), roots, contained, machines)
}
