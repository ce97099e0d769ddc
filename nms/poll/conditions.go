package poll

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"

	"hawser/nms/ask"
	"hawser/nms/journal"
)

const (
	conditionChunk = 1024 // events looked up at once: more than a cluster keeps conditions
	runEvents      = 8    // events whose conditions are read and stored together
	runWorkers     = 4    // runs of one cluster at the same time: most of the time of each is waiting for packets
	runSpread      = 4    // sequences between two events of a run at most: what lies between is read in vain
)

// fillConditions fetches the conditions that the journal lacks, oldest first, because those age out first. behind says
// that some are not shown yet.
func (p *Poller) fillConditions(ctx context.Context, s *source) (behind bool, err error) {
	id, generation := s.identity()
	if first := s.extent.FirstWhole(); first > 1 {
		if err := p.loseConditions(ctx, s, generation, journal.Range{First: 1, Last: first - 1}, reasonAged); err != nil {
			return false, err
		}
	}
	wanted, err := p.journal.WantedConditions(ctx, id, generation, conditionChunk)
	if err != nil {
		return false, err
	}
	if behind, err = p.fillRuns(ctx, s, runs(wanted, func(w journal.Wanted) uint32 { return w.Seq })); err != nil {
		return false, err
	}
	if len(wanted) == conditionChunk {
		p.enqueue(s.target) // there are more: they get the next pass
	}
	return behind, nil
}

// fillRuns fetches runs, several at a time, and awaits all of them.
func (p *Poller) fillRuns(ctx context.Context, s *source, all [][]journal.Wanted) (behind bool, err error) {
	queue := make(chan []journal.Wanted, len(all)) // all of them: nobody waits to put one in
	for _, run := range all {
		queue <- run
	}
	close(queue)
	var late atomic.Bool
	group, ctx := errgroup.WithContext(ctx)
	for n := range min(runWorkers, len(all)) {
		group.Go(func() error {
			own, done, err := p.anotherSession(s, n)
			if err != nil {
				return err
			}
			defer done()
			for run := range queue {
				missing, err := p.fillRun(ctx, own, run)
				if err != nil {
					return fmt.Errorf("cluster %s: fetch the conditions of events %d-%d: %w", s.cfg.Name, run[0].Seq, run[len(run)-1].Seq, err)
				}
				if missing {
					late.Store(true)
				}
			}
			return nil
		})
	}
	err = group.Wait()
	return late.Load(), err
}

// anotherSession is s with a session of its own, because one is not for many at once; the first of them uses what s has.
func (p *Poller) anotherSession(s *source, n int) (own *source, done func(), err error) {
	if n == 0 {
		return s, func() {}, nil
	}
	session, err := ask.Dial(s.session.Address(), s.cfg.User, p.cfg.Session)
	if err != nil {
		return nil, nil, err
	}
	own = &source{target: s.target, session: session, scalars: s.scalars, extent: s.extent}
	return own, func() { _ = session.Close() }, nil // a UDP socket that is given up
}

// runs cuts a sorted list into runs that are read together.
func runs[T any](all []T, seq func(T) uint32) (out [][]T) {
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && to-from < runEvents && seq(all[to])-seq(all[to-1]) <= runSpread {
			to++
		}
		out = append(out, all[from:to])
		from = to
	}
	return out
}

// fillRun fetches the conditions of some events; missing says that the node does not show one of them yet.
func (p *Poller) fillRun(ctx context.Context, s *source, run []journal.Wanted) (missing bool, err error) {
	whole, extent, err := ask.ReadConditions(ctx, s.session, run[0].Seq, run[len(run)-1].Seq)
	if err == nil && !extent.Same(s.extent) {
		err = fmt.Errorf("the log is now of generation %d, it was of %d; the next poll reads it", extent.Generation, s.extent.Generation)
	}
	if err != nil {
		return false, err
	}
	var found []journal.Completed
	aged := uint32(0)
	for _, w := range run {
		rows, shown := whole[w.Seq]
		switch {
		case shown:
			found = append(found, journal.Completed{EventID: w.EventID, Components: components(rows)})
		case w.Seq < extent.FirstWhole():
			aged = w.Seq
		case extent.HoldsCondition(w.Seq) && p.gone(s, journal.GapCondition, w.Seq):
			if err := p.loseConditions(ctx, s, w.Generation, journal.Range{First: w.Seq, Last: w.Seq}, reasonNoRows); err != nil {
				return false, err
			}
		default:
			missing = true
		}
	}
	if err := p.journal.SaveConditions(ctx, found); err != nil || aged == 0 {
		return missing, err
	}
	return missing, p.loseConditions(ctx, s, run[0].Generation, journal.Range{First: run[0].Seq, Last: aged}, reasonAged)
}

func components(rows []ask.Component) []journal.Component {
	out := make([]journal.Component, len(rows))
	for i, r := range rows {
		out[i] = journal.Component{
			Index: uint32(r.Index), ComponentType: r.ComponentType, ComponentName: r.ComponentName, NodeName: r.NodeName, State: r.State, Detail: r.Detail,
		}
	}
	return out
}

func (p *Poller) loseConditions(ctx context.Context, s *source, generation uint64, in journal.Range, reason string) error {
	lost, err := p.journal.LoseConditions(ctx, s.scalars.ClusterID, generation, in, reason)
	if lost > 0 {
		p.log.WithFields(logrus.Fields{"cluster": s.cfg.Name, "conditions": lost, "reason": reason}).Warn("conditions are lost for good; the range is kept in the journal")
	}
	return err
}

// dropEarlier gives up, once, what earlier generations leave open: the tables show the present one only.
func (p *Poller) dropEarlier(ctx context.Context, s *source) error {
	id, generation := s.identity()
	s.mu.Lock()
	done := s.generation == s.scalars.Generation
	s.mu.Unlock()
	if done {
		return nil
	}
	generations, err := p.journal.WantedGenerations(ctx, id)
	if err != nil {
		return err
	}
	for _, g := range generations {
		if g < generation {
			if err := p.loseConditions(ctx, s, g, journal.Range{First: 1, Last: math.MaxUint32}, reasonEarlier); err != nil {
				return err
			}
		}
	}
	if err := p.settleEarlier(ctx, s); err != nil {
		return err
	}
	s.mu.Lock()
	s.generation = s.scalars.Generation
	s.mu.Unlock()
	return nil
}

// settleEarlier marks the events of earlier generations as lost that the journal lacks below the last one it knows of.
func (p *Poller) settleEarlier(ctx context.Context, s *source) error {
	id, generation := s.identity()
	open, err := p.journal.Unsettled(ctx, id, generation)
	if err != nil {
		return err
	}
	for _, u := range open {
		missing, err := p.journal.Missing(ctx, id, u.Generation, u.Highest)
		if err != nil {
			return err
		}
		for _, r := range missing {
			if err := p.loseOf(ctx, s, journal.Gap{ClusterID: id, Generation: u.Generation, First: r.First, Last: r.Last, Reason: reasonEarlier}); err != nil {
				return err
			}
		}
		if err := p.journal.Settle(ctx, id, u.Generation, u.Highest, u.Highest); err != nil {
			return err
		}
	}
	return nil
}

// absence is something that a cluster should show and does not.
type absence struct {
	what       string
	generation int64
	seq        uint32
}

// gone says whether an absence has lasted too long to be only late. It is counted by this process's own clock, which
// nobody sets back.
func (p *Poller) gone(s *source, what string, seq uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, a := time.Now(), absence{what, s.scalars.Generation, seq}
	since, known := s.absent[a]
	if !known {
		if s.absent == nil || len(s.absent) > conditionChunk {
			s.absent = map[absence]time.Time{}
		}
		s.absent[a], since = now, now
	}
	if now.Sub(since) < p.cfg.AbsentGrace {
		return false
	}
	delete(s.absent, a)
	return true
}
