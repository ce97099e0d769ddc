package view

import (
	"fmt"
	"sync"
	"testing"

	"hawser/mib/snmp"
)

// TestForms reads rows in two forms, by many at once: each is what its form writes, whether it was encoded before or not.
func TestForms(t *testing.T) {
	form := func(name string) *Form {
		return NewForm(func(dst []byte, vb snmp.Varbind) []byte { return fmt.Appendf(dst, "%s %s=%s", name, vb.OID, vb.Value) })
	}
	var rows []snmp.Varbind
	for i := range uint32(200) {
		rows = append(rows, row(int32(i), 1, i))
	}
	v := New(nil, NewTable(root.Append(1), rows), lazy{root.Append(5), 3})
	one, two := form("one"), form("two")
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 3 {
				n := 0
				w := v.Walk()
				for r, ok := w.Next(); ok; r, ok = w.Next() {
					for name, f := range map[string]*Form{"one": one, "two": two} {
						want := fmt.Sprintf("- %s %s=%s", name, r.OID(), r.Value())
						if got := string(r.Append([]byte("- "), f)); got != want {
							t.Errorf("got %q, want %q", got, want)
						}
					}
					n++
				}
				if n != 203 {
					t.Errorf("%d rows", n)
				}
			}
		})
	}
	readers.Wait()
	table := v.segments[0].(*Table)
	if done := table.form.form.Load(); done != one && done != two {
		t.Error("a table that is read a lot was not encoded")
	}
	few := NewTable(root, rows)
	r := Row{table: few, index: 7}
	if r.Append(nil, one); few.form.form.Load() != nil {
		t.Error("a table was encoded for one value")
	}
}
