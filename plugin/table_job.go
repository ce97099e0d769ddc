package plugin

import (
	"cmp"
	"slices"
	"time"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

// renderPolicy shows the policy of the cluster as a whole, and what a SET begins with: serial and free index.
func renderPolicy(s sight, r *rows) {
	r.truth(mib.HawserMaintenance, s.known.MaintenanceBy != "")
	r.timeOrZero(mib.HawserMaintenanceUntil, maintenanceUntil(s.known))
	r.text(mib.HawserMaintenanceBy, s.known.MaintenanceBy)
	r.number(mib.HawserConfigSerial, int64(s.known.Serial))
	r.put(mib.HawserWriteToken, snmp.Octets(nil)) // reads as empty
	r.number(mib.HawserNextJobIndex, int64(max(s.known.NextJob, 1)))
}

// maintenanceUntil is the end that was SET for a maintenance; zero: none.
func maintenanceUntil(state *cluster.State) time.Time {
	o, ok := state.Overrides[cluster.OverrideKey("MaintenanceUntil", cluster.Target{})]
	if !ok || o.Int == 0 {
		return time.Time{}
	}
	return time.Unix(o.Int, 0).UTC()
}

func renderHwRequest(s sight, r *rows) {
	r.number(mib.HawserNextHwJobIndex, int64(max(s.known.NextHwJob, 1)))
}

// jobColumns are the columns of one of the two tables of jobs.
type jobColumns struct {
	status, kind, target, argument, serial, state, progress, detail, result, event, setter, created, started, ended []uint32
}

func renderJobs(s sight, r *rows) {
	c := jobColumns{
		mib.HawserJobRowStatus, mib.HawserJobKind, mib.HawserJobTarget, mib.HawserJobArgument, mib.HawserJobExpectSerial,
		mib.HawserJobState, mib.HawserJobProgress, mib.HawserJobDetail, mib.HawserJobResult, mib.HawserJobEventSeq,
		mib.HawserJobSetter, mib.HawserJobCreatedTime, mib.HawserJobStartedTime, mib.HawserJobEndedTime,
	}
	for _, job := range sortedJobs(s.known.Jobs) {
		c.render(job, int(job.Kind), r)
	}
}

func renderHwJobs(s sight, r *rows) {
	c := jobColumns{
		mib.HawserHwJobRowStatus, mib.HawserHwJobKind, mib.HawserHwJobTarget, mib.HawserHwJobArgument,
		mib.HawserHwJobExpectSerial, mib.HawserHwJobState, mib.HawserHwJobProgress, mib.HawserHwJobDetail,
		mib.HawserHwJobResult, mib.HawserHwJobEventSeq, mib.HawserHwJobSetter, mib.HawserHwJobCreatedTime,
		mib.HawserHwJobStartedTime, mib.HawserHwJobEndedTime,
	}
	for _, job := range sortedJobs(s.known.HwJobs) {
		c.render(job, int(job.HwKind), r)
	}
}

func (c jobColumns) render(job cluster.Job, kind int, r *rows) {
	r.row(job.Index)
	r.label(c.status, mib.RowStatusActive)
	r.label(c.kind, kind)
	r.text(c.target, job.Target)
	r.text(c.argument, job.Argument)
	r.number(c.serial, int64(job.Serial))
	r.label(c.state, int(job.State))
	r.number(c.progress, int64(job.Progress))
	r.text(c.detail, jobDetail(job))
	r.label(c.result, jobResult(job.State))
	r.number(c.event, int64(job.EventSeq))
	r.text(c.setter, job.By.User)
	r.time(c.created, job.Created)
	r.timeOrZero(c.started, job.Started)
	r.timeOrZero(c.ended, job.Ended)
}

// jobDetail is what the job does now; once it has ended, how it ended.
func jobDetail(job cluster.Job) string {
	if job.State.Ended() {
		return cmp.Or(job.Result, job.Detail)
	}
	return job.Detail
}

func jobResult(state cluster.JobState) int {
	switch state {
	case cluster.JobDone:
		return mib.EventResultSucceeded
	case cluster.JobFailed:
		return mib.EventResultFailed
	case cluster.JobCancelled:
		return mib.EventResultCancelled
	default:
		return mib.EventResultPending
	}
}

func sortedJobs(jobs map[uint32]cluster.Job) []cluster.Job {
	out := make([]cluster.Job, 0, len(jobs))
	for _, job := range jobs {
		out = append(out, job)
	}
	slices.SortFunc(out, func(a, b cluster.Job) int { return cmp.Compare(a.Index, b.Index) })
	return out
}
