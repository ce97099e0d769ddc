package plugin

import (
	"encoding/hex"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/sirupsen/logrus"

	"hawser/cluster"
)

// Names are indexes of the MIB and parts of file names and certificates.
var configName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)

const nameRemedy = "use 1 to 32 letters, digits, points, hyphens and underscores"

// Validate names every fault that the file itself shows; the error is of type Faults. It opens no file: CheckFiles does.
func (c Config) Validate(kinds Kinds) error {
	v := &validator{Config: c, kinds: kinds}
	v.cluster()
	v.nodes()
	v.stacks()
	v.virtualAddresses()
	v.snmp()
	v.sinks()
	v.operation()
	v.metrics()
	v.pacemaker()
	return v.Err()
}

// validator collects the faults of one configuration.
type validator struct {
	Config
	kinds Kinds
	Faults
}

func (v *validator) name(path, name string, seen map[string]bool) {
	switch {
	case name == "":
		v.add(path, nameRemedy, "is missing")
	case !configName.MatchString(name):
		v.add(path, nameRemedy, "%q is no name", name)
	case seen[name]:
		v.add(path, "give each its own name", "%q is there twice", name)
	}
	seen[name] = true
}

func (v *validator) required(path, value, remedy string) {
	if value == "" {
		v.add(path, remedy, "is missing")
	}
}

func (v *validator) within(path string, got, least, most time.Duration) {
	if got < least || got > most {
		v.add(path, fmt.Sprintf("choose %s to %s", least, most), "%s is out of range", got)
	}
}

func (v *validator) address(path, address string) {
	const remedy = "write it as 10.0.0.1:7946"
	host, port, err := net.SplitHostPort(address)
	switch n, bad := strconv.Atoi(port); {
	case address == "":
		v.add(path, remedy, "is missing")
	case err != nil:
		v.add(path, remedy, "%q is no address with a port", address)
	case host == "":
		v.add(path, remedy, "%q names no host", address)
	case bad != nil || n < 1 || n > 65535:
		v.add(path, "choose a port from 1 to 65535", "%q is no port", port)
	}
}

func (v *validator) oneOf(path, value string, known ...string) {
	if !slices.Contains(known, value) {
		v.add(path, fmt.Sprintf("use one of %v", known), "%q is not known", value)
	}
}

func (v *validator) cluster() {
	c := v.Cluster
	v.name("cluster.name", c.Name, map[string]bool{})
	v.required("cluster.id", c.ID, "run `hawser init`, which mints one")
	if len(c.ID) > 36 {
		v.add("cluster.id", "use at most 36 octets", "has %d octets", len(c.ID))
	}
	if id, err := hex.DecodeString(c.EngineID); err != nil || (len(id) > 0 && (len(id) < 5 || len(id) > 32)) {
		v.add("cluster.engineId", "write 5 to 32 octets in hexadecimal, or leave it out", "%q is no snmpEngineID", c.EngineID)
	}
	const made = "run `hawser init`, which makes it, and name the file here"
	v.required("cluster.caFile", c.CAFile, made)
	v.required("cluster.certFile", c.CertFile, made)
	v.required("cluster.keyFile", c.KeyFile, made)
	if len(c.BeatKeyFiles) == 0 && !v.OverPacemaker() || slices.Contains(c.BeatKeyFiles, "") {
		v.add("cluster.beatKeyFiles", made, "names no file")
	}
	v.required("dataDir", v.DataDir, "name a folder that survives a restart, as /var/lib/hawser")
	if v.DataDir != "" && !filepath.IsAbs(v.DataDir) {
		v.add("dataDir", "give an absolute path", "%q depends on the working folder", v.DataDir)
	}
}

// operation checks the rest: hardware, fencing, emulation, log.
func (v *validator) operation() {
	h := v.Hardware
	v.schedule("hardware.collect", h.Collect)
	v.within("hardware.timeout", h.Timeout, time.Second, 5*time.Minute)
	v.within("hardware.poll", h.Poll, 50*time.Millisecond, time.Minute)
	v.within("hardware.stageTimeout", h.StageTimeout, time.Second, time.Hour)
	v.within("hardware.applyTimeout", h.ApplyTimeout, time.Second, 4*time.Hour)
	v.within("hardware.settle", h.Settle, time.Second, time.Hour)
	v.within("hardware.offTimeout", h.OffTimeout, time.Second, 10*time.Minute)
	v.within("hardware.resetTimeout", h.ResetTimeout, time.Second, time.Hour)
	if h.MaxConcurrent < 1 || h.MaxConcurrent > 32 {
		v.add("hardware.maxConcurrent", "choose 1 to 32", "%d is out of range", h.MaxConcurrent)
	}
	f := v.Fencing
	v.oneOf("fencing.afterFence", f.AfterFence, AfterFenceOff, AfterFenceCycle)
	if f.CycleLimit < 0 || f.CycleLimit > 1000 {
		v.add("fencing.cycleLimit", "choose 0 to 1000", "%d is out of range", f.CycleLimit)
	}
	v.within("fencing.cycleWindow", f.CycleWindow, time.Second, 24*time.Hour)
	v.within("fencing.deadline", f.Deadline, time.Second, 5*time.Minute)
	if e := v.Emulation; e.Used() && (e.MachineUUID == "" || e.BootIDFile == "") {
		v.add("emulation", "give both, or leave emulation out on a real machine", "has only one of machineUuid and bootIdFile")
	}
	if _, err := logrus.ParseLevel(v.Log.Level); err != nil {
		v.add("log.level", "use one of debug, info, warning, error", "%q is no level", v.Log.Level)
	}
	v.oneOf("log.format", v.Log.Format, "text", "json")
}

func (v *validator) schedule(path string, s ScheduleConfig) {
	if _, err := cron.ParseStandard(s.Schedule); err != nil {
		v.add(path+".schedule", "write five fields as in */5 * * * *, or @every 1m", "%q is no schedule: %v", s.Schedule, err)
	}
	if _, err := time.LoadLocation(s.Location); err != nil || s.Location == "" {
		v.add(path+".location", "write UTC, Local or a zone such as Europe/Berlin", "%q is no time zone", s.Location)
	}
}

func (v *validator) stacks() {
	names, services := map[string]bool{}, map[string]bool{}
	for i, st := range v.Stacks {
		path := fmt.Sprintf("stacks[%d]", i)
		v.name(path+".name", st.Name, names)
		if st.PreferredNode != "" && !v.runs(st.PreferredNode) {
			v.add(path+".preferredNode", "name a node of role resource", "%q is none", st.PreferredNode)
		}
		if st.Failback == 0 {
			v.add(path+".failback", "use one of never, automatic, manual", "is empty")
		}
		if len(st.Services) == 0 {
			v.add(path+".services", "name the services, in the order in which they start", "is empty")
		}
		for j, sv := range st.Services {
			v.service(fmt.Sprintf("%s.services[%d]", path, j), sv, services)
		}
	}
}

func (v *validator) service(path string, sv ServiceConfig, seen map[string]bool) {
	v.name(path+".name", sv.Name, seen)
	if sv.Layer == 0 {
		v.add(path+".layer", "use one of loadBalancer, webServer, applicationServer, messageServer, databaseServer, virtualIp, dataPartition, other", "is missing")
	}
	if sv.Mode == 0 {
		v.add(path+".mode", "use activeActive or activeStandby", "is empty")
	}
	v.options(path, sv.Kind, sv.Options, v.kinds.Service)
	if sv.Probe.Kind != "" || len(sv.Probe.Options) > 0 {
		v.options(path+".probe", sv.Probe.Kind, sv.Probe.Options, v.kinds.Probe)
	}
	for _, fault := range cluster.Policy(sv.Policy).Faults() {
		field, problem, _ := cut(fault)
		v.add(path+".policy."+field, "choose a value within these bounds", "%s", problem)
	}
	v.within(path+".startTimeout", sv.StartTimeout, 100*time.Millisecond, time.Hour)
	v.within(path+".stopBudget", sv.StopBudget, 100*time.Millisecond, 10*time.Minute)
}

func (v *validator) options(path, kind string, options map[string]any, check func(string, map[string]any) Faults) {
	if kind == "" {
		v.add(path+".kind", "name one; `hawser validate --kinds` lists them", "is missing")
		return
	}
	for _, fault := range check(kind, options) {
		at := path + ".options." + fault.Path
		if fault.Path == "kind" {
			at = path + ".kind"
		}
		v.add(at, fault.Remedy, "%s", fault.Problem)
	}
}
