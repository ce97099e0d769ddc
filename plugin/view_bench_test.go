package plugin

import (
	"fmt"
	"testing"

	"hawser/cluster"
	"hawser/mib"
	"hawser/mib/snmp"
)

// sevenNodes is a cluster of seven nodes with two stacks of five services, 60 components, 60 sensors and 400 settings a
// node.
func sevenNodes() *cluster.Snapshot {
	snap := richSnapshot()
	s := snap.State
	s.Spec.Nodes, s.Spec.Stacks = nil, nil
	hardware := *s.Hardware["db1"]
	for n := range 7 {
		name := fmt.Sprintf("node%d", n+1)
		s.Spec.Nodes = append(s.Spec.Nodes, cluster.NodeSpec{
			Name: name, Role: cluster.RoleResource, Addresses: []string{fmt.Sprintf("10.0.0.%d", n+1), fmt.Sprintf("10.1.0.%d", n+1)}, HasBMC: true,
		})
		s.Indexes["node"].Names[name] = uint32(n + 1)
		s.Nodes[name] = richNode("0.1.0", byte(n))
		s.Indexes[hwKind(name)] = cluster.IndexTable{Names: map[string]uint32{}}
		hw := hardware
		hw.Node, hw.Components, hw.Sensors, hw.Settings = name, nil, nil, nil
		for i := range 60 {
			part, sensor := hardware.Components[1], hardware.Sensors[0]
			part.Key, sensor.Key = fmt.Sprint("part", i), fmt.Sprint("sensor", i)
			hw.Components, hw.Sensors = append(hw.Components, part), append(hw.Sensors, sensor)
			s.Indexes[hwKind(name)].Names[part.Key] = uint32(2*i + 1)
			s.Indexes[hwKind(name)].Names[sensor.Key] = uint32(2*i + 2)
		}
		for i := range 400 {
			setting := hardware.Settings[0]
			setting.Name = fmt.Sprintf("ProcessorSettingOfSomeLength%d", i)
			hw.Settings = append(hw.Settings, setting)
		}
		s.Hardware[name] = &hw
	}
	for st := range 2 {
		stack := cluster.StackSpec{Name: fmt.Sprint("stack", st)}
		s.Indexes["stack"].Names[stack.Name] = uint32(st + 1)
		for sv := range 5 {
			service := cluster.ServiceSpec{Name: fmt.Sprint("service", st, sv), Mode: cluster.ModeActiveStandby, Policy: cluster.DefaultPolicy()}
			stack.Services = append(stack.Services, service)
			s.Indexes["service"].Names[service.Name] = uint32(5*st + sv + 1)
		}
		s.Spec.Stacks = append(s.Spec.Stacks, stack)
	}
	return snap
}

// BenchmarkViewAfterAChange is what one change of the cluster costs: all but the long tables of hardware.
func BenchmarkViewAfterAChange(b *testing.B) {
	snap := sevenNodes()
	source := newFakeSource(snap)
	publisher := newTestPublisher(source)
	publisher.refresh(true)
	b.ReportAllocs()
	for b.Loop() {
		state := *snap.State
		next := *snap
		next.State = &state
		source.snap = &next
		publisher.refresh(true)
	}
	b.ReportMetric(float64(total(publisher.current.Load().sizes)), "varbinds")
}

// BenchmarkViewWhole is what the first view costs.
func BenchmarkViewWhole(b *testing.B) {
	source := newFakeSource(sevenNodes())
	b.ReportAllocs()
	for b.Loop() {
		newTestPublisher(source).refresh(true)
	}
}

// BenchmarkEventWalk is what one variable of a walk through hawserEventTable costs.
func BenchmarkEventWalk(b *testing.B) {
	source := longSource(1, 2000)
	events, _, _ := segmentsOf(source)
	at := snmp.OID(mib.HawserEventTable)
	b.ReportAllocs()
	for b.Loop() {
		vb, ok := events.Next(at)
		if !ok {
			at = snmp.OID(mib.HawserEventTable)
			continue
		}
		at = vb.OID
	}
}
