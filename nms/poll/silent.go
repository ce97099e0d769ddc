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
	log.WithError(err).WithField("since", since).Error("cluster is silent: no node answers; check the network, then the nodes")
	if id == "" {
		id = t.cfg.Name
	}
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
	since, incident := t.failing, t.silent
	t.failing, t.silent = time.Time{}, 0
	t.mu.Unlock()
	if !since.IsZero() {
		log.WithField("failing_s", int(time.Since(since).Seconds())).Info("cluster answers again")
	}
	if incident == 0 {
		return
	}
	if err := p.journal.CloseIncident(ctx, incident, time.Now()); err != nil {
		log.WithError(err).WithField("incident", incident).Error("the end of the silence could not be stored")
	}
}

func (p *Poller) idOf(t *target) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return t.cfg.ClusterID
}
