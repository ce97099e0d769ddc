package plugin

import (
	"hawser/mib/view"
)

// How many pages of rendered rows are kept: 2,048 events, 1,024 writes, 64 whole conditions.
const (
	eventPages     = 32
	writePages     = 16
	conditionPages = 64
)

// histories are the rendered pages of the tables that are shown on demand. They are thrown away when their numbers begin
// again (another generation), and those of the write log when a write was taken back.
type histories struct {
	generation        uint32
	serial            int32
	held              int // changes that wait: their rows get another result when they end
	events, writes    *history
	conditions        *pages
	event, write, con shape
}

// segments makes the three tables as they stand in this snapshot.
func (h *histories) segments(cfg PublisherConfig, s sight) []view.Segment {
	state := s.State
	if h.events == nil || h.generation != state.Generation {
		h.events = newHistory(eventPages, readEvents(cfg.Source))
		h.conditions = newPages(conditionPages, readCondition(cfg.Source))
		h.writes = nil
		h.event, h.write, h.con = newShape("hawserEventTable"), newShape("hawserWriteTable"), newShape("hawserConditionTable")
	}
	if h.writes == nil || h.serial != state.Serial || h.held != len(state.Held) {
		h.writes = newHistory(writePages, readWrites(cfg.Source))
	}
	h.generation, h.serial, h.held = state.Generation, state.Serial, len(state.Held)
	return []view.Segment{
		&logSegment{shape: h.event, log: h.events, first: uint32(firstEvent(state)), last: eventsEnd(s), warn: cfg.Log},
		&logSegment{shape: h.write, log: h.writes, last: state.LastWrite, warn: cfg.Log},
		&conditionSegment{
			shape: h.con, pages: h.conditions, first: uint32(firstCondition(state)), last: eventsEnd(s),
		},
	}
}

// eventsEnd is the newest event, 0 where none is kept.
func eventsEnd(s sight) uint32 {
	if firstEvent(s.State) == 0 {
		return 0
	}
	return uint32(s.State.LastEvent)
}
