package ask

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"

	"hawser/mib"
	"hawser/mib/snmp"
)

// Extent is what a cluster's history held in every one of the answers that a reading of it took. A row within that is not
// there was not there in any of them; a row of a condition may be missing only outside of it.
type Extent struct {
	ClusterID      string
	Generation     int64
	FirstEvent     uint32
	LastEvent      uint32
	FirstCondition uint32
}

// FirstKept is the first event that is kept; behind the last one if none is.
func (e Extent) FirstKept() uint32 { return kept(e.FirstEvent, e.LastEvent) }

// FirstWhole is the first event whose condition is kept; behind the last one if none is.
func (e Extent) FirstWhole() uint32 { return kept(e.FirstCondition, e.LastEvent) }

// kept reads the first sequence as MIB.md has it: 0 means that none is left.
func kept(first, last uint32) uint32 {
	if first == 0 && last < math.MaxUint32 {
		return last + 1
	}
	return first
}

// Extent is what the cluster's history holds by these scalars.
func (s Scalars) Extent() Extent {
	return Extent{
		ClusterID: s.ClusterID, Generation: s.Generation, FirstEvent: uint32(s.FirstEventSeq), LastEvent: uint32(s.LastEventSeq),
		FirstCondition: uint32(s.FirstConditionSeq),
	}
}

// Same says whether both are of the same generation of the same cluster's log.
func (e Extent) Same(other Extent) bool {
	return e.ClusterID == other.ClusterID && e.Generation == other.Generation
}

// Holds says whether an event was within the history all the time.
func (e Extent) Holds(seq uint32) bool { return seq >= e.FirstKept() && seq <= e.LastEvent }

// HoldsCondition says whether the condition of an event was kept all the time.
func (e Extent) HoldsCondition(seq uint32) bool {
	return seq >= e.FirstWhole() && seq <= e.LastEvent
}

var errMoved = errors.New("its log began another generation while it was read; the next poll reads that")

// ReadEvents reads the events from first to last, with what the history held meanwhile. One that came or went while its row
// was read, so that only some columns came, is left out.
func ReadEvents(ctx context.Context, s *Session, first, last uint32) ([]Event, Extent, error) {
	beside := newWitness()
	columns := objectNames(reflect.TypeFor[Event]())
	rows, err := s.walk(ctx, beside, columns, span{first: first, last: last})
	if err != nil {
		return nil, beside.extent, err
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return len(r.values) < len(columns) && !beside.extent.Holds(r.index[0]) })
	events, err := fillAll[Event](s, rows)
	return events, beside.extent, err
}

// ReadConditions reads the conditions of the events from first to last, those that were whole while they were read. What the
// cluster lacks, or lost in the midst of it, is left out.
func ReadConditions(ctx context.Context, s *Session, first, last uint32) (map[uint32][]Component, Extent, error) {
	beside := newWitness()
	rows, err := readSpan[Component](ctx, s, beside, span{first: first, last: last})
	if err != nil {
		return nil, beside.extent, err
	}
	whole := map[uint32][]Component{}
	for _, r := range rows {
		if seq := uint32(r.Seq); beside.extent.HoldsCondition(seq) {
			whole[seq] = append(whole[seq], r)
		}
	}
	return whole, beside.extent, dropEnded(ctx, s, whole)
}

// dropEnded leaves out the conditions that are not there any more: they may have gone while they were read. One whose last
// row is still there was there from the first row on, because what has aged out does not come back.
func dropEnded(ctx context.Context, s *Session, whole map[uint32][]Component) error {
	var seqs []uint32
	var oids []snmp.OID
	for seq, rows := range whole {
		oid, _, err := Instance("hawserConditionState", seq, uint32(rows[len(rows)-1].Index))
		if err != nil {
			return err
		}
		seqs, oids = append(seqs, seq), append(oids, oid)
	}
	values, err := s.Get(ctx, oids...)
	if err != nil {
		return err
	}
	if len(values) != len(oids) {
		return fmt.Errorf("ask %s: %d values answer %d names", s.address, len(values), len(oids))
	}
	for i, vb := range values {
		if vb.Value.IsException() {
			delete(whole, seqs[i])
		}
	}
	return nil
}

// witness reads, in each answer of a walk, the scalars that bound the history: rows and bounds are of one snapshot. A nil
// witness reads nothing.
type witness struct {
	columns []mib.Object
	seen    bool
	extent  Extent
}

// The scalars of a witness, in the order in which take reads them.
var witnessed = []string{"hawserClusterId", "hawserGeneration", "hawserFirstEventSeq", "hawserLastEventSeq", "hawserFirstConditionSeq"}

func newWitness() *witness {
	w := &witness{}
	for _, name := range witnessed {
		o, known := mib.ByName(name)
		if !known {
			panic("ask: HAWSER-MIB has no " + name)
		}
		w.columns = append(w.columns, o)
	}
	return w
}

// names are what is asked for besides the rows: GETBULK gives the instance after each, which is the scalar.
func (w *witness) names() (oids []snmp.OID) {
	if w == nil {
		return nil
	}
	for _, o := range w.columns {
		oids = append(oids, o.OID)
	}
	return oids
}

// take takes the scalars off an answer and narrows the extent to what this answer knows.
func (w *witness) take(vbs []snmp.Varbind) ([]snmp.Varbind, error) {
	if w == nil {
		return vbs, nil
	}
	if len(vbs) < len(w.columns) {
		return nil, fmt.Errorf("%d varbinds answer %d names", len(vbs), len(w.columns))
	}
	var now Extent
	numbers := []*uint32{&now.FirstEvent, &now.LastEvent, &now.FirstCondition}
	for i, o := range w.columns {
		vb := vbs[i]
		if vb.Value.IsException() || !slices.Equal(vb.OID, snmp.OID(o.OID).Append(0)) {
			return nil, fmt.Errorf("%w: it does not show %s: give that user the role auditor on the cluster", ErrHidden, o.Name)
		}
		switch i {
		case 0:
			now.ClusterID = string(vb.Value.Bytes)
		case 1:
			now.Generation = int64(vb.Value.Uint)
		default:
			*numbers[i-2] = uint32(vb.Value.Uint)
		}
	}
	if w.seen {
		if now.ClusterID != w.extent.ClusterID || now.Generation != w.extent.Generation {
			return nil, errMoved
		}
		now.FirstEvent, now.FirstCondition = max(now.FirstKept(), w.extent.FirstKept()), max(now.FirstWhole(), w.extent.FirstWhole())
		now.LastEvent = min(now.LastEvent, w.extent.LastEvent)
	}
	w.seen, w.extent = true, now
	return vbs[len(w.columns):], nil
}

// readSpan reads the rows of a span into structs, in order of their index.
func readSpan[T any](ctx context.Context, s *Session, beside *witness, within span) ([]T, error) {
	rows, err := s.walk(ctx, beside, objectNames(reflect.TypeFor[T]()), within)
	if err != nil {
		return nil, err
	}
	return fillAll[T](s, rows)
}

func fillAll[T any](s *Session, rows []row) ([]T, error) {
	out := make([]T, len(rows))
	for i, r := range rows {
		if err := fill(reflect.ValueOf(&out[i]).Elem(), r.index, r.values); err != nil {
			return nil, fmt.Errorf("ask %s: %w", s.address, err)
		}
	}
	return out, nil
}
