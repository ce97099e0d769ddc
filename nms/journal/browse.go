package journal

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// PageFilter chooses one page of the timeline. Zero fields do not restrict.
type PageFilter struct {
	ClusterID  string
	Component  string // name of the failing component
	Node       string
	Type       string
	Severities []string  // any of these
	Except     []string  // none of these types
	Since      time.Time // by the origins' clocks, both ends included
	Until      time.Time
	Before     int64 // events that stand after this one on the page: older ones
	Limit      int   // 0 = 100
}

// Page returns the chosen events, newest first: those of one cluster by the origins' clocks, so that what was fetched
// late stands where it belongs; those of the fleet, whose clocks differ, in order of arrival.
func (r *Reader) Page(ctx context.Context, f PageFilter) ([]Event, error) {
	var terms []string
	var args []any
	add := func(wanted bool, term string, arg ...any) {
		if wanted {
			terms, args = append(terms, term), append(args, arg...)
		}
	}
	order := "id DESC"
	add(f.Before > 0 && f.ClusterID == "", "id < ?", f.Before)
	if f.ClusterID != "" {
		order = "time DESC, id DESC"
		add(true, "cluster_id = ?", f.ClusterID)
		add(f.Before > 0, "(time, id) < (SELECT time, id FROM event WHERE id = ?)", f.Before)
	}
	add(f.Component != "", "component_name = ?", f.Component)
	add(f.Node != "", "(node_name = ? OR origin = ?)", f.Node, f.Node)
	add(f.Type != "", "type = ?", f.Type)
	add(!f.Since.IsZero(), "time >= ?", nanos(f.Since))
	add(!f.Until.IsZero(), "time <= ?", nanos(f.Until))
	list := func(term string, values []string) {
		for i, v := range values {
			if i == 0 {
				terms = append(terms, term+" (?"+strings.Repeat(",?", len(values)-1)+")")
			}
			args = append(args, v)
		}
	}
	list("severity IN", f.Severities)
	list("type NOT IN", f.Except)
	where := ""
	if len(terms) > 0 {
		where = "WHERE " + strings.Join(terms, " AND ")
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	return query(ctx, r, fmt.Sprintf("%s %s ORDER BY %s LIMIT %d", eventSelect, where, order, limit), args, scanEvent)
}

// EventByID returns the event with the journal's own number; found is false when there is none.
func (r *Reader) EventByID(ctx context.Context, id int64) (e Event, found bool, err error) {
	events, err := query(ctx, r, eventSelect+`WHERE id = ?`, []any{id}, scanEvent)
	if err != nil || len(events) == 0 {
		return Event{}, false, err
	}
	return events[0], true, nil
}

// ConditionOf returns the state of every component at the moment of the event with the journal's own number, in the order
// of the cluster's own table.
func (r *Reader) ConditionOf(ctx context.Context, eventID int64) ([]Component, error) {
	return query(ctx, r, `SELECT idx, component_type, component_name, node_name, state, detail FROM condition WHERE event_id = ? ORDER BY idx`,
		[]any{eventID}, func(scan func(...any) error) (Component, error) {
			var c Component
			err := scan(&c.Index, &c.ComponentType, &c.ComponentName, &c.NodeName, &c.State, &c.Detail)
			return c, err
		})
}

// IncidentOf returns the number of the incident that an event belongs to, 0 for none.
func (r *Reader) IncidentOf(ctx context.Context, eventID int64) (int64, error) {
	return r.number(ctx, `SELECT incident_id FROM incident_event WHERE event_id = ?`, eventID)
}

// Neighbours returns the numbers of the events of the same cluster that stand before and after one, 0 for none.
func (r *Reader) Neighbours(ctx context.Context, e Event) (older, newer int64, err error) {
	older, err = r.number(ctx, `SELECT id FROM event WHERE cluster_id = ? AND (time, id) < (?, ?) ORDER BY time DESC, id DESC LIMIT 1`, e.ClusterID, nanos(e.Time), e.ID)
	if err != nil {
		return 0, 0, err
	}
	newer, err = r.number(ctx, `SELECT id FROM event WHERE cluster_id = ? AND (time, id) > (?, ?) ORDER BY time, id LIMIT 1`, e.ClusterID, nanos(e.Time), e.ID)
	return older, newer, err
}

// number reads one number, 0 when there is none.
func (r *Reader) number(ctx context.Context, text string, args ...any) (int64, error) {
	found, err := query(ctx, r, text, args, func(scan func(...any) error) (int64, error) {
		var n int64
		err := scan(&n)
		return n, err
	})
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return found[0], nil
}
