package nms

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"

	"hawser/mib/snmp"
	"hawser/nms/analyze"
	"hawser/nms/journal"
	"hawser/nms/poll"
	"hawser/nms/port"
	"hawser/nms/reconfig"
	"hawser/nms/trapd"
	"hawser/nms/web"
)

// Files in the data folder.
const (
	journalFile = "journal.db"
	engineFile  = "engine.json"
)

// Task is a long-running part of the manager.
type Task interface {
	Run(ctx context.Context) error
	String() string
}

// Manager is a running manager, from New to the end of Run.
type Manager struct {
	cfg      Config
	log      *logrus.Entry
	users    map[string]snmp.User
	journal  *journal.Journal
	receiver *trapd.Receiver
	poller   *poll.Poller
	analyzer *analyze.Analyzer
	executor *reconfig.Executor
	http     net.Listener // nil: off
	web      *web.Server
}

// New opens the journal and binds the sockets; the error names all that is wrong with cfg, or who holds what. Run must
// follow: it closes them.
func New(cfg Config, log *logrus.Entry) (*Manager, error) {
	if err := errors.Join(cfg.Validate(), cfg.CheckFiles()); err != nil {
		return nil, fmt.Errorf("manager's configuration:\n%w", err)
	}
	m := &Manager{cfg: cfg, log: log, users: map[string]snmp.User{}}
	for _, u := range cfg.Users {
		loaded, err := u.load()
		if err != nil {
			return nil, err
		}
		m.users[u.Name] = loaded
	}
	if err := m.open(); err != nil {
		return nil, errors.Join(err, m.close())
	}
	return m, nil
}

func (m *Manager) open() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	rules, err := analyze.Compile(m.cfg.Rules)
	if err != nil {
		return err
	}
	if m.journal, err = journal.Open(filepath.Join(m.cfg.DataDir, journalFile)); err != nil {
		return err
	}
	if err := m.lookBack(ctx); err != nil {
		return err
	}
	engine, err := m.startEngine(ctx)
	if err != nil {
		return err
	}
	if err := m.journal.SaveManager(ctx, engine.Hex(), m.cfg.Name, engine.Hex(), engine.Boots); err != nil {
		return err
	}
	last, err := m.lastIDs(ctx)
	if err != nil {
		return err
	}
	// The parts know each other by functions: none is called before Run, when all exist.
	m.poller = poll.New(m.pollConfig(last), m.journal, poll.Observer{
		Found: func(name, id string, engines [][]byte, sources []netip.Addr) {
			m.receiver.Learn(name, id, engines, sources)
		},
		Passed: func(string) { m.analyzer.Wake() },
	}, m.part("poll"))
	reconfigCfg, err := m.reconfigConfig()
	if err != nil {
		return err
	}
	if m.executor, err = reconfig.New(ctx, reconfigCfg, m.journal, m.poller.State, m.poller.Name, m.part("reconfig")); err != nil {
		return err
	}
	m.analyzer = analyze.New(rules, m.journal, m.cfg.Analysis.ConditionGrace, m.cfg.Analysis.IncidentWindow, m.poller, m.executor.Submit, m.part("analyze"))
	return m.listen(ctx, engine, last)
}

func (m *Manager) listen(ctx context.Context, engine *trapd.Engine, last map[string]string) error {
	stored, err := m.journal.Engines(ctx)
	if err != nil {
		return err
	}
	cfg, err := m.trapConfig(last)
	if err != nil {
		return err
	}
	if m.receiver, err = trapd.New(ctx, cfg, engine, m.journal, stored, m.hint, m.part("trapd")); err != nil {
		return err
	}
	if m.cfg.Listen.HTTP == "" {
		return nil
	}
	if m.web, err = m.newWeb(); err != nil {
		return err
	}
	var config net.ListenConfig
	if m.http, err = config.Listen(ctx, "tcp", m.cfg.Listen.HTTP); err != nil {
		at, _ := netip.ParseAddrPort(m.cfg.Listen.HTTP) // Validate has parsed it
		return fmt.Errorf("listen.http: %w; without an address there is no web page", port.Explain("tcp", at, "listen.http", err))
	}
	return nil
}

// lastIDs are the ids that the configured clusters had in a former run, by name.
func (m *Manager) lastIDs(ctx context.Context) (map[string]string, error) {
	clusters, err := m.journal.Clusters(ctx)
	last, polled := map[string]string{}, map[string]time.Time{}
	for _, c := range clusters {
		if c.ConfigName != "" && !c.LastPolled.Before(polled[c.ConfigName]) {
			last[c.ConfigName], polled[c.ConfigName] = c.ClusterID, c.LastPolled
		}
	}
	return last, err
}

// hint is called after something of a cluster was stored: a poll confirms it and fetches its condition. A cluster that is
// not polled is judged by what it sent.
func (m *Manager) hint(clusterID string) {
	if !m.poller.Poke(clusterID) {
		m.analyzer.Wake()
	}
}

func (m *Manager) part(name string) *logrus.Entry { return m.log.WithField("component", name) }

func (m *Manager) close() error {
	var errs []error
	if m.http != nil {
		if err := m.http.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if m.receiver != nil {
		m.receiver.Close()
	}
	if m.journal != nil {
		errs = append(errs, m.journal.Close())
	}
	return errors.Join(errs...)
}

// Run runs all parts until ctx ends or one of them fails, and closes everything.
func (m *Manager) Run(ctx context.Context) error {
	group, groupCtx := errgroup.WithContext(ctx)
	tasks := []Task{m.receiver, m.poller, m.analyzer, m.executor, &clock{m}}
	if m.http != nil {
		tasks = append(tasks, &statusServer{m})
	}
	for _, task := range tasks {
		group.Go(func() error {
			if err := task.Run(groupCtx); err != nil && groupCtx.Err() == nil {
				return fmt.Errorf("%s: %w", task, err)
			}
			return nil
		})
	}
	m.log.WithFields(logrus.Fields{"traps": m.TrapAddr(), "http": m.HTTPAddr(), "clusters": len(m.cfg.Clusters), "rules": len(m.cfg.Rules), "engine_id": m.EngineID()}).Info("manager runs")
	return errors.Join(group.Wait(), m.close())
}

// Ready says whether every configured cluster was polled, or found not to answer, at least once.
func (m *Manager) Ready() bool { return m.poller.Ready() }

// TrapAddr is the first address that receives notifications, with the port the kernel chose.
func (m *Manager) TrapAddr() netip.AddrPort { return m.receiver.Addr() }

// HTTPAddr is the address of the status server; the zero value when it is off.
func (m *Manager) HTTPAddr() netip.AddrPort {
	if m.http == nil {
		return netip.AddrPort{}
	}
	return m.http.Addr().(*net.TCPAddr).AddrPort()
}

// EngineID is the manager's own SNMP engine in hexadecimal.
func (m *Manager) EngineID() string { return m.receiver.EngineID() }

// Journal answers queries while the manager runs.
func (m *Manager) Journal() *journal.Reader { return &m.journal.Reader }
