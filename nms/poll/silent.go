package poll

import (
	"context"
	"errors"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

// settle notes how a pass ended, and finds clusters that went silent or came back.
func (p *Poller) settle(ctx context.Context, t *target, err error) {
	log := p.log.WithField("cluster", t.cfg.Name)
	if err == nil {
		p.answered(ctx, t, log)
		return
	}
	t.mu.Lock()
	if t.failing.IsZero() {
		t.failing = time.Now()
		log.WithError(err).Warn("poll failed; it is tried again with each schedule and notification")
	}
	since, open := t.failing, t.silent
	if t.heard.After(since) {
		since = t.heard // a pass that fails half way is not a silent cluster
	}
	t.mu.Unlock()
	silent := time.Since(since) >= p.cfg.SilentAfter && (errors.Is(err, ask.ErrNoAnswer) || errors.Is(err, context.DeadlineExceeded))
	var silentSince time.Time
	if silent {
		silentSince = since
	}
	id := p.idOf(t)
	if id != "" {
		if saveErr := p.journal.SavePollError(ctx, id, err.Error(), silentSince); saveErr != nil {
			log.WithError(saveErr).Error("the failed poll could not be stored")
		}
	}
	if !silent || open != 0 {
		return
	}
	if id == "" {
		id = t.cfg.Name
	}
	if known, err := p.journal.Incidents(ctx, journal.IncidentFilter{ClusterID: id, Kind: journal.IncidentSilent, OpenOnly: true}); err == nil && len(known) > 0 {
		t.mu.Lock()
		t.silent = known[0].ID
		t.mu.Unlock()
		return
	}
	log.WithError(err).WithField("since", since).Error("cluster is silent: no node answers; check the network, then the nodes")
	incident, saveErr := p.journal.OpenIncident(ctx, journal.Incident{
		ClusterID: id, Kind: journal.IncidentSilent, Severity: "critical", Title: "cluster " + t.cfg.Name + " is silent: no node answers", Opened: since,
	})
	if saveErr != nil {
		log.WithError(saveErr).Error("the silence could not be stored; it is tried again")
		return
	}
	t.mu.Lock()
	t.silent = incident
	t.mu.Unlock()
}

// answered ends a time without answers.
func (p *Poller) answered(ctx context.Context, t *target, log *logrus.Entry) {
	t.mu.Lock()
	since, incident, reviewed := t.failing, t.silent, t.reviewed
	t.failing = time.Time{}
	t.mu.Unlock()
	if !since.IsZero() {
		log.WithField("failing_s", int(time.Since(since).Seconds())).Info("cluster answers again")
	}
	if incident == 0 && reviewed {
		return
	}
	if err := p.endSilence(ctx, p.idOf(t), t.cfg.Name); err != nil {
		log.WithError(err).Error("the end of the silence could not be stored; it is tried after the next poll")
		return
	}
	t.mu.Lock()
	t.silent, t.reviewed = 0, true
	t.mu.Unlock()
}

// endSilence closes the cluster's silence, also one that a former run of the manager found, under its id or, when that
// was not known yet, its name.
func (p *Poller) endSilence(ctx context.Context, ids ...string) error {
	for _, id := range ids {
		open, err := p.journal.Incidents(ctx, journal.IncidentFilter{ClusterID: id, Kind: journal.IncidentSilent, OpenOnly: true})
		if err != nil {
			return err
		}
		for _, i := range open {
			if err := p.journal.CloseIncident(ctx, i.ID, time.Now()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Poller) idOf(t *target) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return t.cfg.ClusterID
}
