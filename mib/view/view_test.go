package view

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hawser/mib/snmp"
)

var root = snmp.OID{1, 3, 6, 1, 4, 1, 32473, 1}

func row(value int32, subs ...uint32) snmp.Varbind {
	return snmp.Varbind{OID: root.Append(subs...), Value: snmp.Integer(value)}
}

// lazy is a segment that computes its rows: an instance i for each i below count.
type lazy struct {
	prefix snmp.OID
	count  uint32
}

func (l lazy) Prefix() snmp.OID { return l.prefix }

func (l lazy) Get(oid snmp.OID) (snmp.Value, bool) {
	if len(oid) != len(l.prefix)+1 || !oid.HasPrefix(l.prefix) || oid[len(l.prefix)] >= l.count {
		return snmp.Value{}, false
	}
	return snmp.Gauge(oid[len(l.prefix)]), true
}

func (l lazy) Next(oid snmp.OID) (snmp.Varbind, bool) {
	for i := range l.count {
		if name := l.prefix.Append(i); name.Compare(oid) > 0 {
			return snmp.Varbind{OID: name, Value: snmp.Gauge(i)}, true
		}
	}
	return snmp.Varbind{}, false
}

func testView() *View {
	known := func(oid snmp.OID) bool { return oid.HasPrefix(root.Append(2)) }
	return New(known,
		NewTable(root.Append(3), nil),
		NewTable(root.Append(2), []snmp.Varbind{row(22, 2, 2), row(21, 2, 1), row(210, 2, 1, 0)}),
		lazy{root.Append(5), 3},
		NewTable(root.Append(9), []snmp.Varbind{row(9, 9)}),
	)
}

func TestGet(t *testing.T) {
	v := testView()
	for _, c := range []struct {
		oid  snmp.OID
		want string
	}{
		{root.Append(2, 1), "21"},
		{root.Append(2, 1, 0), "210"},
		{root.Append(5, 2), "2"},
		{root.Append(9), "9"},
		{root.Append(2, 3), "noSuchInstance"},
		{root.Append(5, 3), "noSuchObject"},
		{root.Append(4), "noSuchObject"},
		{root, "noSuchObject"},
		{nil, "noSuchObject"},
	} {
		if got := v.Get(c.oid).String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.oid, got, c.want)
		}
	}
}

func TestNext(t *testing.T) {
	v := testView()
	var got []string
	vb := v.Next(nil)
	for ; vb.Value.Type != snmp.TypeEndOfMibView; vb = v.Next(vb.OID) {
		got = append(got, strings.TrimPrefix(vb.OID.String(), root.String()+".")+"="+vb.Value.String())
	}
	want := "2.1=21 2.1.0=210 2.2=22 5.0=0 5.1=1 5.2=2 9=9"
	if strings.Join(got, " ") != want || !vb.OID.Equal(root.Append(9)) {
		t.Errorf("got %s, end at %s, want %s", strings.Join(got, " "), vb.OID, want)
	}
	if vb := v.Next(snmp.OID{2}); vb.Value.Type != snmp.TypeEndOfMibView || !vb.OID.Equal(snmp.OID{2}) {
		t.Errorf("after the end: %v", vb)
	}
}

func TestWithLeavesTheOldViewAlone(t *testing.T) {
	old := testView()
	next := old.With(NewTable(root.Append(2), []snmp.Varbind{row(1, 2, 7)}), NewTable(root.Append(1), []snmp.Varbind{row(2, 1)}))
	if got := old.Next(nil).Value; got.Int != 21 {
		t.Errorf("the old view begins with %s", got)
	}
	if got := next.Next(nil).Value; got.Int != 2 {
		t.Errorf("the new view begins with %s", got)
	}
	if got := next.Get(root.Append(2, 1)); got.Type != snmp.TypeNoSuchInstance {
		t.Errorf("a replaced row is still there: %s", got)
	}
	if got := next.Get(root.Append(9)); got.Int != 9 {
		t.Errorf("a kept row is %s", got)
	}
}

func TestMistakesPanic(t *testing.T) {
	for name, mistake := range map[string]func(){
		"row outside":     func() { NewTable(root.Append(2), []snmp.Varbind{row(1, 3)}) },
		"row twice":       func() { NewTable(root, []snmp.Varbind{row(1, 3), row(2, 3)}) },
		"segment under":   func() { testView().With(NewTable(root.Append(2, 1), nil)) },
		"segment over":    func() { testView().With(NewTable(root, nil)) },
		"under a far one": func() { New(nil, lazy{root, 1}, lazy{root.Append(5), 1}) },
	} {
		func() {
			defer func() {
				if cause, _ := recover().(string); !strings.HasPrefix(cause, "view: ") {
					t.Errorf("%s: panic %q", name, cause)
				}
			}()
			mistake()
		}()
	}
}

// liar is a segment whose Next stands still, and one that leaves its prefix.
type liar struct {
	prefix snmp.OID
	answer snmp.OID
}

func (l liar) Prefix() snmp.OID                   { return l.prefix }
func (l liar) Get(snmp.OID) (snmp.Value, bool)    { return snmp.Value{}, false }
func (l liar) Next(snmp.OID) (snmp.Varbind, bool) { return snmp.Varbind{OID: l.answer}, true }

// TestWalkerOwnsItsNames: who asks may use the space of the name again.
func TestWalkerOwnsItsNames(t *testing.T) {
	w, name := testView().Walk(), root.Append(5, 1)
	found, ok := w.From(name)
	clear(name)
	if !ok || !found.OID().Equal(root.Append(5, 1)) {
		t.Errorf("found %s, want %s", found.OID(), root.Append(5, 1))
	}
	if next, ok := w.Next(); !ok || !next.OID().Equal(root.Append(5, 2)) {
		t.Errorf("then %s, want %s", next.OID(), root.Append(5, 2))
	}
}

func TestWalkEndsWhateverASegmentSays(t *testing.T) {
	v := New(nil, liar{root.Append(1), root.Append(1, 1)}, liar{root.Append(2), root.Append(7)}, NewTable(root.Append(9), []snmp.Varbind{row(9, 9)}))
	w, count := v.Walk(), 0
	for _, ok := w.Next(); ok; _, ok = w.Next() {
		count++
	}
	if count != 2 {
		t.Errorf("%d rows, want 2: the one that stands still, and the table", count)
	}
}

// TestAgainstAPlainList compares views of random rows with a sorted list, asked for random names.
func TestAgainstAPlainList(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	name := func() snmp.OID {
		oid := root.Append(random.Uint32N(6))
		for range random.IntN(4) {
			oid = append(oid, random.Uint32N(4))
		}
		return oid
	}
	for range 300 {
		tables, plain := make(map[uint32][]snmp.Varbind), []snmp.OID{}
		for range random.IntN(60) {
			oid := name()
			if !slices.ContainsFunc(plain, oid.Equal) {
				plain = append(plain, oid)
				tables[oid[len(root)]] = append(tables[oid[len(root)]], snmp.Varbind{OID: oid, Value: snmp.Null()})
			}
		}
		slices.SortFunc(plain, snmp.OID.Compare)
		var segments []Segment
		for arc, rows := range tables {
			segments = append(segments, NewTable(root.Append(arc), rows))
		}
		v := New(nil, segments...)
		for range 60 {
			checkName(t, v, plain, name())
		}
	}
}

func checkName(t *testing.T, v *View, plain []snmp.OID, oid snmp.OID) {
	t.Helper()
	at, found := slices.BinarySearchFunc(plain, oid, snmp.OID.Compare)
	if got := v.Get(oid).Type == snmp.TypeNull; got != found {
		t.Fatalf("get %s: found %t, want %t", oid, got, found)
	}
	w := v.Walk()
	checkRows(t, plain[at:], &w, w.From, oid)
	if found {
		at++
	}
	checkRows(t, plain[at:], &w, w.After, oid)
}

func checkRows(t *testing.T, want []snmp.OID, w *Walker, seek func(snmp.OID) (Row, bool), oid snmp.OID) {
	t.Helper()
	row, ok := seek(oid)
	for _, next := range want {
		if !ok || !row.OID().Equal(next) {
			t.Fatalf("from %s: got %s %t, want %s", oid, row.OID(), ok, next)
		}
		if string(row.AppendBER(nil)) != string(snmp.AppendVarbind(nil, row.Varbind())) {
			t.Fatalf("%s has two encodings", next)
		}
		row, ok = w.Next()
	}
	if ok {
		t.Fatalf("from %s: %s after the end", oid, row.OID())
	}
}

func TestBackendWords(t *testing.T) {
	by := Setter{User: "policy", Address: "192.0.2.1", Via: ViaSNMP}
	if got, want := by.String(), "policy@192.0.2.1 by snmp"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	refused := &SetError{Status: snmp.WrongValue, Index: 2}
	if got, want := refused.Error(), "wrongValue for varbind 2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Via(9).String(), "via(9)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func BenchmarkNewTable(b *testing.B) {
	var rows []snmp.Varbind
	for i := range uint32(10000) {
		rows = append(rows, row(int32(i), 1, 1, i%10+1, i/10+1))
	}
	slices.SortFunc(rows, func(a, b snmp.Varbind) int { return a.OID.Compare(b.OID) })
	for b.Loop() {
		table := NewTable(root, rows)
		table.encode.Do(table.encodeRows)
	}
}
