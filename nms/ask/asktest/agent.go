package asktest

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"hawser/mib"
	"hawser/mib/snmp"
)

// User is a user of the agent with its role.
type User struct {
	snmp.User
	Role string
}

// Users are one user per role, with SHA-256 and AES; the passphrases are the names twice.
func Users() map[string]User {
	users := map[string]User{}
	for _, role := range mib.Roles {
		name := role.Name + "User"
		users[role.Name] = User{Role: role.Name, User: snmp.User{
			Name: name, Auth: snmp.SHA256, AuthPassphrase: name + name, Priv: snmp.AES128, PrivPassphrase: name + name,
		}}
	}
	return users
}

// Agent is one agent. Its fields that begin with Fail or Silent may be changed under Do.
type Agent struct {
	tb        testing.TB
	conn      *net.UDPConn
	authority *snmp.Authority
	roles     map[string]mib.Role
	started   time.Time
	engineID  []byte

	mu     sync.Mutex // guards the fields below
	rows   []snmp.Varbind
	serial int32
	tokens map[string]result
	writes uint32
	knobs  Knobs
	sets   int
	before []snmp.Varbind // what was before the last SET, while LagReads lasts
}

// Knobs are what a test may make go wrong.
type Knobs struct {
	Silent        bool   // nothing is answered
	SwallowSets   int    // so many SETs are carried out, but not answered
	DropSets      int    // so many SETs are neither carried out nor answered
	RaceSets      int    // before so many SETs somebody else's comes
	RefuseSet     string // every SET of this object is refused with this reason, as in "hawserServiceReaction"
	HoldJobs      bool   // jobs never end
	IgnoreSets    bool   // SETs are accepted without effect
	LagReads      int    // so many GETs after a SET still see what was before it, as at a node that is behind its leader
	MaxRepetition int    // rows per GETBULK; 0: as asked
	MaxVarbinds   int    // per GETBULK, as where an answer is cut in the midst of a row; 0: as asked

	Meddle *Meddling // what somebody sets, once
}

// Meddling is a change right behind the answer to a GET or GETBULK of an object: a SET of somebody else, or a row that ages
// out.
type Meddling struct {
	After    string // the object whose reading it follows
	Object   string
	Instance []uint32
	Value    any
	Drop     string // the table whose row Instance goes at the same time
}

// result is the remembered end of a SET.
type result struct {
	varbinds string
	status   snmp.ErrorStatus
	index    int
}

// New starts an agent on a port of the kernel's choice.
func New(tb testing.TB) *Agent {
	tb.Helper()
	a := &Agent{tb: tb, roles: map[string]mib.Role{}, started: time.Now(), engineID: snmp.NewEngineID(mib.PEN), serial: 100, tokens: map[string]result{}}
	var plain []snmp.User
	for _, u := range Users() {
		plain = append(plain, u.User)
		a.roles[u.Name], _ = mib.RoleByName(u.Role)
	}
	keys, err := snmp.NewKeyring(plain...)
	if err != nil {
		tb.Fatal(err)
	}
	a.authority = snmp.NewAuthority(func() snmp.Engine {
		return snmp.Engine{ID: a.engineID, Boots: 1, Time: uint32(time.Since(a.started) / time.Second)}
	}, keys)
	if a.conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); a.serve() }()
	tb.Cleanup(func() { _ = a.conn.Close(); <-done })
	a.Put("hawserConfigSerial", nil, 100)
	a.Put("hawserWriteToken", nil, "")
	return a
}

// Address is where the agent answers.
func (a *Agent) Address() string { return a.conn.LocalAddr().String() }

// EngineID is the agent's engine.
func (a *Agent) EngineID() []byte { return a.engineID }

// Turn changes what goes wrong.
func (a *Agent) Turn(change func(*Knobs)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.knobs)
}

// Sets is the number of SETs that had an effect.
func (a *Agent) Sets() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sets
}

// Put gives an object's instance a value: text or the label of an enumeration, a number, true or false, a time.
func (a *Agent) Put(name string, instance []uint32, value any) {
	a.tb.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.put(name, instance, value)
}

func (a *Agent) put(name string, instance []uint32, value any) {
	o, known := mib.ByName(name)
	if !known {
		a.tb.Fatalf("no object %s", name)
	}
	if o.Kind == mib.Scalar {
		instance = []uint32{0}
	}
	v, err := encode(o, value)
	if err != nil {
		a.tb.Fatalf("%s: %v", name, err)
	}
	a.store(snmp.Varbind{OID: snmp.OID(o.OID).Append(instance...), Value: v})
}

func (a *Agent) store(vb snmp.Varbind) {
	i, found := slices.BinarySearchFunc(a.rows, vb.OID, func(r snmp.Varbind, oid snmp.OID) int { return r.OID.Compare(oid) })
	if found {
		a.rows[i] = vb
		return
	}
	a.rows = slices.Insert(a.rows, i, vb)
}

// Drop removes a row of a table, or all rows whose index begins with instance.
func (a *Agent) Drop(table string, instance ...uint32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drop(table, instance)
}

func (a *Agent) drop(table string, instance []uint32) {
	o, _ := mib.ByName(table)
	entry := len(o.OID) + 2 // the row and the column
	a.rows = slices.DeleteFunc(a.rows, func(r snmp.Varbind) bool {
		return r.OID.HasPrefix(o.OID) && len(r.OID) >= entry+len(instance) && slices.Equal(r.OID[entry:entry+len(instance)], instance)
	})
}

// Text is the value of an instance, as text.
func (a *Agent) Text(name string, instance ...uint32) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text(name, instance...)
}

func (a *Agent) text(name string, instance ...uint32) string {
	o, _ := mib.ByName(name)
	if o.Kind == mib.Scalar {
		instance = []uint32{0}
	}
	v := a.get(snmp.OID(o.OID).Append(instance...))
	if label := o.Label(v.Int); label != "" {
		return label
	}
	return v.String()
}

func encode(o mib.Object, value any) (snmp.Value, error) {
	switch value := value.(type) {
	case string:
		if n, isLabel := o.Number(value); isLabel {
			return snmp.Integer(int32(n)), nil
		}
		if o.Base == mib.OctetString {
			return snmp.String(value), nil
		}
	case []byte:
		return snmp.Octets(value), nil
	case bool:
		if value {
			return snmp.Integer(1), nil
		}
		return snmp.Integer(2), nil
	case time.Time:
		return snmp.Octets(dateAndTime(value)), nil
	case int:
		switch o.Base {
		case mib.Unsigned32, mib.Gauge32:
			return snmp.Gauge(uint32(value)), nil
		case mib.Counter32:
			return snmp.Counter32(uint32(value)), nil
		case mib.Counter64:
			return snmp.Counter64(uint64(value)), nil
		case mib.TimeTicks:
			return snmp.TimeTicks(uint32(value)), nil
		case mib.Integer32:
			return snmp.Integer(int32(value)), nil
		}
	}
	return snmp.Value{}, fmt.Errorf("%v does not fit", value)
}

// Encode is the value of an object for a varbind, in the forms that Put takes.
func Encode(tb testing.TB, name string, value any) snmp.Varbind {
	tb.Helper()
	o, known := mib.ByName(name)
	if !known {
		tb.Fatalf("no object %s", name)
	}
	v, err := encode(o, value)
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	return snmp.Varbind{OID: o.OID, Value: v}
}

func dateAndTime(t time.Time) []byte {
	t = t.UTC()
	b := binary.BigEndian.AppendUint16(nil, uint16(t.Year()))
	return append(b, byte(t.Month()), byte(t.Day()), byte(t.Hour()), byte(t.Minute()), byte(t.Second()), byte(t.Nanosecond()/100_000_000), '+', 0, 0)
}
