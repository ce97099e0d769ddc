package nms

import (
	"context"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/nms/journal"
	"hawser/nms/trapd"
)

// tolerance is how far clocks may be apart before that is told.
const tolerance = 5 * time.Second

// lookBack tells what the last run left that an operator should know of.
func (m *Manager) lookBack(ctx context.Context) error {
	if torn := m.journal.Torn(); torn > 0 {
		m.log.WithField("commits", torn).Warn("the end of the journal was damaged since the last run and is gone: what the clusters still have is fetched again; check this machine's disk")
	}
	p, err := m.journal.Property(ctx, journal.PropertyAside)
	if err != nil {
		return err
	}
	if p.Value != "" {
		m.log.WithFields(logrus.Fields{"former": p.Value, "since": p.At}).Info("this journal replaced one that was set aside")
	}
	newest, err := m.journal.Newest(ctx)
	if err != nil {
		return err
	}
	if ahead := time.Until(newest); ahead > tolerance {
		m.clockSetBack(ahead, "while the manager was not running")
	}
	return nil
}

// clockSetBack tells that times in the journal lie in the future.
func (m *Manager) clockSetBack(by time.Duration, when string) {
	m.log.WithFields(logrus.Fields{"by": by.Round(time.Second), "when": when}).Warn("this machine's clock was set back: nothing is lost, but times in the journal are ahead of it and cooldowns of rules last longer; " +
		"set the clock right (chronyc makestep, or timedatectl set-time)")
}

// startEngine starts the manager's SNMP engine. Its boots never go back, also when its file does: the journal has them too.
func (m *Manager) startEngine(ctx context.Context) (*trapd.Engine, error) {
	known, err := m.journal.Managers(ctx)
	if err != nil {
		return nil, err
	}
	return trapd.StartEngine(filepath.Join(m.cfg.DataDir, engineFile), known)
}
