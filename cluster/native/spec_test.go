package native

import (
	"testing"

	"hawser/cluster"
)

func TestSameSpecLeavesOptionsToTheNodes(t *testing.T) {
	spec := func(change func(*cluster.ServiceSpec)) cluster.Spec {
		sv := cluster.ServiceSpec{Name: "web", Kind: "process", Options: map[string]any{"command": []string{"/bin/alpha"}}}
		change(&sv)
		return cluster.Spec{Name: "shop", Stacks: []cluster.StackSpec{{Name: "shop", Services: []cluster.ServiceSpec{sv}}}}
	}
	first := spec(func(*cluster.ServiceSpec) {})
	for _, test := range []struct {
		name   string
		change func(*cluster.ServiceSpec)
		want   bool
	}{
		{"equal", func(*cluster.ServiceSpec) {}, true},
		{"options of the service", func(s *cluster.ServiceSpec) { s.Options = map[string]any{"command": []string{"/bin/bravo"}} }, true},
		{"options of the probe", func(s *cluster.ServiceSpec) { s.Probe.Options = map[string]any{"url": "http://10.0.0.2"} }, true},
		{"kind of the probe", func(s *cluster.ServiceSpec) { s.Probe.Kind = "tcp" }, false},
		{"policy", func(s *cluster.ServiceSpec) { s.Policy.FailureThreshold = 7 }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := sameSpec(first, spec(test.change)); got != test.want {
				t.Errorf("same: %t, want %t", got, test.want)
			}
		})
	}
	if first.Stacks[0].Services[0].Options == nil {
		t.Error("the comparison has taken the options away")
	}
}
