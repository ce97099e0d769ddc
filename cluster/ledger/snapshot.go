package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"

	"hawser/cluster"
)

// image is a raft snapshot: the state and the history. Conditions are kept as differences to the one before.
type image struct {
	Version    int                      `json:"version"`
	State      *cluster.State           `json:"state"`
	Events     []cluster.Event          `json:"events"`
	Conditions []diff                   `json:"conditions"`
	Writes     []cluster.Write          `json:"writes"`
	Changes    map[string]*changeRecord `json:"changes"`
}

// diff is a condition as the lines that differ from the one before.
type diff struct {
	Seq   cluster.Seq                `json:"seq"`
	Len   int                        `json:"len"`
	Lines map[int]*cluster.Component `json:"lines,omitempty"`
}

// Image is the ledger at one moment; writing it to a slow disk holds nobody up.
type Image struct{ image image }

// Image takes the ledger as it is now.
func (l *Ledger) Image() *Image {
	l.mu.RLock()
	defer l.mu.RUnlock()
	im := image{
		Version: cluster.StateVersion, State: l.state, Events: l.history.events, Writes: l.history.writes,
		Changes: make(map[string]*changeRecord, len(l.history.changes)),
	}
	maps.Copy(im.Changes, l.history.changes)
	var before []*cluster.Component
	for _, c := range l.history.conditions {
		d := diff{Seq: c.seq, Len: len(c.lines), Lines: map[int]*cluster.Component{}}
		for i, line := range c.lines {
			if i >= len(before) || before[i] != line {
				d.Lines[i] = line
			}
		}
		im.Conditions = append(im.Conditions, d)
		before = c.lines
	}
	return &Image{im}
}

// Write writes the image.
func (i *Image) Write(to io.Writer) error {
	if err := json.NewEncoder(to).Encode(i.image); err != nil {
		return fmt.Errorf("write state snapshot: %w", err)
	}
	return nil
}

// Restore replaces the ledger by an image; a later version or a damaged one is an error and changes nothing.
func (l *Ledger) Restore(from io.Reader) error {
	data, err := io.ReadAll(from)
	if err != nil {
		return fmt.Errorf("read state snapshot: %w", err)
	}
	im, err := decodeImage(data)
	if err != nil {
		return err
	}
	h, err := im.history()
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state, l.history = im.State, h
	close(l.changed)
	l.changed = make(chan struct{})
	return nil
}

// decodeImage reads an image, strictly: an unknown version or field is ErrUnknownEntry.
func decodeImage(data []byte) (image, error) {
	var head struct {
		Version int `json:"version"`
		State   struct {
			Version int `json:"version"`
		} `json:"state"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return image{}, fmt.Errorf("read state snapshot: %w", err)
	}
	for _, v := range []int{head.Version, head.State.Version} {
		if v < 1 || v > cluster.StateVersion {
			return image{}, fmt.Errorf("state snapshot version %d: %w", v, ErrUnknownEntry)
		}
	}
	im := image{State: emptyState()}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&im); err != nil {
		return image{}, fmt.Errorf("read state snapshot: %w: %w", ErrUnknownEntry, err)
	}
	return im, nil
}

// history rebuilds what the image keeps as differences.
func (im image) history() (history, error) {
	h := newHistory()
	h.events, h.writes = im.Events, im.Writes
	var before []*cluster.Component
	for _, d := range im.Conditions {
		lines, err := d.lines(before)
		if err != nil {
			return history{}, err
		}
		h.conditions = append(h.conditions, condition{seq: d.Seq, lines: lines})
		before = lines
	}
	for id, c := range im.Changes {
		if c == nil {
			return history{}, fmt.Errorf("state snapshot: change %q is empty", id)
		}
		h.changes[id] = c
		if len(c.Token) > 0 {
			h.tokens[string(c.Token)] = id
		}
	}
	return h, nil
}

func (d diff) lines(before []*cluster.Component) ([]*cluster.Component, error) {
	if d.Len < 0 || d.Len > len(before)+len(d.Lines) {
		return nil, fmt.Errorf("state snapshot: condition of event %d: %d lines, but %d are given", d.Seq, d.Len, len(before)+len(d.Lines))
	}
	lines := make([]*cluster.Component, d.Len)
	copy(lines, before)
	for i, line := range d.Lines {
		if i < 0 || i >= d.Len {
			return nil, fmt.Errorf("state snapshot: condition of event %d: line %d of %d", d.Seq, i, d.Len)
		}
		lines[i] = line
	}
	for i, line := range lines {
		if line == nil {
			return nil, fmt.Errorf("state snapshot: condition of event %d: line %d is missing", d.Seq, i)
		}
	}
	return lines, nil
}
