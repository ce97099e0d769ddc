package native

import (
	"fmt"

	"hawser/cluster/heartbeat"
	"hawser/cluster/resource"
)

// heals remembers which links were down, to see them come back: whoever was behind them has not heard where a service went
// meanwhile, and may remember another node.
type heals struct{ down map[linkTo]bool }

// linkTo is a link to one peer.
type linkTo struct {
	peer string
	link int
}

// saw compares a report with what was; it says what came back, empty if nothing did.
func (h *heals) saw(r *heartbeat.Report) (back string) {
	if h.down == nil {
		h.down = map[linkTo]bool{}
	}
	for _, p := range r.Peers {
		for _, l := range p.Links {
			at := linkTo{p.Name, l.Index}
			switch {
			case l.State == heartbeat.LinkDown:
				h.down[at] = true
			case h.down[at] && l.State != heartbeat.LinkUnknown:
				delete(h.down, at)
				back = fmt.Sprintf("%s is heard again on %s", p.Name, l.Name)
			}
		}
	}
	return back
}

// announce lets the services that run here tell their neighbours where they are.
func (a *agent) announce(reason string) {
	for _, in := range a.instances {
		if r, ok := in.resource.(resource.Announcer); ok {
			r.Announce(reason)
		}
	}
}
