package ask

import (
	"context"
	"fmt"
	"slices"

	"hawser/mib"
	"hawser/mib/snmp"
)

const (
	bulkVarbinds = 120   // asked for in one GETBULK: fits one fragmentless answer on most paths, an agent may send fewer
	maxRows      = 50000 // of one table: more is not believed
)

// row is one row of a table as it came, by column.
type row struct {
	index  []uint32
	values map[string]snmp.Value
}

// span limits a walk to rows whose index begins with prefix and, if last is not 0, whose next part lies in [first, last].
type span struct {
	prefix      []uint32
	first, last uint32
}

// column is one column on its way down a table.
type column struct {
	object mib.Object
	at     snmp.OID
	done   bool
}

// walk reads the named columns together, by GETBULK, and returns the rows in order of their index. A column that has no
// value in a row, or that the agent does not have, is left out of that row.
//
// The scalars of beside, if it is not nil, are read in each of the answers.
func (s *Session) walk(ctx context.Context, beside *witness, names []string, within span) ([]row, error) {
	columns, err := startColumns(names, within)
	if err != nil {
		return nil, err
	}
	rows := map[string]*row{}
	for {
		active := slices.DeleteFunc(slices.Clone(columns), func(c *column) bool { return c.done })
		if len(active) == 0 {
			return sorted(rows), nil
		}
		oids := make([]snmp.OID, len(active))
		for i, c := range active {
			oids[i] = c.at
		}
		vbs, err := s.bulk(ctx, beside.names(), max(bulkVarbinds/len(active), 1), oids)
		if err != nil {
			return nil, err
		}
		if vbs, err = beside.take(vbs); err != nil {
			return nil, fmt.Errorf("ask %s as %q: %w", s.address, s.user, err)
		}
		if len(vbs) == 0 {
			return nil, fmt.Errorf("ask %s: an empty answer to a GETBULK", s.address)
		}
		for i, vb := range vbs {
			if err := active[i%len(active)].take(vb, within, rows); err != nil {
				return nil, fmt.Errorf("ask %s: %w", s.address, err)
			}
		}
		if len(rows) > maxRows {
			return nil, fmt.Errorf("ask %s: more than %d rows of %s", s.address, maxRows, names[0])
		}
	}
}

func startColumns(names []string, within span) ([]*column, error) {
	columns := make([]*column, 0, len(names))
	for _, name := range names {
		o, known := mib.ByName(name)
		if !known || o.Kind != mib.Column {
			return nil, fmt.Errorf("no column %q in HAWSER-MIB", name)
		}
		at := snmp.OID(o.OID).Append(within.prefix...)
		if within.first > 0 {
			at = at.Append(within.first-1, ^uint32(0)) // the last possible descendant of first-1 lies before first itself
		}
		columns = append(columns, &column{object: o, at: at})
	}
	return columns, nil
}

// take puts one varbind into its row, or ends the column.
func (c *column) take(vb snmp.Varbind, within span, rows map[string]*row) error {
	if c.done {
		return nil
	}
	index := within.index(vb, c.object.OID)
	if index == nil {
		c.done = true
		return nil
	}
	if vb.OID.Compare(c.at) <= 0 {
		return fmt.Errorf("it answers %s after %s: its table does not end", NameOf(vb.OID), NameOf(c.at))
	}
	c.at = vb.OID
	key := snmp.OID(index).String()
	r, ok := rows[key]
	if !ok {
		r = &row{index: index, values: map[string]snmp.Value{}}
		rows[key] = r
	}
	r.values[c.object.Name] = vb.Value
	return nil
}

// index returns the index of a varbind that belongs to the column and the span, nil otherwise.
func (w span) index(vb snmp.Varbind, column []uint32) []uint32 {
	if vb.Value.IsException() || !vb.OID.HasPrefix(column) {
		return nil
	}
	index := vb.OID[len(column):]
	if !index.HasPrefix(w.prefix) {
		return nil
	}
	rest := index[len(w.prefix):]
	if len(rest) == 0 || w.last > 0 && rest[0] > w.last {
		return nil
	}
	return index
}

func sorted(rows map[string]*row) []row {
	out := make([]row, 0, len(rows))
	for _, r := range rows {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b row) int { return slices.Compare(a.index, b.index) })
	return out
}

// scalars reads scalars by name. What the agent does not show is left out.
func (s *Session) scalars(ctx context.Context, names []string) (map[string]snmp.Value, error) {
	oids := make([]snmp.OID, len(names))
	for i, name := range names {
		o, known := mib.ByName(name)
		if !known || o.Kind != mib.Scalar {
			return nil, fmt.Errorf("no scalar %q in HAWSER-MIB", name)
		}
		oids[i] = snmp.OID(o.OID).Append(0)
	}
	vbs, err := s.Get(ctx, oids...)
	if err != nil {
		return nil, err
	}
	values := map[string]snmp.Value{}
	for i, vb := range vbs {
		if i < len(names) && !vb.Value.IsException() {
			values[names[i]] = vb.Value
		}
	}
	return values, nil
}

// SettingInstance is the instance of a hardware setting: node index, scope, and the name with its length.
func SettingInstance(node, scope uint32, name string) []uint32 {
	instance := []uint32{node, scope, uint32(len(name))}
	for _, octet := range []byte(name) {
		instance = append(instance, uint32(octet))
	}
	return instance
}

// Instance is the OID of an object's instance, by the object's name.
func Instance(name string, instance ...uint32) (snmp.OID, mib.Object, error) {
	o, known := mib.ByName(name)
	if !known || o.Kind != mib.Column && o.Kind != mib.Scalar {
		return nil, o, fmt.Errorf("no object %q in HAWSER-MIB: names are spelled as in `hawser mib`", name)
	}
	if o.Kind == mib.Scalar {
		instance = []uint32{0}
	}
	return snmp.OID(o.OID).Append(instance...), o, nil
}
