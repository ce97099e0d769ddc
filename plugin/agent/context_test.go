package agent

import (
	"testing"

	"hawser/fixtures/need"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// plural is a backend with another context.
type plural struct {
	*memory
	other string
	view  *view.View
}

func (p *plural) Contexts() []string { return []string{p.other} }

func (p *plural) Context(name string) (*view.View, bool) {
	switch name {
	case "":
		return p.View(), true
	case p.other:
		return p.view, true
	}
	return nil, false
}

// TestContexts: one object has another value in another context, for those who may read it. Nothing is set there, and a
// context that is not there is reported and counted.
func TestContexts(t *testing.T) {
	for _, program := range []string{"snmpget", "snmpwalk", "snmpset"} {
		need.Program(t, program)
	}
	backend := &plural{memory: newMemory(testRows()...), other: "node2", view: view.New(nil,
		view.NewTable(testState, []snmp.Varbind{{OID: testState.Append(1, 0), Value: snmp.String("beta")}}),
		view.NewTable(testPolicy, []snmp.Varbind{{OID: testPolicy.Append(1, 0), Value: snmp.Integer(50)}}),
		view.NewTable(secretTree, []snmp.Varbind{{OID: secretTree.Append(1, 0), Value: snmp.String("hidden")}}),
	)}
	a := startAgent(t, testConfig(t), backend)
	state, policy, secret := testState.String()+".1.0", testPolicy.String()+".1.0", secretTree.String()+".1.0"
	for _, c := range []struct {
		name, program, user, context string
		args                         []string
		want                         string
		done                         bool
	}{
		{"default", "snmpget", "reader01", "", []string{state}, "alpha", true},
		{"other", "snmpget", "reader01", "node2", []string{state}, "beta", true},
		{"walk", "snmpwalk", "reader01", "node2", []string{"1.3"}, "INTEGER: 50", true},
		{"outside the role", "snmpget", "reader01", "node2", []string{secret}, "No Such Object", true},
		{"inside the role", "snmpget", "policy01", "node2", []string{secret}, "hidden", true},
		{"what is only in the default one", "snmpget", "policy01", "node2", []string{testState.String() + ".2.0"}, "No Such", true},
		{"the agent's own is in the default one", "snmpget", "policy01", "node2", []string{"1.3.6.1.2.1.1.5.0"}, "No Such Object", true},
		{"set", "snmpset", "policy01", "node2", []string{policy, "i", "7"}, "authorizationError", false},
		{"unknown", "snmpget", "reader01", "node3", []string{state}, "Bad context specified", false},
		{"unknown set", "snmpset", "policy01", "node3", []string{policy, "i", "7"}, "Bad context specified", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, ok := netsnmp(t, c.program, append(as(c.user), "-n", c.context), a.Addrs()[0], c.args...)
			if ok != c.done {
				t.Errorf("exit 0: %t, want %t", ok, c.done)
			}
			wantAll(t, out, []string{c.want})
		})
	}
	if n := backend.committed(); n != 0 {
		t.Errorf("%d SETs were carried out", n)
	}
	if n := a.Stats().UnknownContexts; n < 2 {
		t.Errorf("%d requests for unknown contexts counted, want 2", n)
	}
}
