package plugin

import (
	"maps"
	"slices"
	"strings"
	"time"

	"hawser/mib"
	"hawser/mib/snmp"
	"hawser/mib/view"
)

// renderSelf shows the counters of this daemon: those of its agent and sender as they are handed over, those of the view
// as this publisher counts them.
func (p *Publisher) renderSelf(next *published) view.Segment {
	r := p.self.fresh()
	r.time(mib.HawserSelfStarted, p.cfg.Started)
	r.age(mib.HawserSelfStartedAge, next.made, p.cfg.Started)
	if p.cfg.Counters != nil {
		counters := p.cfg.Counters()
		for _, name := range slices.Sorted(maps.Keys(counters)) {
			r.counter(name, counters[name])
		}
	}
	r.number(mib.HawserSelfViewSwaps, int64(p.swaps))
	r.number(mib.HawserSelfViewVarbinds, int64(total(next.sizes)+r.count+viewFigures))
	r.number(mib.HawserSelfViewBuildTime, time.Since(next.made).Microseconds())
	return view.NewTable(snmp.OID(mib.HawserSelf), r.varbinds())
}

// viewFigures are the two figures of the view that count themselves.
const viewFigures = 2

// counter adds a counter by its descriptor without "hawser"; the figures of the view are not taken from outside.
func (r *rows) counter(name string, n uint64) {
	o, ok := mib.ByName("hawser" + name)
	if !ok || o.Base != mib.Counter32 || strings.HasPrefix(name, "SelfView") || !snmp.OID(o.OID).HasPrefix(mib.HawserSelf) {
		return
	}
	r.put(o.OID, snmp.Counter32(uint32(n)))
}

func total(sizes []int) int {
	sum := 0
	for _, n := range sizes {
		sum += n
	}
	return sum
}

// moduleVersion is the LAST-UPDATED value of a module's text.
func moduleVersion(text string) string {
	_, after, _ := strings.Cut(text, "LAST-UPDATED \"")
	version, _, _ := strings.Cut(after, "\"")
	return version
}
