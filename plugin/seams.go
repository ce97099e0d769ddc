package plugin

import (
	"context"

	"hawser/cluster"
)

// Source is where the monitoring controller reads the cluster from. Both controllers, native and pacemaker, satisfy it.
type Source interface {
	// Snapshot is the newest view; it is immutable and never nil.
	Snapshot() *cluster.Snapshot
	// Changed is closed at the next change. Take it before the Snapshot, so that no change is missed.
	Changed() <-chan struct{}
	// Events gives at most limit events after a sequence, oldest first.
	Events(after cluster.Seq, limit int) ([]cluster.Event, error)
	// Conditions gives the state of every component at an event; an error where that has aged out.
	Conditions(seq cluster.Seq) ([]cluster.Component, error)
	// Writes gives at most limit rows of the write log after a sequence, oldest first.
	Writes(after uint32, limit int) ([]cluster.Write, error)
}

// Changer takes changes. A refusal is a *cluster.Refusal; cluster.ErrNoLeader says that nothing was changed,
// cluster.ErrUnknownOutcome that the write log must tell.
type Changer interface {
	// Prepare tests a change against one snapshot; it changes nothing.
	Prepare(change cluster.Change) (cluster.Plan, error)
	// Commit applies all of it in one log entry, or nothing.
	Commit(ctx context.Context, plan cluster.Plan) (cluster.Receipt, error)
	// Undo takes it back by an entry of its own, if no other change came between.
	Undo(ctx context.Context, receipt cluster.Receipt) error
	// Release lets the jobs start that the change held.
	Release(ctx context.Context, receipt cluster.Receipt) error
	// Refuse writes a refused change into the write log.
	Refuse(ctx context.Context, change cluster.Change, why cluster.Refusal) error
}

// Recorder takes what the monitoring controller has to say into the log. All calls go to the leader.
type Recorder interface {
	// Raise records an event; Origin, OriginSeq, Seq and Facts are filled in.
	Raise(ctx context.Context, event cluster.Event) error
	// Delivered records cursors and counters of sinks, by sink name.
	Delivered(ctx context.Context, sinks map[string]cluster.SinkStatus) error
	// Progress records how far a job has come. It is an error when the job has ended, or is not known.
	Progress(ctx context.Context, job cluster.JobIs) error
	// Setting records how far a desired hardware setting has come.
	Setting(ctx context.Context, settings ...cluster.SettingIs) error
}

// Hardware connects the hardware side to the controller.
type Hardware interface {
	// Observe records what a BMC said; only differences are written to the log. It does not wait.
	Observe(hardware cluster.Hardware)
	// Clearance keeps a node free of active services, for job, until done is called: nothing is placed on it, its silence
	// is expected. It is refused, with the reason, while the node carries an active once-only service.
	Clearance(ctx context.Context, node, job string) (done func(), err error)
}
