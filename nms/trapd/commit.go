package trapd

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/nms/notify"
	"hawser/nms/report"
)

// item is a notification on its way to the journal.
type item struct {
	route route
	notify.Note
}

// commitAll writes what the decoders deliver, in groups: while one group is on its way to the disk the next gathers.
// Only then are INFORMs answered and polls asked for.
func (r *Receiver) commitAll() {
	for first := range r.items {
		group := r.gather(first)
		// The end of Run must not cut short a commit whose INFORM is about to be answered.
		ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
		r.commit(ctx, group)
		cancel()
	}
}

func (r *Receiver) gather(first item) []item {
	group := []item{first}
	for len(group) < commitSize {
		select {
		case next, more := <-r.items:
			if !more {
				return group
			}
			group = append(group, next)
		default:
			return group
		}
	}
	return group
}

func (r *Receiver) commit(ctx context.Context, group []item) {
	batch, clusters := assemble(group)
	outcome, err := r.store.Append(ctx, batch)
	if err != nil {
		r.failed(err, len(group))
		return
	}
	r.recovered()
	r.counters.events.Add(uint64(outcome.New))
	r.counters.known.Add(uint64(outcome.Known))
	r.counters.unknown.Add(uint64(len(batch.Unknown)))
	for _, it := range group {
		r.acknowledge(it)
	}
	for clusterID := range clusters {
		r.hint(clusterID)
	}
}

// failed says that a group could not be stored: at once the first time, then once a minute, because a full disk fails
// each of them.
func (r *Receiver) failed(err error, notifications int) {
	reason := err.Error()
	first := r.counters.failing.Swap(&reason) == nil
	r.counters.uncommitted.Add(uint64(notifications))
	if first || time.Since(r.complained) >= grumbleEvery {
		r.complained = time.Now()
		r.log.WithError(err).WithField("notifications", r.counters.uncommitted.Load()).Error("notifications are not stored and not answered; INFORMs come again, gaps are filled by the next poll")
	}
}

// recovered says that the journal stores again what comes.
func (r *Receiver) recovered() {
	if r.counters.failing.Swap(nil) != nil {
		r.log.WithField("refused", r.counters.uncommitted.Load()).Info("the journal stores notifications again; what was refused is sent again or fetched by the next poll")
	}
}

func (r *Receiver) acknowledge(it item) {
	if it.Answer == nil {
		return
	}
	if err := it.route.answer(it.Answer); err != nil {
		r.log.WithError(err).WithFields(logrus.Fields{"to": it.route.from}).Warn("acknowledgement not sent; the INFORM will come again")
		return
	}
	r.counters.answered.Add(1)
}

// assemble makes one batch of a group, and says which clusters are in it.
func assemble(group []item) (report.Batch, map[string]bool) {
	var batch report.Batch
	clusters, heard, engines := map[string]bool{}, map[string]int{}, map[string]int{}
	for _, it := range group {
		if it.Unknown != nil {
			batch.Unknown = append(batch.Unknown, *it.Unknown)
		}
		if it.Engine != nil && it.Engine.ClusterID != "" {
			engines[it.Engine.EngineID] = place(&batch.Engines, engines, it.Engine.EngineID, *it.Engine)
		}
		if it.Event == nil {
			continue
		}
		e := it.Event
		clusters[e.ClusterID] = true
		if e.Authentic {
			h := report.Heard{ClusterID: e.ClusterID, ClusterName: e.ClusterName, Generation: e.Generation, At: e.Received}
			heard[e.ClusterID] = place(&batch.Heard, heard, e.ClusterID, h)
			batch.Alarms = append(batch.Alarms, alarms(e)...)
		}
		if e.Seq > 0 || e.OriginSeq > 0 { // else a sign of life: a keep-alive is no event
			batch.Events = append(batch.Events, *e)
		}
	}
	return batch, clusters
}

// place puts v into list once per key, the latest one winning, and returns where it stands.
func place[T any](list *[]T, at map[string]int, key string, v T) int {
	if i, ok := at[key]; ok {
		(*list)[i] = v
		return i
	}
	*list = append(*list, v)
	return len(*list) - 1
}

// alarms reads what a notification of the state channel says.
func alarms(e *report.Event) []report.Alarm {
	if e.AlarmIndex == 0 || e.Rank != report.RankAlarm {
		return nil
	}
	a := report.Alarm{
		ClusterID: e.ClusterID, AlarmIndex: e.AlarmIndex, Raised: e.Time, Severity: e.Severity, Type: e.Type,
		ComponentType: e.ComponentType, ComponentName: e.ComponentName, NodeName: e.NodeName, Text: e.Summary,
	}
	if e.Notification == "hawserAlarmCleared" {
		a.Cleared = e.Time
		if a.Cleared.IsZero() {
			a.Cleared = time.Now()
		}
	}
	return []report.Alarm{a}
}
