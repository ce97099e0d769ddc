package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"

	"hawser/nms/journal"
)

// Condition is the state of every component at an event, sorted by need: what was not well first.
type Condition struct {
	State  string              `json:"state"` // wanted, whole, lost, none
	Failed []journal.Component `json:"failed"`
	Rest   []group             `json:"rest"` // what was well or only stood by, by type
	Counts []count             `json:"-"`
}

// group is the components of one type; hardware is grouped by node too, because there is much of it.
type group struct {
	Type       string              `json:"componentType"`
	Node       string              `json:"nodeName,omitempty"`
	Components []journal.Component `json:"components"`
}

// order is how the types of components stand: from what users see down to the machine.
var order = []string{"cluster", "stack", "service", "instance", "node", "link", "hardware", "sink"}

// sortCondition puts what was not well first, worst first, and groups the rest by type.
func sortCondition(state string, components []journal.Component) Condition {
	c := Condition{State: state, Failed: []journal.Component{}, Rest: []group{}}
	counts := map[string]int{}
	groups := map[[2]string][]journal.Component{}
	for _, one := range components {
		t := tone(one.State)
		counts[t]++
		if t == "ok" || t == "calm" {
			key := [2]string{one.ComponentType}
			if one.ComponentType == "hardware" {
				key[1] = one.NodeName
			}
			groups[key] = append(groups[key], one)
		} else {
			c.Failed = append(c.Failed, one)
		}
	}
	slices.SortStableFunc(c.Failed, func(a, b journal.Component) int {
		return cmp.Or(cmp.Compare(toneRank[tone(a.State)], toneRank[tone(b.State)]), cmp.Compare(typeRank(a.ComponentType), typeRank(b.ComponentType)))
	})
	for key, members := range groups {
		c.Rest = append(c.Rest, group{key[0], key[1], members})
	}
	slices.SortFunc(c.Rest, func(a, b group) int {
		return cmp.Or(cmp.Compare(typeRank(a.Type), typeRank(b.Type)), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Node, b.Node))
	})
	for _, t := range []string{"bad", "unknown", "warn", "calm", "ok"} {
		if counts[t] > 0 {
			c.Counts = append(c.Counts, count{t, counts[t]})
		}
	}
	return c
}

func typeRank(kind string) int {
	if i := slices.Index(order, kind); i >= 0 {
		return i
	}
	return len(order)
}

// Total is how many components there are.
func (c Condition) Total() int {
	n := 0
	for _, one := range c.Counts {
		n += one.N
	}
	return n
}

type eventBody struct {
	row
	Condition    Condition
	Older, Newer int64
	Incident     int64
	Changes      []journal.Reconfiguration // that it led to
}

// toldBy are words for how an event came.
var toldBy = map[string]string{journal.ViaTrap: "by trap", journal.ViaInform: "by INFORM, which was acknowledged", journal.ViaPoll: "fetched from the cluster's own log"}

// Told says how the event came.
func (b eventBody) Told() string { return toldBy[b.Via] }

func (s *Server) event(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		s.problem(w, r, http.StatusNotFound, "No such event", "Events have numbers: find it in the timeline.")
		return
	}
	body, found, err := s.eventBody(r.Context(), id)
	switch {
	case err != nil:
		s.failed(w, r, err)
		return
	case !found:
		s.problem(w, r, http.StatusNotFound, "No such event", "The journal has no event of this number: find it in the timeline.")
		return
	}
	p := page{Title: words(body.Type) + ", " + body.Cluster, Nav: "timeline", Body: body}
	if body.ConditionState == journal.ConditionWanted {
		p.Self, p.Every = r.URL.Path, 2 // until it is whole; then nothing changes any more
	}
	s.show(w, r, http.StatusOK, "event", p)
}

func (s *Server) eventBody(ctx context.Context, id int64) (eventBody, bool, error) {
	var body eventBody
	e, found, err := s.deps.Store.EventByID(ctx, id)
	if err != nil || !found {
		return body, false, err
	}
	names, err := s.names(ctx)
	if err != nil {
		return body, false, err
	}
	body.row = rows([]journal.Event{e}, names)[0]
	components, err := s.deps.Store.ConditionOf(ctx, id)
	if err != nil {
		return body, false, err
	}
	body.Condition = sortCondition(e.ConditionState, components)
	if body.Older, body.Newer, err = s.deps.Store.Neighbours(ctx, e); err != nil {
		return body, false, err
	}
	if body.Incident, err = s.deps.Store.IncidentOf(ctx, id); err != nil {
		return body, false, err
	}
	changes, err := s.deps.Store.Reconfigurations(ctx, journal.ReconfigurationFilter{ClusterID: e.ClusterID, Limit: 1000})
	for _, c := range changes {
		if c.EventID == id {
			body.Changes = append(body.Changes, c)
		}
	}
	return body, true, err
}
