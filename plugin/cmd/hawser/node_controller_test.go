package main

import (
	"os"
	"regexp"
	"testing"
	"time"

	"hawser/cluster"
)

// TestPacemakerInTheConfiguration: the reference under the other controller names what does not go with it, and no more.
func TestPacemakerInTheConfiguration(t *testing.T) {
	path := change(t, "controller: native", "controller: pacemaker")
	cfg, faults, err := nodeConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range faults {
		found[f.Path] = true
	}
	if !found["stacks"] || !found["nodes[2].role"] || len(found) != 2 {
		t.Errorf("faults %v, want stacks and the witness", faults)
	}
	if p := cfg.Pacemaker; p.Period != 10*time.Second || p.ServiceLayers()["shop-queue"] != cluster.LayerMessageServer {
		t.Errorf("%+v", p)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Without stacks, witness and beats nothing is missing.
	data = regexp.MustCompile(`(?s)\n# Stacks:.*?\nstacks:.*?\n\n(#[^\n]*\n)*([a-z]+:)`).ReplaceAll(data, []byte("\n$2"))
	data = regexp.MustCompile(`(?m)^    beat: .*$|^    role: witness$`).ReplaceAll(data, nil)
	data = regexp.MustCompile(`(?m)^  beatKeyFiles:.*\n    - beat.key\n    - beat-old.key$`).ReplaceAll(data, nil)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if cfg, faults, err = nodeConfig(path); err != nil || len(faults) > 0 || len(cfg.Stacks) > 0 || len(cfg.Cluster.BeatKeyFiles) > 0 {
		t.Errorf("%v, faults %v, %d stacks, beat keys %v", err, faults, len(cfg.Stacks), cfg.Cluster.BeatKeyFiles)
	}
	if _, faults, err = nodeConfig(change(t, "period: 10s", "period: 10ms", "layer: messageServer\n\n# The networks", "layer: other\n    - resource: shop-queue\n      layer: other\n\n# The networks")); err != nil || len(faults) != 2 {
		t.Errorf("%v, faults %v, want the period and the resource that is there twice", err, faults)
	}
}
