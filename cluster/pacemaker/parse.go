package pacemaker

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Parse makes a View of what `cibadmin --query` and `crm_mon --output-as=xml` printed.
func Parse(cib, mon []byte) (*View, error) {
	var c cibDoc
	if err := decode(cib, &c); err != nil {
		return nil, fmt.Errorf("cibadmin --query: %w", err)
	}
	var m monDoc
	if err := decode(mon, &m); err != nil {
		return nil, fmt.Errorf("crm_mon --output-as=xml: %w", err)
	}
	if m.Status.Code != 0 {
		return nil, fmt.Errorf("crm_mon says: %s", m.Status.Message)
	}
	v := &View{
		Version: c.version(), Quorate: m.Summary.DC.WithQuorum, Stonith: m.Summary.Options.Stonith,
		Maintenance: m.Summary.Options.Maintenance, Properties: pairs(c.Configuration.Properties), Changer: c.changer(),
	}
	v.ClusterName = v.Properties["cluster-name"]
	if m.Summary.DC.Present {
		v.DC = m.Summary.DC.Name
	}
	for _, n := range m.Nodes {
		v.Nodes = append(v.Nodes, Node{
			Name: n.Name, Online: n.Online, Standby: n.Standby || n.StandbyFail, Maintenance: n.Maintenance, Pending: n.Pending,
			Unclean: n.Unclean, Shutdown: n.Shutdown, ExpectedUp: n.ExpectedUp,
		})
	}
	for _, f := range m.Fences {
		v.Fences = append(v.Fences, Fencing{
			Target: f.Target, Action: f.Action, Status: f.Status, By: f.Delegate, Reason: f.Reason, Completed: stamp(f.Completed),
		})
	}
	v.layout(c.Configuration.Resources.Items, Resource{})
	for _, item := range m.Resources.Items {
		v.place(item)
	}
	for _, co := range c.Configuration.Colocations {
		if co.Score == "INFINITY" && co.Resource != "" && co.With != "" {
			v.Colocations = append(v.Colocations, Colocation{Resource: co.Resource, With: co.With})
		}
	}
	v.histories(c.Nodes)
	return v, nil
}

// ParseVersion reads the version of a CIB and nothing else.
func ParseVersion(cib []byte) (Version, error) {
	dec := xml.NewDecoder(bytes.NewReader(cib))
	for {
		token, err := dec.Token()
		if err != nil {
			return Version{}, fmt.Errorf("cibadmin --query: %w", err)
		}
		if start, ok := token.(xml.StartElement); ok {
			return versionOf(start), nil
		}
	}
}

func versionOf(cib xml.StartElement) (v Version) {
	for _, a := range cib.Attr {
		n, err := strconv.ParseUint(a.Value, 10, 64)
		if err != nil {
			continue
		}
		switch a.Name.Local {
		case "admin_epoch":
			v.Admin = n
		case "epoch":
			v.Epoch = n
		case "num_updates":
			v.Updates = n
		}
	}
	return v
}

func (c *cibDoc) version() Version {
	return Version{Admin: c.AdminEpoch, Epoch: c.Epoch, Updates: c.NumUpdates}
}

func (c *cibDoc) changer() string {
	if c.UpdateUser == "" && c.UpdateClient == "" {
		return ""
	}
	return fmt.Sprintf("%s by %s at %s", c.UpdateUser, c.UpdateClient, c.UpdateOrigin)
}

func pairs(sets []cibSet) map[string]string {
	out := map[string]string{}
	for _, s := range sets {
		for _, p := range s.Pairs {
			if _, ok := out[p.Name]; !ok { // the first set that names it counts
				out[p.Name] = p.Value
			}
		}
	}
	return out
}

// layout lists the primitives of the configuration; outer is what they inherit from the group or clone that they are in.
func (v *View) layout(items []cibItem, outer Resource) {
	for _, item := range items {
		inner, meta := outer, pairs(item.Meta)
		if role := meta["target-role"]; role != "" {
			inner.TargetRole = role
		}
		switch item.XMLName.Local {
		case "primitive":
			v.Resources = append(v.Resources, primitive(item, inner, meta))
			continue
		case "group":
			inner.Group = item.ID
		case "clone", "bundle":
			inner.Clone, inner.Promotable = item.ID, truth(meta["promotable"])
		case "master":
			inner.Clone, inner.Promotable = item.ID, true
		default:
			continue
		}
		v.layout(item.Items, inner)
	}
}

func primitive(item cibItem, r Resource, meta map[string]string) Resource {
	r.ID, r.FailCounts = item.ID, map[string]int{}
	r.Agent = item.Class + ":" + item.Type
	if item.Provider != "" {
		r.Agent = item.Class + ":" + item.Provider + ":" + item.Type
	}
	if n := score(meta["migration-threshold"]); n > 0 && n < infinity {
		r.Threshold = n
	}
	r.Window = interval(meta["failure-timeout"])
	for _, op := range item.Ops {
		switch {
		case op.Name == taskStop:
			r.OnStopFail = op.OnFail
		case op.Name == taskMonitor && (r.Interval == 0 || interval(op.Interval) < r.Interval):
			r.Interval, r.Timeout, r.OnFail = interval(op.Interval), interval(op.Timeout), op.OnFail
		}
	}
	r.Hosts = strings.FieldsFunc(pairs(item.Params)["pcmk_host_list"], func(c rune) bool { return c == ' ' || c == ',' || c == ';' })
	return r
}

// place puts the instances of crm_mon to the primitives of the configuration. One that has no primitive any more (orphan)
// stands alone.
func (v *View) place(item monItem) {
	if item.XMLName.Local != "resource" {
		for _, inner := range item.Items {
			v.place(inner)
		}
		return
	}
	id, _, _ := strings.Cut(item.ID, ":")
	at := -1
	for i := range v.Resources {
		if v.Resources[i].ID == id {
			at = i
		}
	}
	if at < 0 {
		v.Resources = append(v.Resources, Resource{ID: id, Agent: item.Agent, FailCounts: map[string]int{}})
		at = len(v.Resources) - 1
	}
	r := &v.Resources[at]
	p := Place{Role: role(item), Failed: item.Failed, Blocked: item.Blocked, Managed: item.Managed != "false"}
	nodes := 0
	for _, n := range item.Items {
		if n.XMLName.Local == "node" {
			p.Node = n.Name
			r.Places = append(r.Places, p)
			nodes++
		}
	}
	if nodes == 0 {
		r.Places = append(r.Places, p)
	}
}

// role is the role of an instance, with the names of before Pacemaker 2.1 and the operation under way taken in.
func role(item monItem) string {
	switch item.Pending {
	case roleStarting, roleStopping, rolePromoting, roleDemoting, roleMigrating:
		return item.Pending
	}
	switch item.Role {
	case "Master":
		return rolePromoted
	case "Slave":
		return roleUnpromoted
	}
	return item.Role
}

// histories takes the operations and fail counts of the nodes over.
func (v *View) histories(nodes []cibNodeState) {
	index := map[string]int{}
	for i, r := range v.Resources {
		index[r.ID] = i
	}
	for _, n := range nodes {
		for name, value := range pairs(n.Attributes) {
			rest, ok := strings.CutPrefix(name, "fail-count-")
			id, _, _ := strings.Cut(rest, "#")
			if i, known := index[id]; ok && known {
				v.Resources[i].FailCounts[n.Name] = min(infinity, v.Resources[i].FailCounts[n.Name]+score(value))
			}
		}
		for _, history := range n.Resources {
			id, _, _ := strings.Cut(history.ID, ":")
			i, known := index[id]
			if !known {
				continue
			}
			for _, o := range history.Ops {
				op := o.op(id, n.Name)
				v.Resources[i].Ops = append(v.Resources[i].Ops, op)
				if op.Failure {
					v.Failed = append(v.Failed, op)
				}
			}
		}
	}
}

func (o cibRscOp) op(resource, node string) Op {
	return Op{
		Resource: resource, Node: node, Key: o.Key, Task: o.Task, Interval: time.Duration(o.Interval) * time.Millisecond,
		Call: o.Call, RC: o.RC, Status: o.Status, Reason: o.Reason, Changed: time.Unix(o.Changed, 0),
		Took: time.Duration(o.Exec+o.Queue) * time.Millisecond, Failure: strings.HasSuffix(o.ID, "_last_failure_0"),
	}
}

func isStonith(agent string) bool { return strings.HasPrefix(agent, "stonith:") }

func truth(s string) bool {
	switch strings.ToLower(s) {
	case "true", "on", "yes", "y", "1":
		return true
	}
	return false
}

// score reads a number or INFINITY; what is neither is 0.
func score(s string) int {
	switch s {
	case "INFINITY", "+INFINITY":
		return infinity
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return max(0, min(n, infinity))
}

// interval reads a time as Pacemaker writes it: seconds without a unit, else ms, us, s, sec, m, min, h, hr; what is none is 0.
func interval(s string) time.Duration {
	s = strings.TrimSpace(s)
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	n, err := strconv.ParseInt(s[:digits], 10, 32)
	if err != nil {
		return 0
	}
	units := map[string]time.Duration{
		"": time.Second, "s": time.Second, "sec": time.Second, "ms": time.Millisecond, "msec": time.Millisecond,
		"us": time.Microsecond, "usec": time.Microsecond, "m": time.Minute, "min": time.Minute, "h": time.Hour, "hr": time.Hour,
	}
	return time.Duration(n) * units[strings.TrimSpace(s[digits:])]
}

// stamp reads a time of crm_mon; the zero time if it is none.
func stamp(s string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05 -07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}
