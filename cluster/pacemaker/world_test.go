package pacemaker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster"
)

var termPattern = regexp.MustCompile(`<nvpair id="term" name="hawser-term" value="\d*"/>`)

func replaceFile(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// world is a few controllers over fake tools and wires that can be cut.
type world struct {
	t     *testing.T
	dir   string
	nodes map[string]*running

	mu  sync.Mutex // guards cut
	cut map[string]bool
}

type running struct {
	*Controller
	listener *pipeListener
	stop     context.CancelFunc
	done     chan error
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel() // they wait for each other most of the time
	w := &world{t: t, dir: t.TempDir(), nodes: map[string]*running{}, cut: map[string]bool{}}
	for _, n := range testSpec.Nodes {
		if err := os.MkdirAll(filepath.Join(w.dir, n.Name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for name := range w.nodes {
			w.end(name)
		}
	})
	return w
}

// show gives nodes the documents of a capture, with a DC and a quorum; they are one partition.
func (w *world) show(story, file, dc string, quorate bool, nodes ...string) {
	w.t.Helper()
	cib := string(mustRead(w.t, filepath.Join("testdata", story, file+"-cib.xml")))
	mon := string(mustRead(w.t, filepath.Join("testdata", story, file+"-mon.xml")))
	mon = regexp.MustCompile(`<current_dc .*/>`).ReplaceAllString(mon, fmt.Sprintf(`<current_dc present="%v" name="%s" with_quorum="%v"/>`, dc != "", dc, quorate))
	for _, n := range nodes {
		dir, own := filepath.Join(w.dir, n), cib
		if old, err := os.ReadFile(filepath.Join(dir, "cib.xml")); err == nil {
			if pair := termPattern.Find(old); pair != nil {
				own = strings.Replace(cib, `</cluster_property_set>`, string(pair)+`</cluster_property_set>`, 1)
			}
		}
		for name, text := range map[string]string{"partition": strings.Join(nodes, " "), "cib.xml": own, "mon.xml": mon} {
			if err := replaceFile(filepath.Join(dir, name), text); err != nil {
				w.t.Fatal(err)
			}
		}
		if r := w.nodes[n]; r != nil {
			r.reader.hint.wake()
		}
	}
}

// start starts the controller of a node.
func (w *world) start(name string) {
	w.t.Helper()
	log := logrus.New()
	log.SetOutput(w.t.Output())
	log.SetLevel(logrus.DebugLevel)
	r := &running{listener: newPipeListener(), done: make(chan error, 1)} // one: the end of Run
	c, err := New(Config{
		ClusterID: "harbour", Node: name, Version: "test", DataDir: filepath.Join(w.dir, name, "data"), Spec: testSpec,
		Programs: Programs{Enter: []string{"/bin/sh", "testdata/tool.sh", filepath.Join(w.dir, name)}, Deadline: 10 * time.Second}, Period: 500 * time.Millisecond,
		Wire: func() (Wire, error) { return &wire{world: w, node: name, listener: r.listener}, nil },
		Peer: func(c net.Conn) string { return c.(*namedConn).peer }, Log: log.WithField("node", name),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(w.t.Context())
	r.Controller, r.stop = c, stop
	w.mu.Lock()
	w.nodes[name] = r
	w.mu.Unlock()
	go func() { r.done <- c.Run(ctx) }()
}

// end ends a controller.
func (w *world) end(name string) {
	w.t.Helper()
	r := w.nodes[name]
	if r == nil {
		return
	}
	r.stop()
	if err := <-r.done; err != nil {
		w.t.Errorf("%s ended: %v", name, err)
	}
	w.mu.Lock()
	delete(w.nodes, name)
	w.mu.Unlock()
}

// await waits for a condition, long enough for a loaded machine.
func (w *world) await(what string, holds func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !holds() {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: not within a minute", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// part cuts the wires between two sets of nodes, both ways; healed by parting nothing.
func (w *world) part(one, other []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = map[string]bool{}
	for _, a := range one {
		for _, b := range other {
			w.cut[a+">"+b], w.cut[b+">"+a] = true, true
		}
	}
}

// wire is a Wire of pipes.
type wire struct {
	world    *world
	node     string
	listener *pipeListener
}

func (p *wire) RPCListener() net.Listener { return p.listener }
func (p *wire) Close() error              { return p.listener.Close() }

func (p *wire) DialRPC(ctx context.Context, node string) (net.Conn, error) {
	p.world.mu.Lock()
	target, cut := p.world.nodes[node], p.world.cut[p.node+">"+node]
	p.world.mu.Unlock()
	if target == nil || cut {
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: errors.New("cut")}
	}
	a, b := net.Pipe()
	select {
	case target.listener.conns <- &namedConn{Conn: &cuttable{Conn: b, world: p.world, way: node + ">" + p.node}, peer: p.node}:
		return &cuttable{Conn: a, world: p.world, way: p.node + ">" + node}, nil
	case <-target.listener.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// cuttable fails to write on a cut way, as a connection that timed out.
type cuttable struct {
	net.Conn
	world *world
	way   string
}

func (c *cuttable) Write(p []byte) (int, error) {
	c.world.mu.Lock()
	cut := c.world.cut[c.way]
	c.world.mu.Unlock()
	if cut {
		c.Close()
		return 0, errors.New("cut")
	}
	return c.Conn.Write(p)
}

type namedConn struct {
	net.Conn
	peer string
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// types lists the events of a controller.
func types(c *Controller) string {
	var out []string
	for _, e := range c.ledger.Events(0, 1000) {
		out = append(out, e.Type.String()+":"+e.ComponentName)
	}
	return strings.Join(out, " ")
}

// leads waits until a node leads, and all of the nodes stand where it does.
func (w *world) leads(leader string, all ...string) {
	w.t.Helper()
	w.await(leader+" leads and all are with it", func() bool {
		l := w.nodes[leader]
		if l.office.Load() == 0 || l.ledger.State().EngineOwner != leader {
			return false
		}
		s := l.ledger.State()
		for _, n := range all {
			if o := w.nodes[n].ledger.State(); o.Applied != s.Applied || o.Generation != s.Generation || w.nodes[n].Snapshot().Leader != leader {
				return false
			}
		}
		return true
	})
}

var three = []string{"n1", "n2", "n3"}

func (w *world) startAll() {
	w.t.Helper()
	for _, n := range three {
		w.start(n)
	}
}

func alarm(c *Controller) (found cluster.Alarm) {
	for _, a := range c.ledger.State().Alarms {
		found = a
	}
	return found
}
