package web

import (
	"context"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

// Clusters tells what is known of the fleet; nms/journal's Reader does.
type Clusters interface {
	Heads(ctx context.Context) ([]journal.Cluster, error)
	View(ctx context.Context, clusterID string) (string, error)
	Alarms(ctx context.Context, clusterID string) ([]journal.Alarm, error)
	Gaps(ctx context.Context, clusterID string) ([]journal.Gap, error)
}

// Events tells what happened.
type Events interface {
	Page(ctx context.Context, f journal.PageFilter) ([]journal.Event, error)
	EventByID(ctx context.Context, id int64) (e journal.Event, found bool, err error)
	Event(ctx context.Context, id journal.Identity) (e journal.Event, found bool, err error)
	ConditionOf(ctx context.Context, eventID int64) ([]journal.Component, error)
	Neighbours(ctx context.Context, e journal.Event) (older, newer int64, err error)
	IncidentOf(ctx context.Context, eventID int64) (int64, error)
	Incidents(ctx context.Context, f journal.IncidentFilter) ([]journal.Incident, error)
	IncidentMembers(ctx context.Context, incident int64) ([]journal.Event, error)
}

// Acts tells what the manager and people did.
type Acts interface {
	Reconfigurations(ctx context.Context, f journal.ReconfigurationFilter) ([]journal.Reconfiguration, error)
	Steps(ctx context.Context, id int64) ([]journal.Step, error)
	Audit(ctx context.Context, limit int) ([]journal.Audit, error)
	VerifyAudit(ctx context.Context) error
	Property(ctx context.Context, key string) (journal.Property, error)
}

// Store is all that the pages show.
type Store interface {
	Clusters
	Events
	Acts
}

// Decider carries out what a person decides here; nms/journal's Journal does, and keeps it in the audit chain.
type Decider interface {
	Decide(ctx context.Context, id int64, by, state, text string) error
	SetProperty(ctx context.Context, key, value, by string) error
}

// Live tells the last polled state of a cluster, nil before the first poll; nms/poll's Poller does.
type Live interface {
	State(clusterID string) *ask.State
}
