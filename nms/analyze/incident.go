package analyze

import (
	"context"
	"slices"
	"time"

	"hawser/nms/journal"
)

// severities, mildest first, of events that make or join an incident. Others only end one.
var severities = []string{"warning", "minor", "major", "critical"}

// clears says which event types end the trouble that a root event began. HAWSER-MIB's DESCRIPTIONs hold the same table.
var clears = map[string][]string{
	"nodeFailed":          {"nodeRecovered"},
	"nodeFenced":          {"nodeRecovered"},
	"fenceFailed":         {"nodeFenced", "nodeRecovered"},
	"quorumLost":          {"quorumRestored"},
	"linkDown":            {"linkUp"},
	"serviceFailed":       {"serviceRecovered", "serviceRestarted"},
	"failoverFailed":      {"failoverCompleted"},
	"serviceQuarantined":  {"serviceReleased"},
	"hardwareDegraded":    {"hardwareRestored"},
	"settingDrifted":      {"settingsApplied"},
	"sinkFailed":          {"sinkRestored"},
	"standbyLost":         {"standbyReady"},
	"quorumAtRisk":        {"quorumSafe"},
	"fencePathFailed":     {"fencePathRestored"},
	"storeSlow":           {"storeRecovered"},
	"clockSkewed":         {"clockRestored"},
	"certificateExpiring": {"certificateRenewed"},
	"bmcUnreachable":      {"bmcReachable"},
	"sensorCritical":      {"sensorRestored"},
	"fencingDisabled":     {"fencingEnabled"},
	"lossyModeOn":         {"lossyModeOff"},
}

// grouping puts events into incidents: the first is the root, those of the same cluster that follow within the window
// are its followers.
type grouping struct {
	journal *journal.Journal
	window  time.Duration
}

// place puts an event into an incident, opens one, or ends the one whose root it clears.
func (g *grouping) place(ctx context.Context, e journal.Event) error {
	open, err := g.journal.Incidents(ctx, journal.IncidentFilter{ClusterID: e.ClusterID, Kind: journal.IncidentEvents, OpenOnly: true})
	if err != nil {
		return err
	}
	rank := slices.Index(severities, e.Severity)
	for _, i := range open {
		if rank >= 0 && e.Time.Sub(i.Updated).Abs() <= g.window {
			worst := severities[max(rank, slices.Index(severities, i.Severity))]
			return g.journal.FollowIncident(ctx, i.ID, e.ID, worst, e.Time)
		}
		if rank < 0 {
			if err := g.end(ctx, i, e); err != nil {
				return err
			}
		}
	}
	if rank < 0 {
		return nil
	}
	_, err = g.journal.OpenIncident(ctx, journal.Incident{
		ClusterID: e.ClusterID, Kind: journal.IncidentEvents, Severity: e.Severity, Title: e.Summary, Opened: e.Time, Root: e.ID,
	})
	return err
}

// end closes the incident when the event clears its root.
func (g *grouping) end(ctx context.Context, i journal.Incident, e journal.Event) error {
	members, err := g.journal.IncidentMembers(ctx, i.ID)
	if err != nil || len(members) == 0 {
		return err
	}
	root := members[0]
	sameAlarm := e.Severity == "cleared" && e.AlarmIndex != 0 && e.AlarmIndex == root.AlarmIndex
	recovered := slices.Contains(clears[root.Type], e.Type) && e.ComponentName == root.ComponentName
	if !sameAlarm && !recovered {
		return nil
	}
	if err := g.journal.FollowIncident(ctx, i.ID, e.ID, i.Severity, e.Time); err != nil {
		return err
	}
	return g.journal.CloseIncident(ctx, i.ID, e.Time)
}
