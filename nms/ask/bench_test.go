package ask_test

import (
	"testing"
	"time"

	"hawser/nms/ask"
	"hawser/nms/ask/asktest"
)

// BenchmarkReadConditions reads the conditions of a cluster with 90 components, as a demonstration has.
func BenchmarkReadConditions(b *testing.B) {
	const events, components = 8, 90
	agent := asktest.NewCluster(b)
	for seq := range uint32(events) {
		agent.PutEvent(seq+1, "linkDown")
		for i := range uint32(components) {
			at := []uint32{seq + 1, i + 1}
			agent.Put("hawserConditionComponentType", at, "hardware")
			agent.Put("hawserConditionComponentName", at, "Power supply of the second shelf")
			agent.Put("hawserConditionNodeName", at, "alpha")
			agent.Put("hawserConditionState", at, "ok")
			agent.Put("hawserConditionDetail", at, "")
		}
	}
	s, err := ask.Dial(agent.Address(), asktest.Users()["auditor"].User, ask.Options{Timeout: 5 * time.Second, Retries: 3})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for b.Loop() {
		whole, _, err := ask.ReadConditions(b.Context(), s, 1, events)
		if err != nil || len(whole) != events || len(whole[3]) != components {
			b.Fatal(len(whole), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*events*components), "us/row")
}
