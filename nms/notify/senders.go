package notify

import (
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"hawser/mib/snmp"
	"hawser/nms/report"
)

// maxEngines bounds the sending engines that are remembered.
const maxEngines = 65536

// Known is a cluster that the manager is configured for. ClusterID may be empty until a poll tells it.
type Known struct {
	Name      string
	ClusterID string
	Engines   [][]byte // engines whose traps are accepted: the cluster's, and its nodes'
}

// senders knows which engines send notifications, their clocks, and which cluster they may speak for.
type senders struct {
	mu       sync.Mutex // guards the fields below
	engines  map[string]*sender
	clusters map[string]string   // configured name by cluster id
	users    map[string][]string // names of clusters a user may speak for; none = all
	pinned   map[string]bool     // names of clusters with configured engines: others are not learnt
}

// sender is one engine. While a cluster's id is not known yet its engines carry the configured name instead.
type sender struct {
	timeline  snmp.Timeline
	clusterID string
	name      string
	origin    string
}

// Origins of what is known of an engine.
const (
	originConfigured = "configured"
	originPolled     = "polled"
	originLearnt     = "learnt"
)

func newSenders(known []Known, users map[string][]string, stored []report.Engine) *senders {
	s := &senders{engines: map[string]*sender{}, clusters: map[string]string{}, users: users, pinned: map[string]bool{}}
	for _, e := range stored {
		n := &sender{clusterID: e.ClusterID, origin: e.Origin}
		if e.Boots > 0 {
			n.timeline.Accept(e.Boots, e.Time, e.Seen)
		}
		s.engines[e.EngineID] = n
	}
	for _, k := range known {
		if k.ClusterID != "" {
			s.clusters[k.ClusterID] = k.Name
		}
		for _, id := range k.Engines {
			n := s.engine(hex.EncodeToString(id))
			n.clusterID, n.name, n.origin = k.ClusterID, k.Name, originConfigured
			s.pinned[k.Name] = true
		}
	}
	return s
}

// engine finds or makes a sender; the caller holds mu, or is the constructor.
func (s *senders) engine(id string) *sender {
	n, ok := s.engines[id]
	if ok {
		return n
	}
	if len(s.engines) >= maxEngines {
		for other, o := range s.engines {
			if o.origin == "" || o.origin == originLearnt {
				delete(s.engines, other)
				break
			}
		}
	}
	n = &sender{}
	s.engines[id] = n
	return n
}

// accept checks the clock of an authenticated trap (RFC 3414, section 3.2, step 7b).
func (s *senders) accept(engineID []byte, boots, seconds uint32, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.engine(hex.EncodeToString(engineID)).timeline.Accept(boots, seconds, now)
}

// vouches says whether an authenticated trap of this engine may speak for the cluster. An engine that no cluster owns
// is learnt for the first one it speaks of, unless that cluster's engines are configured.
func (s *senders) vouches(engineID []byte, clusterID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.engine(hex.EncodeToString(engineID))
	name := s.clusters[clusterID]
	switch {
	case n.clusterID != "":
		return n.clusterID == clusterID
	case n.name != "":
		if name != "" && name != n.name {
			return false
		}
		n.clusterID = clusterID
		s.clusters[clusterID] = n.name
		return true
	case name != "" && s.pinned[name]:
		return false
	}
	n.clusterID, n.origin = clusterID, originLearnt
	return true
}

// maySpeak says whether a user may report for the cluster. INFORMs carry no engine of their sender, so this is what
// keeps a key of one cluster from speaking for another.
func (s *senders) maySpeak(user, clusterID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	allowed := s.users[user]
	return len(allowed) == 0 || slices.Contains(allowed, s.clusters[clusterID])
}

// knows says whether the cluster is configured, was polled, or has spoken authentically.
func (s *senders) knows(clusterID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.clusters[clusterID]; ok {
		return true
	}
	for _, n := range s.engines {
		if n.clusterID == clusterID {
			return true
		}
	}
	return false
}

// learn takes what a poll found out.
func (s *senders) learn(name, clusterID string, engines [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clusters[clusterID] = name
	for _, n := range s.engines {
		if n.name == name {
			n.clusterID = clusterID
		}
	}
	for _, id := range engines {
		n := s.engine(hex.EncodeToString(id))
		n.clusterID = clusterID
		if n.origin != originConfigured {
			n.origin = originPolled
		}
	}
}

// record is the stored form of a sender after an accepted message.
func (s *senders) record(engineID []byte, boots, seconds uint32, now time.Time) report.Engine {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := hex.EncodeToString(engineID)
	n := s.engine(id)
	return report.Engine{EngineID: id, ClusterID: n.clusterID, Origin: n.origin, Boots: boots, Time: seconds, Seen: now}
}
