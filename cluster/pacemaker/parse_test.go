package pacemaker

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hawser/cluster"
)

func TestParseHealthy(t *testing.T) {
	v := capture(t, "healthy")[0]
	if v.DC == "" || !v.Quorate || !v.Stonith || v.Maintenance || v.ClusterName != "fixture" || len(v.Nodes) != 3 {
		t.Errorf("DC %q, quorate %v, stonith %v, maintenance %v, cluster %q, %d nodes", v.DC, v.Quorate, v.Stonith, v.Maintenance, v.ClusterName, len(v.Nodes))
	}
	if v.Version != (Version{Admin: 1, Epoch: v.Version.Epoch, Updates: v.Version.Updates}) || v.Version.Epoch == 0 {
		t.Errorf("version %+v", v.Version)
	}
	app, ok := v.Resource("web-app")
	if !ok || app.Group != "web" || app.Agent != "ocf:fixture:tomcat" || app.Threshold != 3 || app.Interval != time.Second || app.Timeout != 20*time.Second {
		t.Errorf("web-app: %+v", app)
	}
	if store, _ := v.Resource("store"); !store.Promotable || store.Clone != "store-clone" || store.ActiveOn() == "" || len(store.Places) != 3 {
		t.Errorf("store: %+v", store)
	}
	if cache, _ := v.Resource("cache"); cache.Promotable || len(cache.Places) != 3 || cache.ActiveOn() != "" {
		t.Errorf("cache: %+v", cache)
	}
	if power, _ := v.Resource("power"); power.Service() || strings.Join(power.Hosts, " ") != "n1 n2 n3" {
		t.Errorf("power: %+v", power)
	}
}

func TestSpecHasStacksAndLayers(t *testing.T) {
	v := capture(t, "healthy")[0]
	spec := SpecOf(v, testSpec, map[string]cluster.Layer{"mail": cluster.LayerMessageServer})
	var got []string
	for _, st := range spec.Stacks {
		for _, sv := range st.Services {
			got = append(got, st.Name+"/"+sv.Name+" "+sv.Layer.String()+" "+sv.Mode.String()+" "+sv.Policy.Reaction.String())
		}
	}
	want := `web/web-ip virtualIp activeStandby restart
web/web-db databaseServer activeStandby restart
web/web-app applicationServer activeStandby failover
mail/mail messageServer activeStandby failover
cache/cache other activeActive restart
store/store other activeStandby restart`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	v.Colocations = []Colocation{{Resource: "mail", With: "web"}}
	if st, _ := SpecOf(v, testSpec, nil).Stack("web"); len(st.Services) != 4 || st.Services[3].Name != "mail" {
		t.Errorf("mail is tied to web and not in its stack: %+v", st)
	}
	v.Colocations = []Colocation{{Resource: "mail", With: "web"}, {Resource: "web", With: "mail"}} // a ring ends
	SpecOf(v, testSpec, nil)
}

func TestFacts(t *testing.T) {
	last := func(story string) (*View, Facts) {
		views := capture(t, story)
		v := views[len(views)-1]
		return v, FactsOf(v, SpecOf(v, testSpec, nil))
	}
	t.Run("healthy", func(t *testing.T) {
		v, f := last("healthy")
		app, _ := v.Resource("web-app")
		if in := f.Instances["web-app/"+app.ActiveOn()]; in.State != cluster.InstanceActive || in.Probe != cluster.ProbeOk {
			t.Errorf("web-app: %+v", in)
		}
		store, _ := v.Resource("store")
		for _, n := range testSpec.Nodes {
			want := cluster.InstanceStandby
			if n.Name == store.ActiveOn() {
				want = cluster.InstanceActive
			}
			if in := f.Instances["store/"+n.Name]; in.State != want || in.Probe != cluster.ProbeOk {
				t.Errorf("store on %s: %+v, want %s", n.Name, in, want)
			}
			if !f.Nodes[n.Name].FenceReady || f.Nodes[n.Name].State != cluster.NodeOnline {
				t.Errorf("%s: %+v", n.Name, f.Nodes[n.Name])
			}
		}
	})
	t.Run("standby", func(t *testing.T) {
		if _, f := last("standby"); f.Nodes["n2"].State != cluster.NodeStandby || f.Nodes["n2"].Admin != cluster.NodeAdminStandby {
			t.Errorf("n2: %+v", f.Nodes["n2"])
		}
	})
	t.Run("maintenance", func(t *testing.T) {
		if v, f := last("maintenance"); !v.Maintenance || f.Services["web-app"] != cluster.ServiceAdminMaintenance {
			t.Errorf("maintenance %v, web-app %v", v.Maintenance, f.Services["web-app"])
		}
	})
	t.Run("node in maintenance", func(t *testing.T) {
		if _, f := last("nodemaintenance"); f.Nodes["n2"].State != cluster.NodeMaintenance || f.Services["cache"] != cluster.ServiceAdminEnabled {
			t.Errorf("n2 %+v, cache %v", f.Nodes["n2"], f.Services["cache"])
		}
	})
	t.Run("disabled", func(t *testing.T) {
		if _, f := last("disabled"); f.Services["mail"] != cluster.ServiceAdminDisabled {
			t.Errorf("mail: %v", f.Services["mail"])
		}
	})
	t.Run("blocked", func(t *testing.T) {
		if _, f := last("blocked"); f.Instances["web-app/n1"].State != cluster.InstanceBlocked || f.Instances["web-app/n1"].Message != "stop: the process does not end" {
			t.Errorf("web-app on n1: %+v", f.Instances["web-app/n1"])
		}
	})
	t.Run("given up", func(t *testing.T) {
		if _, f := last("startfail"); f.Instances["cache/n2"].State != cluster.InstanceFailed || f.Instances["cache/n2"].Failures != infinity {
			t.Errorf("cache on n2: %+v", f.Instances["cache/n2"])
		}
	})
	t.Run("fenced", func(t *testing.T) {
		v, f := last("stopfail")
		if f.Nodes["n1"].State != cluster.NodeOffline || len(v.Fences) != 1 || v.Fences[0].Completed.IsZero() || v.Fences[0].Status != "success" {
			t.Errorf("n1 %+v, fences %+v", f.Nodes["n1"], v.Fences)
		}
	})
}

func TestIntervals(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "10": 10 * time.Second, "10s": 10 * time.Second, "1500ms": 1500 * time.Millisecond, "2min": 2 * time.Minute, "1 h": time.Hour,
		"soon": 0, "-5s": 0, "99999999999999s": 0,
	} {
		if got := interval(text); got != want {
			t.Errorf("interval(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestLayers(t *testing.T) {
	for agent, want := range map[string]cluster.Layer{
		"ocf:heartbeat:IPaddr2": cluster.LayerVirtualIP, "ocf:heartbeat:Filesystem": cluster.LayerDataPartition,
		"ocf:heartbeat:pgsql": cluster.LayerDatabaseServer, "ocf:heartbeat:tomcat": cluster.LayerApplicationServer,
		"ocf:heartbeat:apache": cluster.LayerWebServer, "systemd:nginx": cluster.LayerWebServer, "systemd:haproxy": cluster.LayerLoadBalancer,
		"systemd:tomcat9": cluster.LayerApplicationServer, "systemd:postgresql@15-main": cluster.LayerDatabaseServer,
		"ocf:heartbeat:rabbitmq-cluster": cluster.LayerMessageServer, "ocf:pacemaker:Dummy": cluster.LayerOther, "": cluster.LayerOther,
	} {
		if got := layerOf(agent); got != want {
			t.Errorf("layerOf(%q) = %s, want %s", agent, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	cib, mon := mustRead(t, "testdata/healthy/00-cib.xml"), mustRead(t, "testdata/healthy/00-mon.xml")
	for _, c := range []struct {
		name     string
		cib, mon []byte
		want     string
	}{
		{"nothing", nil, nil, "cibadmin"},
		{"half a CIB", cib[:len(cib)/2], mon, "cibadmin"},
		{"half a crm_mon", cib, mon[:len(mon)/2], "crm_mon"},
		{"another document", []byte("<html/>"), mon, "cibadmin"},
		{"two documents", append(append([]byte{}, cib...), cib...), mon, "second document"},
		{"too deep", []byte(strings.Repeat("<cib>", 100)), mon, "in each other"},
		{"an error of crm_mon", cib, []byte(`<pacemaker-result><status code="102" message="Not connected"/></pacemaker-result>`), "Not connected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Parse(c.cib, c.mon); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, story := range []string{"healthy", "blocked", "stopfail"} {
		cibs, err := filepath.Glob("testdata/" + story + "/*-cib.xml")
		if err != nil || len(cibs) == 0 {
			f.Fatal(errors.New("no captures"))
		}
		for _, name := range cibs {
			f.Add(mustRead(f, name), mustRead(f, strings.Replace(name, "-cib", "-mon", 1)))
		}
	}
	before := capture(f, "healthy")[0]
	f.Fuzz(func(t *testing.T, cib, mon []byte) {
		v, err := Parse(cib, mon)
		if err != nil {
			return
		}
		var tracker Tracker
		now := time.Unix(1_800_000_000, 0)
		for _, view := range []*View{before, v, before, v} {
			now = now.Add(2 * time.Second)
			spec := SpecOf(view, testSpec, nil)
			FactsOf(view, spec)
			for _, h := range tracker.Step(now, view, spec) {
				if h.Event.Type == 0 || h.Event.Result == 0 || h.Event.Reaction == 0 || h.Event.Severity == 0 {
					t.Errorf("an event without type, severity, reaction or result: %+v", h.Event)
				}
			}
		}
	})
}
