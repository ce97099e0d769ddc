package redfish

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stmcginnis/gofish/schemas"
)

// TaskState is how far a BMC's task is.
type TaskState string

// The values of TaskState.
const (
	TaskRunning TaskState = "running"
	// TaskWaiting: nothing will happen before a reset (or a window).
	TaskWaiting TaskState = "waiting"
	TaskDone    TaskState = "done"
	TaskFailed  TaskState = "failed"
	// TaskGone: the BMC does not know it any more; how it ended is unknown.
	TaskGone TaskState = "gone"
)

// TaskStatus is one look at a task.
type TaskStatus struct {
	URI      string    `json:"uri"`
	State    TaskState `json:"state"`
	Percent  int       `json:"percent"` // -1 where the BMC does not say
	Messages []string  `json:"messages"`
	retry    time.Duration
}

// taskOf finds the task that an answer names: by Location (202), or as a Task
// resource, or a reference to one, in the body. Empty if there is none.
func (c *client) taskOf(resp *response) string {
	var body struct {
		ID   string `json:"@odata.id"`
		Type string `json:"@odata.type"`
	}
	_ = json.Unmarshal(resp.body, &body) // an empty or foreign body names no task
	candidates := []string{}
	if resp.status == http.StatusAccepted {
		candidates = append(candidates, resp.location, body.ID)
	} else if strings.HasPrefix(body.Type, "#Task.") {
		candidates = append(candidates, body.ID, resp.location)
	} else if looksLikeTask(resp.location) {
		candidates = append(candidates, resp.location)
	}
	for _, l := range candidates {
		if l == "" {
			continue
		}
		if p, err := c.origin.resolve(l); err == nil {
			return p
		}
		c.log.WithField("location", clip(l, 200)).Warn("task link ignored: it leaves the BMC")
	}
	return ""
}

func looksLikeTask(location string) bool {
	l := strings.ToLower(location)
	return strings.Contains(l, "/tasks/") || strings.Contains(l, "/jobs/") || strings.Contains(l, "taskmonitor")
}

// Task looks once at a task or task monitor.
func (b *BMC) Task(ctx context.Context, uri string) (TaskStatus, error) {
	st := TaskStatus{URI: uri, Percent: -1}
	resp, err := b.c.get(ctx, link(uri), fresh, b.c.bulk)
	switch code := statusOf(err); {
	case code == http.StatusNotFound || code == http.StatusGone:
		st.State = TaskGone
		return st, nil
	case code >= 400 && code < 500 && code != http.StatusUnauthorized && code != http.StatusForbidden && code != http.StatusTooManyRequests:
		// A monitor answers with the status of the operation itself.
		st.State, st.Messages = TaskFailed, []string{err.Error()}
		return st, nil
	case err != nil:
		return st, b.errorf("task "+uri, err)
	}
	st.retry = resp.retry
	st.read(resp)
	return st, nil
}

// read takes the state from a Task resource, or from the monitor's status.
func (st *TaskStatus) read(resp *response) {
	v, err := decode[schemas.Task](resp.body)
	if err != nil || v.TaskState == "" {
		st.State = TaskDone
		if resp.status == http.StatusAccepted {
			st.State = TaskRunning
		}
		for _, m := range messagesOf(resp.body) {
			if m.bad() {
				st.State = TaskFailed
			}
			st.Messages = append(st.Messages, m.String())
		}
		return
	}
	st.State = taskState(v)
	if v.PercentComplete != nil {
		st.Percent = int(min(*v.PercentComplete, 100))
	}
	for _, m := range v.Messages[:min(len(v.Messages), maxMessages)] {
		st.Messages = append(st.Messages, clip(first(m.Message, m.MessageID), maxMessageLen))
	}
}

func taskState(v *schemas.Task) TaskState {
	switch v.TaskState {
	case schemas.CompletedTaskState:
		if v.TaskStatus == schemas.CriticalHealth {
			return TaskFailed
		}
		return TaskDone
	case schemas.ExceptionTaskState, schemas.KilledTaskState, schemas.CancelledTaskState, schemas.InterruptedTaskState:
		return TaskFailed
	case schemas.NewTaskState, schemas.PendingTaskState, schemas.SuspendedTaskState, schemas.StartingTaskState:
		return TaskWaiting
	}
	return TaskRunning
}

// follow looks at a task until it ends or waits for a reset, at most for d.
func (b *BMC) follow(ctx context.Context, uri string, d time.Duration, see func(TaskStatus)) (TaskStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for {
		st, err := b.Task(ctx, uri)
		if err == nil {
			if see != nil {
				see(st)
			}
			if st.State == TaskFailed {
				return st, fmt.Errorf("%w: %s: %s", ErrTask, uri, strings.Join(st.Messages, "; "))
			}
			if st.State != TaskRunning {
				return st, nil
			}
		} else if statusOf(err) != 0 && statusOf(err) < 500 {
			return st, err
		}
		if sleep(ctx, max(b.cfg.Poll, min(st.retry, 10*b.cfg.Poll))) != nil {
			if err == nil {
				return st, nil // still running: the caller goes on by reading values
			}
			return st, err
		}
	}
}
