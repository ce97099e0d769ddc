package nms

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/sirupsen/logrus"

	"hawser/mib/snmp"
	"hawser/nms/analyze"
)

var configName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)

const (
	nameRemedy = "use 1 to 32 letters, digits, points, hyphens and underscores"
	fileRemedy = "write a passphrase of 8 or more characters to a file of mode 0600 and name it here"
)

// Validate names every fault that the file itself shows; the error is of type Faults. It opens no file: CheckFiles does.
func (c Config) Validate() error {
	v := &validator{Config: c}
	v.name("name", c.Name, nil)
	v.required("dataDir", c.DataDir, "name a folder that only this user can write")
	v.listen()
	v.users()
	v.clusters()
	v.times()
	v.rules()
	v.gates()
	v.web()
	return v.Err()
}

// validator collects the faults of one configuration.
type validator struct {
	Config
	Faults
}

// name checks a name; seen, if not nil, holds those that were there before.
func (v *validator) name(path, name string, seen map[string]bool) {
	switch {
	case name == "":
		v.add(path, nameRemedy, "is missing")
	case !configName.MatchString(name):
		v.add(path, nameRemedy, "%q is no name", name)
	case seen[name]:
		v.add(path, "give each its own name", "%q is there twice", name)
	}
	if seen != nil {
		seen[name] = true
	}
}

func (v *validator) required(path, value, remedy string) {
	if value == "" {
		v.add(path, remedy, "is missing")
	}
}

func (v *validator) atLeast(path string, value, least int) {
	if value < least {
		v.add(path, fmt.Sprintf("use %d or more", least), "%d is too small", value)
	}
}

func (v *validator) within(path string, value, least, most time.Duration) {
	if value < least || value > most {
		v.add(path, fmt.Sprintf("use %s to %s", least, most), "%s is out of range", value)
	}
}

func (v *validator) oneOf(path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		v.add(path, "use one of "+strings.Join(allowed, ", "), "%q is not known", value)
	}
}

func (v *validator) listen() {
	if len(v.Listen.Traps) == 0 {
		v.add("listen.traps", "give an address, such as 0.0.0.0:162", "is empty")
	}
	for i, address := range v.Listen.Traps {
		if _, err := netip.ParseAddrPort(address); err != nil {
			v.add(fmt.Sprintf("listen.traps[%d]", i), "write address:port, such as 0.0.0.0:162", "%q is no address", address)
		}
	}
	if v.Listen.HTTP != "" {
		at, err := netip.ParseAddrPort(v.Listen.HTTP)
		switch {
		case err != nil:
			v.add("listen.http", "write address:port, such as 127.0.0.1:8162", "%q is no address", v.Listen.HTTP)
		case !at.Addr().Unmap().IsLoopback():
			v.add("listen.http", "use a loopback address, put a proxy with TLS before it, and name its address under web.origin", "%s can be reached from outside", at)
		}
	}
	v.atLeast("traps.receiveBuffer", v.Traps.ReceiveBuffer, 65536)
	v.atLeast("traps.sourceRate", v.Traps.SourceRate, 1)
	v.atLeast("traps.sourceBurst", v.Traps.SourceBurst, 1)
}

func (v *validator) users() {
	seen := map[string]bool{}
	for i, u := range v.Users {
		path := fmt.Sprintf("users[%d]", i)
		v.name(path+".name", u.Name, seen)
		if auth, err := snmp.ParseAuthProtocol(u.AuthProtocol); err != nil || auth < snmp.SHA224 {
			v.add(path+".authProtocol", "use SHA-256, or SHA-224, SHA-384, SHA-512", "%q is not accepted", u.AuthProtocol)
		}
		if priv, err := snmp.ParsePrivProtocol(u.PrivProtocol); err != nil || priv == snmp.NoPriv {
			v.add(path+".privProtocol", "use AES, or AES-192, AES-256", "%q is not accepted", u.PrivProtocol)
		}
		v.required(path+".authPassphraseFile", u.AuthPassphraseFile, fileRemedy)
		v.required(path+".privPassphraseFile", u.PrivPassphraseFile, fileRemedy)
		for j, name := range u.Clusters {
			if !slices.ContainsFunc(v.Clusters, func(c ClusterConfig) bool { return c.Name == name }) {
				v.add(fmt.Sprintf("%s.clusters[%d]", path, j), "name one of clusters", "%q is none", name)
			}
		}
	}
}

func (v *validator) clusters() {
	names, ids := map[string]bool{}, map[string]bool{}
	for i, c := range v.Clusters {
		path := fmt.Sprintf("clusters[%d]", i)
		v.name(path+".name", c.Name, names)
		if c.ClusterID != "" && ids[c.ClusterID] {
			v.add(path+".clusterId", "give each cluster its own", "%q is there twice", c.ClusterID)
		}
		ids[c.ClusterID] = true
		if c.EngineID != "" {
			if id, err := hex.DecodeString(c.EngineID); err != nil || len(id) < snmp.MinEngineID || len(id) > snmp.MaxEngineID {
				v.add(path+".engineId", "write 5 to 32 octets in hexadecimal, as the cluster's configuration has them", "%q is no engine id", c.EngineID)
			}
		}
		if len(c.Nodes) == 0 {
			v.add(path+".nodes", "give the address:port of each node's agent", "is empty")
		}
		for j, address := range c.Nodes {
			v.address(fmt.Sprintf("%s.nodes[%d]", path, j), address)
		}
		v.user(path+".readUser", c.ReadUser, true)
		v.user(path+".policyUser", c.PolicyUser, false)
		v.user(path+".hardwareUser", c.HardwareUser, false)
	}
}

func (v *validator) address(path, address string) {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil || host == "" || port == "0" {
		v.add(path, "write address:port, such as 10.0.0.1:161", "%q is no address", address)
	}
}

func (v *validator) user(path, name string, needed bool) {
	switch {
	case name == "" && needed:
		v.add(path, "name one of users that has the role auditor on the cluster", "is missing")
	case name != "" && !slices.ContainsFunc(v.Users, func(u UserConfig) bool { return u.Name == name }):
		v.add(path, "name one of users", "%q is none", name)
	}
}

func (v *validator) times() {
	v.schedule("poll", v.Poll.Schedule, v.Poll.Location)
	v.schedule("retention", v.Retention.Schedule, v.Retention.Location)
	v.atLeast("poll.workers", v.Poll.Workers, 1)
	v.atLeast("retention.unknownPerSource", v.Retention.UnknownPerSource, 1)
	if v.Retention.Events != 0 {
		v.atLeast("retention.events", v.Retention.Events, 10_000) // as many as one cluster keeps
	}
	if v.Retention.Age != 0 {
		v.within("retention.age", v.Retention.Age, 24*time.Hour, 100*365*24*time.Hour)
	}
	if v.Poll.Retries < 0 || v.Poll.Retries > 10 {
		v.add("poll.retries", "use 0 to 10", "%d is out of range", v.Poll.Retries)
	}
	for _, d := range []struct {
		path        string
		value       time.Duration
		least, most time.Duration
	}{
		{"poll.passTimeout", v.Poll.PassTimeout, time.Second, time.Hour},
		{"poll.silentAfter", v.Poll.SilentAfter, time.Second, 24 * time.Hour},
		{"poll.requestTimeout", v.Poll.RequestTimeout, 50 * time.Millisecond, time.Minute},
		{"analysis.conditionGrace", v.Analysis.ConditionGrace, 0, time.Hour},
		{"analysis.incidentWindow", v.Analysis.IncidentWindow, 0, 24 * time.Hour},
		{"gates.stateMaxAge", v.Gates.StateMaxAge, time.Second, 24 * time.Hour},
		{"gates.eventMaxAge", v.Gates.EventMaxAge, 0, 30 * 24 * time.Hour},
		{"reconfig.answerTimeout", v.Reconfig.AnswerTimeout, time.Second, time.Hour},
		{"reconfig.verifyTimeout", v.Reconfig.VerifyTimeout, time.Second, time.Hour},
		{"reconfig.applyTimeout", v.Reconfig.ApplyTimeout, time.Second, 24 * time.Hour},
		{"reconfig.pollEvery", v.Reconfig.PollEvery, 10 * time.Millisecond, time.Minute},
	} {
		v.within(d.path, d.value, d.least, d.most)
	}
	if _, err := logrus.ParseLevel(v.Log.Level); err != nil {
		v.add("log.level", "use debug, info, warning or error", "%q is not known", v.Log.Level)
	}
	v.oneOf("log.format", v.Log.Format, "text", "json")
}

func (v *validator) schedule(path, schedule, location string) {
	if _, err := cron.ParseStandard(schedule); err != nil {
		v.add(path+".schedule", "write five fields, as */5 * * * *, or @every 30s", "%q is no schedule: %s", schedule, err)
	}
	if _, err := time.LoadLocation(location); err != nil || location == "" {
		v.add(path+".location", "write UTC, Local or a name as Europe/Berlin", "%q is no time zone", location)
	}
}

func (v *validator) rules() {
	_, err := analyze.Compile(v.Rules)
	if err == nil {
		return
	}
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		v.add("rules", "", "%s", err)
		return
	}
	for _, one := range joined.Unwrap() {
		var fault *analyze.Fault
		if errors.As(one, &fault) {
			v.add(fault.Path, "", "%s", fault.Problem)
		}
	}
}

func (v *validator) gates() {
	v.atLeast("gates.ratePerHour", v.Gates.RatePerHour, 0)
	v.atLeast("gates.maxClusters", v.Gates.MaxClusters, 0)
	for i, w := range v.Gates.Windows {
		path := fmt.Sprintf("gates.windows[%d]", i)
		v.schedule(path, w.Schedule, w.Location)
		v.within(path+".duration", w.Duration, time.Minute, 7*24*time.Hour)
	}
}
