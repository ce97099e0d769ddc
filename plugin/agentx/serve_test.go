package agentx

import (
	"testing"
	"testing/synctest"
	"time"

	"hawser/mib/snmp"
	"hawser/mib/view"
)

func row(column, line uint32) snmp.OID { return testRoot.Append(2, 1, column, line) }

func TestReadingByTheRFC(t *testing.T) {
	end := testRoot.Append(2, 1, 2) // of a range: column 1 only
	for name, c := range map[string]struct {
		ask  PDU
		want []snmp.OID
		ends []bool // endOfMibView
	}{
		"getNext":                  {PDU{Ranges: []SearchRange{{Start: row(1, 1)}}}, []snmp.OID{row(1, 2)}, []bool{false}},
		"getNext, at the start":    {PDU{Ranges: []SearchRange{{Start: row(1, 1), Include: true}}}, []snmp.OID{row(1, 1)}, []bool{false}},
		"getNext, into a range":    {PDU{Ranges: []SearchRange{{Start: row(1, 99), End: end}}}, []snmp.OID{row(1, 100)}, []bool{false}},
		"getNext, over its end":    {PDU{Ranges: []SearchRange{{Start: row(1, 100), End: end}}}, []snmp.OID{row(1, 100)}, []bool{true}},
		"the end is not in it":     {PDU{Ranges: []SearchRange{{Start: row(1, 99), End: row(1, 100)}}}, []snmp.OID{row(1, 99)}, []bool{true}},
		"getNext, behind all":      {PDU{Ranges: []SearchRange{{Start: row(10, 100)}}}, []snmp.OID{row(10, 100)}, []bool{true}},
		"an unknown context":       {PDU{Context: "db9", Ranges: []SearchRange{{Start: row(1, 1)}}}, []snmp.OID{row(1, 1)}, []bool{true}},
		"a context":                {PDU{Context: "db1", Ranges: []SearchRange{{Start: entityRoot}}}, []snmp.OID{entityRoot.Append(1, 1, 1, 1, 7, 1)}, []bool{false}},
		"getBulk":                  {PDU{Header: Header{Type: TypeGetBulk}, NonRepeaters: 1, MaxRepetitions: 2, Ranges: []SearchRange{{Start: row(3, 1)}, {Start: row(4, 1)}, {Start: row(5, 1)}}}, []snmp.OID{row(3, 2), row(4, 2), row(5, 2), row(4, 3), row(5, 3)}, make([]bool, 5)},
		"getBulk, one column ends": {PDU{Header: Header{Type: TypeGetBulk}, MaxRepetitions: 2, Ranges: []SearchRange{{Start: row(1, 99), End: end}, {Start: row(4, 1)}}}, []snmp.OID{row(1, 100), row(4, 2), row(1, 100), row(4, 3)}, []bool{false, false, true, false}},
		"getBulk, all end":         {PDU{Header: Header{Type: TypeGetBulk}, MaxRepetitions: 50, Ranges: []SearchRange{{Start: row(1, 99), End: end}}}, []snmp.OID{row(1, 100), row(1, 100)}, []bool{false, true}},
		"getBulk of nothing":       {PDU{Header: Header{Type: TypeGetBulk}, MaxRepetitions: 50}, nil, nil},
	} {
		for _, order := range []Flags{FlagNetworkByteOrder, FlagInstanceRegistration} { // any flag but the order's
			inBubble(t, &stock{now: allTypes(), contexts: map[string]*view.View{"db1": entity("x")}}, nil, func(t *testing.T, m *master) {
				ask := c.ask
				if ask.Flags = order; ask.Type == 0 {
					ask.Type = TypeGetNext
				}
				got := m.ask(ask)
				if got.Error != 0 || got.Flags&FlagNetworkByteOrder != order&FlagNetworkByteOrder || len(got.Varbinds) != len(c.want) {
					t.Fatalf("%s: %s, %d varbinds, want %d", name, got.Error, len(got.Varbinds), len(c.want))
				}
				for i, vb := range got.Varbinds {
					if !vb.OID.Equal(c.want[i]) || (vb.Value.Type == snmp.TypeEndOfMibView) != c.ends[i] {
						t.Errorf("%s: varbind %d is %s = %s, want %s, end %t", name, i, vb.OID, vb.Value, c.want[i], c.ends[i])
					}
				}
			})
		}
	}
}

func TestGetBulkIsBounded(t *testing.T) {
	inBubble(t, &stock{now: allTypes()}, nil, func(t *testing.T, m *master) {
		big := PDU{Header: Header{Type: TypeGetBulk}, MaxRepetitions: 65535}
		for column := range uint32(10) {
			big.Ranges = append(big.Ranges, SearchRange{Start: row(column+1, 0)})
		}
		got := m.ask(big)
		if n := len(got.Varbinds); got.Error != 0 || n == 0 || n > snmp.MaxVarbinds+10 || len(got.Append(nil)) > maxAnswer+4096 {
			t.Errorf("%s, %d varbinds, %d octets", got.Error, n, len(got.Append(nil)))
		}
	})
}

func TestWhatIsNotOurs(t *testing.T) {
	inBubble(t, &stock{now: allTypes()}, nil, func(t *testing.T, m *master) {
		stranger := get(row(1, 1))
		stranger.Session = 5
		if got := m.ask(stranger); got.Error != NotOpen {
			t.Errorf("another session: %s, want notOpen", got.Error)
		}
		if got := m.ask(PDU{Header: Header{Type: TypePing}}); got.Error != ParseError {
			t.Errorf("what a master is asked: %s, want parseError", got.Error)
		}
		broken := get(row(1, 1)).appended()
		broken[headerSize] = 200 // more sub-identifiers than there are octets
		m.do(func() { _, _ = m.conn.Write(broken) })
		if got := <-m.answers; got.Error != ParseError {
			t.Errorf("a broken payload: %s, want parseError", got.Error)
		}
		if got := m.ask(get(testRoot.Append(1, 1, 0))); got.Error != 0 || got.Varbinds[0].Value.Int != -7 {
			t.Errorf("afterwards: %s %v", got.Error, got.Varbinds)
		}
	})
}

func (p PDU) appended() []byte {
	p.Flags, p.Session, p.Packet = FlagNetworkByteOrder, masterSession, 999
	return p.Append(nil)
}

// TestLateIsGenErr: a backend that hangs costs every request its deadline and no more; the next ones are not delayed by it.
func TestLateIsGenErr(t *testing.T) {
	b := &stock{now: allTypes()}
	inBubble(t, b, nil, func(t *testing.T, m *master) {
		hang := make(chan struct{})
		b.change(func(b *stock) { b.hang = hang })
		began := time.Now()
		slow := m.send(get(row(1, 1)))
		time.Sleep(2 * handOver) // the turn is given on by then
		b.change(func(b *stock) { b.hang = nil })
		if got := m.ask(get(testRoot.Append(1, 1, 0))); got.Error != 0 || time.Since(began) > 4*handOver {
			t.Errorf("the next one: %s after %s", got.Error, time.Since(began))
		}
		got := m.answer(slow)
		if took := time.Since(began); got.Error != Status(snmp.GenErr) || got.Index != 1 || took < DefaultTimeout || took > DefaultTimeout+3*handOver {
			t.Errorf("the slow one: %s at %d after %s, want genErr at 1 after %s", got.Error, got.Index, took, DefaultTimeout)
		}
		close(hang)
		synctest.Wait()
		select {
		case p := <-m.answers:
			t.Errorf("answered a second time: %+v", p)
		default:
		}
		if s := m.agent.Stats(); s.Late != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// TestTooManyAreRefused: when all that may work hang, the others are refused at once; when the backend is back, all is well.
func TestTooManyAreRefused(t *testing.T) {
	b := &stock{now: allTypes()}
	inBubble(t, b, nil, func(t *testing.T, m *master) {
		hang := make(chan struct{})
		b.change(func(b *stock) { b.hang = hang })
		for range maxBusy {
			m.send(get(row(1, 1)))
			time.Sleep(2 * handOver)
		}
		began := time.Now()
		if got := m.ask(get(row(1, 1))); got.Error != Status(snmp.GenErr) || time.Since(began) > handOver {
			t.Errorf("one too many: %s after %s", got.Error, time.Since(began))
		}
		for range maxBusy {
			if got := <-m.answers; got.Error != Status(snmp.GenErr) {
				t.Errorf("a hanging one: %s", got.Error)
			}
		}
		b.change(func(b *stock) { b.hang = nil })
		close(hang)
		synctest.Wait()
		for range 3 * maxBusy {
			if got := m.ask(get(testRoot.Append(1, 1, 0))); got.Error != 0 {
				t.Errorf("afterwards: %s", got.Error)
			}
		}
	})
}

// trap is a segment that panics.
type trap struct{}

func (trap) Prefix() snmp.OID                   { return testRoot.Append(7) }
func (trap) Get(snmp.OID) (snmp.Value, bool)    { panic("a mistake") }
func (trap) Next(snmp.OID) (snmp.Varbind, bool) { panic("a mistake") }

func TestPanicIsGenErr(t *testing.T) {
	inBubble(t, &stock{now: allTypes().With(trap{})}, nil, func(t *testing.T, m *master) {
		for range maxBusy + 2 {
			if got := m.ask(get(row(1, 1), testRoot.Append(7, 1))); got.Error != Status(snmp.GenErr) || len(got.Varbinds) != 0 {
				t.Errorf("%s, %d varbinds", got.Error, len(got.Varbinds))
			}
		}
		if got := m.ask(get(testRoot.Append(1, 1, 0))); got.Error != 0 || m.agent.Stats().Panics != maxBusy+2 {
			t.Errorf("afterwards: %s, %+v", got.Error, m.agent.Stats())
		}
	})
}

// TestSessionIsKept: pings while it is quiet, none while it is not; a master that forgot us, hangs, or says farewell.
func TestSessionIsKept(t *testing.T) {
	b := &stock{now: allTypes()}
	inBubble(t, b, nil, func(t *testing.T, m *master) {
		time.Sleep(10*pingEvery + pingEvery/2)
		pings := m.count(TypePing)
		if pings < 9 || pings > 11 {
			t.Errorf("%d pings in ten intervals", pings)
		}
		for range 50 {
			m.ask(get(row(1, 1)))
			time.Sleep(pingEvery / 10)
		}
		if n := m.count(TypePing); n > pings+1 {
			t.Errorf("%d pings while the master asks", n-pings)
		}
		for name, lose := range map[string]func(){
			"forgotten": func() { m.do(func() { m.refuse[TypePing] = NotOpen }) },
			"farewell":  func() { m.send(PDU{Header: Header{Type: TypeClose}, Reason: CloseByManager}) },
			"cut":       m.hangUp,
			"hung":      func() { m.do(func() { m.deaf = true }) },
		} {
			before := m.count(TypeRegister)
			lose()
			time.Sleep(pingEvery + callWithin)
			m.do(func() { m.deaf = false; delete(m.refuse, TypePing) })
			time.Sleep(callWithin)
			synctest.Wait()
			if m.count(TypeRegister) == before {
				t.Errorf("%s: not registered again", name)
			}
			if got := m.ask(get(testRoot.Append(1, 1, 0))); got.Error != 0 {
				t.Errorf("%s: %s", name, got.Error)
			}
		}
	})
}

// TestRefusals: of the session, and of a registration, which is tried at growing intervals.
func TestRefusals(t *testing.T) {
	inBubble(t, &stock{now: allTypes()}, nil, func(t *testing.T, m *master) {
		m.do(func() { m.refuse[TypeRegister] = DuplicateRegistration })
		m.hangUp()
		before := m.count(TypeRegister)
		time.Sleep(time.Minute)
		if n := m.count(TypeRegister) - before; n < 4 || n > 8 {
			t.Errorf("%d tries in a minute, want them at 0, 1, 3, 7, 15, 31 seconds", n)
		}
		m.do(func() { delete(m.refuse, TypeRegister) })
		time.Sleep(lastRetry)
		if got := m.ask(get(testRoot.Append(1, 1, 0))); got.Error != 0 {
			t.Errorf("%s", got.Error)
		}
		m.do(func() { m.refuse[TypeOpen] = RequestDenied })
		m.hangUp()
		time.Sleep(10 * time.Second)
		m.do(func() { delete(m.refuse, TypeOpen) })
		time.Sleep(time.Second)
		if got := m.ask(get(testRoot.Append(1, 1, 0))); got.Error != 0 {
			t.Errorf("%s", got.Error)
		}
	})
}

// TestFarewell: the end of the agent closes the session as the RFC wants it.
func TestFarewell(t *testing.T) {
	var last PDU
	inBubble(t, &stock{now: allTypes()}, nil, func(t *testing.T, m *master) {
		m.agent.current.Load().leave()
		synctest.Wait()
		m.do(func() { last = m.asked[len(m.asked)-1] })
	})
	if last.Type != TypeClose || last.Reason != CloseShutdown || last.Session != masterSession {
		t.Errorf("%+v", last)
	}
}

func TestNotify(t *testing.T) {
	inBubble(t, &stock{now: allTypes()}, nil, func(t *testing.T, m *master) {
		if err := m.agent.Notify(testRoot.Append(0, 3), []snmp.Varbind{{OID: row(1, 1), Value: snmp.Integer(3)}}); err != nil {
			t.Fatal(err)
		}
		var got PDU
		m.do(func() { got = m.asked[len(m.asked)-1] })
		if got.Type != TypeNotify || len(got.Varbinds) != 2 || got.Varbinds[0].Value.String() != testRoot.Append(0, 3).String() {
			t.Errorf("%+v", got)
		}
		m.do(func() { m.refuse[TypeNotify] = ProcessingError })
		if err := m.agent.Notify(testRoot, nil); err == nil {
			t.Error("a refusal was not told")
		}
		m.do(func() { m.refuse[TypeOpen] = OpenFailed })
		m.hangUp()
		synctest.Wait()
		if err := m.agent.Notify(testRoot, nil); err == nil {
			t.Error("without a session it was told nobody")
		}
	})
}

// computed is a segment without a table: its rows are 0 to 9.
type computed struct{ prefix snmp.OID }

func (c computed) Prefix() snmp.OID { return c.prefix }

func (c computed) Get(oid snmp.OID) (snmp.Value, bool) {
	if len(oid) != len(c.prefix)+1 || !oid.HasPrefix(c.prefix) || oid[len(c.prefix)] > 9 {
		return snmp.Value{}, false
	}
	return snmp.Gauge(oid[len(c.prefix)]), true
}

func (c computed) Next(oid snmp.OID) (snmp.Varbind, bool) {
	for i := range uint32(10) {
		if name := c.prefix.Append(i); name.Compare(oid) > 0 {
			return snmp.Varbind{OID: name, Value: snmp.Gauge(i)}, true
		}
	}
	return snmp.Varbind{}, false
}

// TestCursorOwnsItsName: the next request is decoded where the one before was; a cursor that is kept must not take its name
// for that on which it stands.
func TestCursorOwnsItsName(t *testing.T) {
	late := computed{testRoot.Append(7)}
	early := computed{testRoot.Append(3)}
	inBubble(t, &stock{now: allTypes().With(early).With(late)}, nil, func(t *testing.T, m *master) {
		for _, c := range []struct {
			start   snmp.OID
			include bool
			want    snmp.OID
		}{
			{late.prefix.Append(4), true, late.prefix.Append(4)},
			{early.prefix.Append(4), false, early.prefix.Append(5)}, // as long as the one before
			{late.prefix.Append(4), true, late.prefix.Append(4)},
			{late.prefix.Append(4), false, late.prefix.Append(5)}, // goes on
			{late.prefix.Append(5), false, late.prefix.Append(6)},
		} {
			got := m.ask(PDU{Header: Header{Type: TypeGetNext}, Ranges: []SearchRange{{Start: c.start, Include: c.include}}})
			if len(got.Varbinds) != 1 || !got.Varbinds[0].OID.Equal(c.want) {
				t.Errorf("after %s, include %t: %v, want %s", c.start, c.include, got.Varbinds, c.want)
			}
		}
	})
}
