package journal

import "testing"

// TestEscalateOpensOneIncident: however often the end of a reconfiguration is told.
func TestEscalateOpensOneIncident(t *testing.T) {
	j := newJournal(t)
	r := Reconfiguration{Manager: "m", Rule: "r", ClusterID: "c1", EventID: 1, Kind: "reaction", Target: "web", Proposed: noon}
	var err error
	if r.ID, _, err = j.Propose(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	r.State, r.Ended = StateFailed, noon
	i := Incident{ClusterID: "c1", Kind: IncidentReconfiguration, Severity: "major", Title: "x", Opened: noon}
	first, err := j.Escalate(t.Context(), r, i, "a test", "it failed")
	if err != nil || first == 0 {
		t.Fatalf("incident %d, %v", first, err)
	}
	again, err := j.Escalate(t.Context(), r, i, "a test", "it failed")
	if err != nil || again != first {
		t.Errorf("incident %d, then %d, %v", first, again, err)
	}
	incidents, err := j.Incidents(t.Context(), IncidentFilter{})
	if err != nil || len(incidents) != 1 {
		t.Errorf("incidents %+v, %v; want one", incidents, err)
	}
	stored, err := j.Reconfigurations(t.Context(), ReconfigurationFilter{ID: r.ID})
	if err != nil || stored[0].IncidentID != first || stored[0].State != StateFailed {
		t.Errorf("stored %+v, %v", stored, err)
	}
	if err := j.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}
