package redfish

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/stmcginnis/gofish/schemas"
)

// part is what one branch of a collection found.
type part struct {
	components []Component
	sensors    []Sensor
	problems   []string
	powerLimit *float64
	bmcVersion string
}

func (p *part) problem(path string, err error) {
	p.problems = append(p.problems, fmt.Sprintf("%s: %v", path, err))
}

// merge appends o to p.
func (p *part) merge(o part) {
	p.components = append(p.components, o.components...)
	p.sensors = append(p.sensors, o.sensors...)
	p.problems = append(p.problems, o.problems...)
	if p.powerLimit == nil {
		p.powerLimit = o.powerLimit
	}
	p.bmcVersion = first(p.bmcVersion, o.bmcVersion)
}

// branch reads one part of the tree; its error becomes a problem.
type branch func(ctx context.Context) part

// Collect reads the whole machine: inventory, health and sensors. A part that
// cannot be read is a line in Problems; without the system itself, or past
// the deadline of ctx, there is no inventory.
func (b *BMC) Collect(ctx context.Context) (*Inventory, error) {
	sys, err := b.system(ctx, b.c.bulk)
	if err != nil {
		return nil, b.errorf("collect", err)
	}
	inv := &Inventory{System: systemValues(sys)}
	home := firstLink(sys.refs.Links.Chassis)
	all := b.parallel(ctx,
		b.managers(sys, home),
		b.processors(sys.refs.Processors, home),
		b.memory(sys.refs.Memory, home),
		b.storage(sys.refs, home),
		b.ports(sys.refs.EthernetInterfaces, home),
		b.allChassis(sys, chassisWhole),
	)
	if err := ctx.Err(); err != nil {
		return nil, b.errorf("collect", context.Cause(ctx))
	}
	inv.Components, inv.Sensors = distinct(all.components), all.sensors
	settle(inv.Sensors, inv.Components, home)
	inv.Problems = all.problems
	inv.System.PowerLimitWatts, inv.System.BMCVersion = all.powerLimit, all.bmcVersion
	inv.CollectedAt = time.Now()
	stampReadings(inv.Sensors, inv.CollectedAt)
	inv.explain()
	return inv, nil
}

// Health reads the system's own summary in one request.
func (b *BMC) Health(ctx context.Context) (*HealthStatus, error) {
	sys, err := b.system(ctx, b.c.bulk)
	if err != nil {
		return nil, b.errorf("health", err)
	}
	v := systemValues(sys)
	return &HealthStatus{
		UUID: v.UUID, PowerState: v.PowerState, Health: v.Health, HealthReason: v.HealthReason, CollectedAt: time.Now(),
	}, nil
}

// Sensors reads thermal, power and sensor readings, without the inventory.
func (b *BMC) Sensors(ctx context.Context) (*Readings, error) {
	sys, err := b.system(ctx, b.c.bulk)
	if err != nil {
		return nil, b.errorf("sensors", err)
	}
	all := b.allChassis(sys, chassisReadings)(ctx)
	if ctx.Err() != nil {
		return nil, b.errorf("sensors", context.Cause(ctx))
	}
	r := &Readings{Sensors: all.sensors, Problems: all.problems, CollectedAt: time.Now()}
	stampReadings(r.Sensors, r.CollectedAt)
	return r, nil
}

// parallel runs the branches at once and joins what they found in their order.
func (b *BMC) parallel(ctx context.Context, bs ...branch) part {
	found := make([]part, len(bs))
	var wg sync.WaitGroup
	for i, br := range bs {
		wg.Go(func() { found[i] = br(ctx) })
	}
	wg.Wait()
	var out part
	for _, p := range found {
		out.merge(p)
	}
	return out
}

// each reads the collection at l and turns each member into components; what
// fails is a problem, and a component of unknown health where its path is
// known.
func (b *BMC) each(ctx context.Context, l link, class Class, parent string, add func(*part, member) error) part {
	var p part
	if l == "" {
		return p
	}
	ms, err := b.members(ctx, l, revalidate)
	if err != nil {
		if !absent(err) {
			p.problem(string(l), err)
		}
		return p
	}
	p.addAll(ms, class, parent, add)
	return p
}

func (p *part) addAll(ms []member, class Class, parent string, add func(*part, member) error) {
	for _, m := range ms {
		err := m.err
		if err == nil {
			err = add(p, m)
		}
		if err != nil {
			p.problem(m.path, err)
			p.components = append(p.components, Component{
				Path: m.path, Parent: parent, Class: class, Name: lastElement(m.path), Health: HealthUnknown,
			})
		}
	}
}

// absent reports whether the BMC simply does not have a resource that is
// optional.
func absent(err error) bool {
	st := statusOf(err)
	return st == 404 || st == 410 || st == 501
}

func firstLink(ls links) string {
	if len(ls) == 0 {
		return ""
	}
	return trimPath(string(ls[0]))
}

// distinct drops parts listed twice, as drives under a chassis and a storage.
func distinct(cs []Component) []Component {
	seen := make(map[string]bool, len(cs))
	out := cs[:0:0]
	for _, c := range cs {
		key := strings.ToLower(c.Path)
		if !seen[key] {
			seen[key] = true
			out = append(out, c)
		}
	}
	return out
}

func stampReadings(ss []Sensor, at time.Time) {
	for i := range ss {
		if ss[i].ReadingTime.IsZero() {
			ss[i].ReadingTime = at
		}
	}
}

func systemValues(s *systemResource) System {
	v := System{
		Path: trimPath(s.ODataID), ID: s.ID, Name: clean(s.Name),
		Manufacturer: clean(s.Manufacturer), Model: clean(s.Model), Serial: clean(s.SerialNumber), UUID: clean(s.UUID),
		BIOSVersion: clean(s.BiosVersion), PowerState: powerState(string(s.PowerState)),
		Health:       statusHealth(s.Status),
		IndicatorLED: indicator(s.refs.IndicatorLED, s.refs.LocationIndicatorActive),
		BootOverride: bootOverride(s.Boot),
	}
	processors, memory := summaryHealth(&s.ComputerSystem)
	for _, part := range []struct {
		name string
		h    Health
	}{{"processors", processors}, {"memory", memory}} {
		if part.h == HealthWarning || part.h == HealthCritical {
			v.Health = v.Health.Worse(part.h)
			v.HealthReason = joinReason(v.HealthReason, part.name+" "+string(part.h))
		}
	}
	if v.HealthReason == "" && v.Health != HealthOK {
		v.HealthReason = systemReason(v.Health)
	}
	return v
}

func systemReason(h Health) string {
	if h == HealthUnknown {
		return "the BMC states no health of the system"
	}
	return "system " + string(h) + " says the BMC"
}

func bootOverride(b schemas.Boot) string {
	on := string(b.BootSourceOverrideEnabled)
	if on == "" || on == "Disabled" || b.BootSourceOverrideTarget == "" || b.BootSourceOverrideTarget == "None" {
		return "none"
	}
	return string(b.BootSourceOverrideTarget) + " (" + strings.ToLower(on) + ")"
}

// maxReason bounds HealthReason, in octets.
const maxReason = 400

func joinReason(a, b string) string {
	if a != "" {
		a += "; "
	}
	return clip(a+b, maxReason)
}

// explain sets the system's health from its parts too, and says why.
func (inv *Inventory) explain() {
	own := inv.System.Health
	var why string
	for _, c := range inv.Components {
		if !c.Present() || c.Health == HealthOK || c.Health == HealthUnknown && !c.PredictedFailure {
			continue
		}
		inv.System.Health = inv.System.Health.Worse(c.Health)
		reason := fmt.Sprintf("%s %s %s", c.Class, first(c.Name, lastElement(c.Path)), c.Health)
		if c.PredictedFailure {
			reason += " (predicts its failure)"
		}
		why = joinReason(why, reason)
	}
	if why != "" && own == HealthUnknown {
		why = joinReason("", why)
	}
	if why != "" {
		inv.System.HealthReason = why
	}
	if n := len(inv.Problems); n > 0 {
		inv.System.HealthReason = joinReason(inv.System.HealthReason, fmt.Sprintf("%d parts could not be read", n))
	}
}

// errCount: a BMC that counts more members than it lists hides some.
func countProblem(p *part, path, what string, counted, listed int) {
	if counted > listed {
		p.problem(path, errors.New(what+" lists fewer members than its @odata.count says"))
	}
}
