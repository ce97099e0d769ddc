package heartbeat

import "time"

// datagram is a beat to send on the link with that place.
type datagram struct {
	link int
	to   *peerLink
	body []byte // without its mac
}

// round returns the beats that are due, none when it is not yet time.
func (c *core) round(now time.Time) []datagram {
	regular := !now.Before(c.nextRound)
	if !regular && (!c.urgent || now.Sub(c.lastUrgent) < roundGap) {
		return nil
	}
	if !regular {
		c.lastUrgent = now
	} else {
		if c.nextRound = c.nextRound.Add(c.cfg.Interval); !c.nextRound.After(now) {
			c.nextRound = now.Add(c.cfg.Interval) // missed rounds are not made up for
		}
	}
	c.urgent = false
	c.sequence++
	var out []datagram
	list := c.hears(now)
	for _, name := range c.names() {
		for i, l := range c.peers[name].links {
			if l.addr == nil {
				continue
			}
			b := c.beat(l, i, list, now)
			out = append(out, datagram{link: i, to: l, body: b.encode()})
		}
	}
	return out
}

func (c *core) beat(l *peerLink, link int, list []hears, now time.Time) beat {
	b := beat{
		flags: flagDaemon, cluster: c.cluster, link: uint8(link),
		incarnation: c.cfg.Incarnation, sequence: c.sequence, sent: c.stamp(now),
		echo: l.echo, hold: -1, node: c.cfg.Node, boot: c.cfg.BootID,
		leader: c.say.Leader, hears: list, holds: c.say.Holds,
	}
	if c.say.Leaving {
		b.flags |= flagLeaving
	}
	if l.echo != 0 {
		b.hold = now.Sub(l.echoAt)
	}
	return b
}

// hears lists all peers with the time since they were last heard. For one
// that was never heard that is the time since the watch began: a monitor that
// has just started accuses nobody.
func (c *core) hears(now time.Time) []hears {
	out := make([]hears, 0, len(c.peers))
	for _, name := range c.names() {
		ms := now.Sub(c.peers[name].quiet).Milliseconds()
		out = append(out, hears{node: name, ageMS: uint16(min(max(ms, 0), maxAgeMS))})
	}
	return out
}
