package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"hawser/plugin"
	"hawser/plugin/socket"
	"hawser/redfish"
)

// bmcFlags say which BMC is meant: that of a node of a configuration, or one named whole.
type bmcFlags struct {
	*app
	config, node string
	direct       redfish.Config
	alone        bool
}

func redfishCommand(a *app) *cobra.Command {
	b := &bmcFlags{app: a}
	c := &cobra.Command{
		Use: "redfish", Short: "A node's BMC from a shell",
		Long: "Speak to the BMC of a node: --config FILE --node NAME, or --url with --user and --password-file.",
	}
	f := c.PersistentFlags()
	f.StringVar(&b.config, "config", defaultConfig, "configuration of a node, which names the BMCs")
	f.StringVar(&b.node, "node", "", "the node whose BMC is meant; without it the node of the configuration")
	f.StringVar(&b.direct.URL, "url", "", "address of a BMC, instead of --config and --node")
	f.StringVar(&b.direct.Username, "user", "", "user at the BMC of --url")
	f.StringVar(&b.direct.PasswordFile, "password-file", "", "file with its password")
	f.StringVar(&b.direct.CAFile, "ca", "", "file with the authority of its certificate")
	f.StringVar(&b.direct.Fingerprint, "fingerprint", "", "SHA-256 of its certificate")
	f.StringVar(&b.direct.SystemID, "system", "", "system, where the BMC has several")
	c.AddCommand(b.inventoryCommand(), b.firmwareCommand(), b.settingsCommand(), b.applyCommand(), b.powerCommand())
	return c
}

// with opens the BMC for one command.
func (b *bmcFlags) with(ctx context.Context, do func(bmc *redfish.BMC) error) error {
	cfg, err := b.bmcConfig()
	if err != nil {
		return err
	}
	log := b.newLog(plugin.LogConfig{Level: "warning"}).WithField("bmc", cfg.Name)
	bmc, err := redfish.New(cfg, log)
	if err != nil {
		return err
	}
	defer closeBMC(ctx, bmc, log)
	return do(bmc)
}

func closeBMC(ctx context.Context, bmc *redfish.BMC, log *logrus.Entry) {
	if err := bmc.Close(context.WithoutCancel(ctx)); err != nil {
		log.WithError(err).Debug("the session was not closed; the BMC ends it by itself")
	}
}

func (b *bmcFlags) bmcConfig() (redfish.Config, error) {
	if b.direct.URL != "" {
		b.direct.Name = b.direct.URL
		return b.direct, nil
	}
	cfg, _, err := nodeConfig(b.config)
	if err != nil {
		return redfish.Config{}, fmt.Errorf("%w; name a BMC with --config and --node, or with --url", err)
	}
	if b.node == "" {
		b.node = cfg.Node
	}
	bmcs, err := cfg.BMCs()
	if err != nil {
		return redfish.Config{}, err
	}
	bmc, ok := bmcs[b.node]
	if !ok {
		return bmc, fmt.Errorf("%s configures no BMC for node %q: name another with --node", b.config, b.node)
	}
	return bmc, nil
}

// gate clears the node through the cluster before a reset. A machine that belongs to no cluster needs --alone.
func (b *bmcFlags) gate() (redfish.Gate, error) {
	if b.alone {
		return redfish.OpenGate{}, nil
	}
	if b.direct.URL != "" {
		return nil, errors.New("this machine may belong to a cluster: name it by --config and --node, or say --alone if it does not")
	}
	cfg, _, err := nodeConfig(b.config)
	if err != nil {
		return nil, err
	}
	return clusterGate{client: socket.Dial(filepath.Join(cfg.DataDir, socket.Name)), node: b.node}, nil
}

// clusterGate asks the cluster to keep the node free.
type clusterGate struct {
	client *socket.Client
	node   string
}

// Clear is refused while the node carries an active service.
func (g clusterGate) Clear(ctx context.Context, reason string) (func(), error) {
	return g.client.Clearance(ctx, g.node, "hawser redfish: "+reason)
}

// Save keeps nothing: whoever ends the command starts it again; what is done already is found done.
func (clusterGate) Save(context.Context, redfish.Step) error { return nil }

func (b *bmcFlags) inventoryCommand() *cobra.Command {
	return &cobra.Command{
		Use: "inventory", Short: "The machine, its parts, health and sensors", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return b.with(c.Context(), func(bmc *redfish.BMC) error {
				inv, err := bmc.Collect(c.Context())
				if err != nil {
					return err
				}
				return b.print(inv, func(w io.Writer) { showInventory(w, inv) })
			})
		},
	}
}

func showInventory(w io.Writer, inv *redfish.Inventory) {
	s := inv.System
	fmt.Fprintf(w, "%s %s, serial %s, UUID %s\n", s.Manufacturer, s.Model, s.Serial, s.UUID)
	fmt.Fprintf(w, "power %s, health %s%s, BIOS %s, BMC %s, LED %s\n\n", s.PowerState, s.Health, dash(s.HealthReason), s.BIOSVersion, s.BMCVersion, s.IndicatorLED)
	row(w, "CLASS", "SLOT", "NAME", "MODEL", "SERIAL", "FIRMWARE", "HEALTH", "STATE")
	for _, c := range inv.Components {
		row(w, c.Class, c.Slot, c.Name, c.Model, c.Serial, c.Firmware, c.Health, c.State)
	}
	fmt.Fprintln(w)
	row(w, "SENSOR", "TYPE", "VALUE", "UNIT", "HEALTH")
	for _, v := range inv.Sensors {
		value := "unknown"
		if v.Value != nil {
			value = fmt.Sprintf("%g", *v.Value)
		}
		row(w, v.Name, v.Type, value, v.Unit, v.Health)
	}
	for _, p := range inv.Problems {
		fmt.Fprintln(w, "not read:", p)
	}
}

func (b *bmcFlags) settingsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "settings [NAME...]", Short: "Settings with their values, what waits, and what is allowed",
		RunE: func(c *cobra.Command, names []string) error {
			return b.with(c.Context(), func(bmc *redfish.BMC) error {
				s, err := bmc.Settings(c.Context())
				if err != nil {
					return err
				}
				found, err := chosen(s, names)
				if err != nil {
					return err
				}
				return b.print(found, func(w io.Writer) {
					row(w, "SETTING", "CURRENT", "PENDING", "DEFAULT", "TYPE", "ALLOWED", "")
					for _, f := range found {
						row(w, f.Name, f.Current, waiting(f), f.Default, f.Type, f.AllowedText(), readOnly(f))
					}
				})
			})
		},
	}
}

// chosen are the settings of these names, all without names.
func chosen(s *redfish.Settings, names []string) ([]redfish.Setting, error) {
	if len(names) == 0 {
		return s.Settings, nil
	}
	var out []redfish.Setting
	var errs []error
	for _, name := range names {
		found, ok := s.Find(redfish.ScopeBIOS, name)
		if !ok {
			errs = append(errs, fmt.Errorf("the BMC has no setting %s: `hawser redfish settings` lists them", name))
			continue
		}
		out = append(out, found)
	}
	return out, errors.Join(errs...)
}

func waiting(s redfish.Setting) string {
	if s.Staged() {
		return s.Pending.String()
	}
	return "-"
}

func readOnly(s redfish.Setting) string {
	if s.ReadOnly {
		return "read-only"
	}
	return ""
}

// assignments reads NAME=VALUE arguments.
func assignments(args []string) ([]redfish.Desired, error) {
	var out []redfish.Desired
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return nil, misuse{fmt.Errorf("%q: write it as NAME=VALUE", arg)}
		}
		out = append(out, redfish.Desired{Name: name, Value: value})
	}
	return out, nil
}
