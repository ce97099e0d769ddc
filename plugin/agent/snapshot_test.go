package agent

import (
	"context"
	"sync"
	"testing"

	"hawser/mib/snmp"
	"hawser/mib/view"
)

// turning is a backend that publishes a new view each time it is told to: all its rows hold the same number.
type turning struct {
	memory
	now int32
}

func (b *turning) turn() {
	var rows []snmp.Varbind
	for i := range uint32(50) {
		rows = append(rows, snmp.Varbind{OID: testState.Append(i, 0), Value: snmp.Integer(b.now)})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now++
	b.cached = view.New(nil, view.NewTable(testState, rows))
}

// TestOneRequestReadsOneSnapshot reads with four managers while views are swapped as fast as they can be.
func TestOneRequestReadsOneSnapshot(t *testing.T) {
	b := &turning{}
	b.turn()
	a := startAgent(t, testConfig(t), b)
	ctx, cancel := context.WithCancel(t.Context())
	var turner, readers sync.WaitGroup
	turner.Go(func() {
		for ctx.Err() == nil {
			b.turn()
		}
	})
	for range 4 {
		client := newClient(t, a, "reader01")
		readers.Go(func() {
			last := int64(0)
			for range 50 {
				binds, err := client.Bulk(t.Context(), 50, testState)
				if err != nil {
					t.Error(err)
					return
				}
				for _, vb := range binds {
					if vb.Value.Int != binds[0].Value.Int {
						t.Errorf("%d and %d in one answer", vb.Value.Int, binds[0].Value.Int)
						return
					}
				}
				if binds[0].Value.Int < last {
					t.Errorf("%d after %d", binds[0].Value.Int, last)
				}
				last = binds[0].Value.Int
			}
		})
	}
	readers.Wait()
	cancel()
	turner.Wait()
}
