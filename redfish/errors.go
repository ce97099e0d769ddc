package redfish

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Errors that callers branch on.
var (
	// ErrWrongMachine: the BMC names another machine than the one to fence.
	ErrWrongMachine = errors.New("the BMC names another machine")
	// ErrNoUUID: the BMC does not name its machine, so it cannot be proved.
	ErrNoUUID = errors.New("the BMC names no machine")
	// ErrNotOff: power was not confirmed to be off.
	ErrNotOff = errors.New("power off is not confirmed")
	// ErrCredentials: the BMC refused user name or password.
	ErrCredentials = errors.New("the BMC refused the credentials")
	// ErrForeignLink: a link leaves the BMC's origin or is relative.
	ErrForeignLink = errors.New("link leaves the BMC's origin")
	// ErrTooLarge: an answer exceeds the configured size.
	ErrTooLarge = errors.New("answer is too large")
	// ErrAmbiguousSystem: the BMC has several systems and none is named.
	ErrAmbiguousSystem = errors.New("the BMC has several systems")
	// ErrRejected: the plan holds rejected settings; nothing was sent.
	ErrRejected = errors.New("settings were rejected")
	// ErrNoGate: a reset is needed and no gate was given to clear the node.
	ErrNoGate = errors.New("a reset needs a gate")
	// ErrNoReset: a reset was asked for and shows no sign of an effect. It may
	// still come, so it is not sent again.
	ErrNoReset = errors.New("no sign of the reset")
	// ErrTask: the BMC's task did not end well.
	ErrTask = errors.New("task failed")
)

// StatusError is an answer of the BMC other than success.
type StatusError struct {
	Method, Path string
	Status       int
	// Messages are the BMC's own words, at most a few.
	Messages []string
}

// Error names request, status and the BMC's own words.
func (e *StatusError) Error() string {
	s := fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Status, http.StatusText(e.Status))
	if len(e.Messages) > 0 {
		s += ": " + strings.Join(e.Messages, "; ")
	}
	return s
}

// statusOf returns the HTTP status of err, 0 if it is no StatusError.
func statusOf(err error) int {
	if se, ok := errors.AsType[*StatusError](err); ok {
		return se.Status
	}
	return 0
}

// Limits for what is kept of a BMC's own words.
const (
	maxMessages   = 8
	maxMessageLen = 300
)

// message is an element of @Message.ExtendedInfo.
type message struct {
	MessageID string `json:"MessageId"`
	Message   string
	Severity  string
	// MessageSeverity replaced Severity in Message v1.1.
	MessageSeverity   string
	RelatedProperties []string
}

func (m message) String() string {
	s := m.Message
	if s == "" {
		s = m.MessageID
	}
	if len(m.RelatedProperties) > 0 && !strings.Contains(s, lastElement(m.RelatedProperties[0])) {
		s += " (" + strings.Join(m.RelatedProperties, ", ") + ")"
	}
	return clip(s, maxMessageLen)
}

// bad reports whether the message tells of anything but success.
func (m message) bad() bool {
	sev := m.MessageSeverity
	if sev == "" {
		sev = m.Severity
	}
	if strings.EqualFold(sev, "Warning") || strings.EqualFold(sev, "Critical") {
		return true
	}
	id := lastDotted(m.MessageID)
	return id == "SettingsFailed" || strings.HasPrefix(id, "Property") || strings.HasPrefix(id, "ActionParameter")
}

// messagesOf finds the BMC's words in an error body or in an annotated answer.
func messagesOf(body []byte) []message {
	var b struct {
		Error struct {
			Code     string
			Message  string
			Extended []message `json:"@Message.ExtendedInfo"`
		} `json:"error"`
		Extended []message `json:"@Message.ExtendedInfo"`
	}
	if json.Unmarshal(body, &b) != nil {
		return nil
	}
	out := append(b.Error.Extended, b.Extended...)
	if len(out) == 0 && b.Error.Message != "" {
		out = []message{{MessageID: b.Error.Code, Message: b.Error.Message}}
	}
	return out[:min(len(out), maxMessages)]
}

func messageTexts(ms []message) []string {
	var out []string
	for _, m := range ms {
		if s := m.String(); s != "" {
			out = append(out, s)
		}
	}
	return out
}
