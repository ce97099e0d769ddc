package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"hawser/nms/journal"
)

type changesBody struct {
	Changes []journal.Reconfiguration
	Names   map[string]string
	State   string
	States  []string
}

// changeStates are the states of a reconfiguration, in the order of its life.
var changeStates = []string{
	journal.StateWaiting, journal.StateProposed, journal.StateApproved, journal.StateSending, journal.StateUnknown, journal.StateVerifying, journal.StateDone,
	journal.StateFailed, journal.StateRefused, journal.StateHeld, journal.StateDryRun, journal.StateRejected,
}

func (s *Server) reconfigurations(w http.ResponseWriter, r *http.Request) {
	body := changesBody{State: r.URL.Query().Get("state"), States: changeStates}
	var err error
	if body.Changes, err = s.deps.Store.Reconfigurations(r.Context(), journal.ReconfigurationFilter{State: body.State}); err != nil {
		s.failed(w, r, err)
		return
	}
	if body.Names, err = s.names(r.Context()); err != nil {
		s.failed(w, r, err)
		return
	}
	slices.SortStableFunc(body.Changes, func(a, b journal.Reconfiguration) int { // what waits for a person first
		return cmp.Compare(waits(b), waits(a))
	})
	s.show(w, r, http.StatusOK, "reconfigurations", page{Title: "Reconfigurations", Nav: "reconfigurations", Self: r.URL.RequestURI(), Body: body})
}

func waits(c journal.Reconfiguration) int {
	if c.State == journal.StateWaiting {
		return 1
	}
	return 0
}

type changeBody struct {
	journal.Reconfiguration
	Cluster string
	Event   row // the one that led to it; its ID is 0 when there is none
	Steps   []journal.Step
	Audit   []journal.Audit // the lines about it
	Passed  bool            // it went through the gates
}

// Line is one value with the part of its instance that people know.
func (b changeBody) Line(c journal.Change) string {
	return strings.TrimPrefix(c.Object, "hawser") + " of " + c.Instance
}

func (s *Server) reconfiguration(w http.ResponseWriter, r *http.Request) {
	body, found, err := s.change(r)
	switch {
	case err != nil:
		s.failed(w, r, err)
		return
	case !found:
		s.problem(w, r, http.StatusNotFound, "No such reconfiguration", "The list of reconfigurations has those that are known.")
		return
	}
	p := page{Title: "Reconfiguration " + strconv.FormatInt(body.ID, 10), Nav: "reconfigurations", Body: body}
	if body.Ended.IsZero() && body.State != journal.StateWaiting { // a form that someone fills in is not replaced
		p.Self = r.URL.Path
	}
	s.show(w, r, http.StatusOK, "reconfiguration", p)
}

func (s *Server) change(r *http.Request) (changeBody, bool, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return changeBody{}, false, nil
	}
	ctx := r.Context()
	found, err := s.deps.Store.Reconfigurations(ctx, journal.ReconfigurationFilter{ID: id})
	if err != nil || len(found) == 0 {
		return changeBody{}, false, err
	}
	body := changeBody{Reconfiguration: found[0]}
	names, err := s.names(ctx)
	if err != nil {
		return body, false, err
	}
	body.Cluster = cmp.Or(names[body.ClusterID], body.ClusterID)
	e, there, err := s.deps.Store.EventByID(ctx, body.EventID)
	if err != nil {
		return body, false, err
	}
	if there {
		body.Event = rows([]journal.Event{e}, names)[0]
	}
	if body.Steps, err = s.deps.Store.Steps(ctx, id); err != nil {
		return body, false, err
	}
	body.Passed = slices.ContainsFunc(body.Steps, func(step journal.Step) bool {
		return step.State == journal.StateSending || step.State == journal.StateWaiting || step.State == journal.StateDryRun
	})
	lines, err := s.deps.Store.Audit(ctx, auditLines)
	mark := "reconfiguration " + strconv.FormatInt(id, 10) + " "
	for _, a := range lines {
		if strings.HasPrefix(a.Detail, mark) || a.Subject == strconv.FormatInt(id, 10) && strings.HasPrefix(a.Action, "reconfiguration ") {
			body.Audit = append(body.Audit, a)
		}
	}
	return body, true, err
}

// auditLines is how much of the audit chain is looked through, and shown at most.
const auditLines = 1000

type auditBody struct {
	Lines  []journal.Audit // newest first
	Broken string          // where the chain does not hold; empty: it does
}

func (s *Server) audit(w http.ResponseWriter, r *http.Request) {
	lines, err := s.deps.Store.Audit(r.Context(), auditLines)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	slices.Reverse(lines)
	body := auditBody{Lines: lines}
	if err := s.deps.Store.VerifyAudit(r.Context()); err != nil {
		body.Broken = err.Error()
	}
	s.show(w, r, http.StatusOK, "audit", page{Title: "Audit", Nav: "audit", Body: body})
}
