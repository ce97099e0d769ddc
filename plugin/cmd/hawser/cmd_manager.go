package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"hawser/nms"
	"hawser/plugin"
)

// defaultManagerConfig is where a manager's configuration is looked for.
const defaultManagerConfig = "/etc/hawser/manager.yaml"

func managerCommand(a *app) *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "manager", Short: "Run the manager beside the NMS", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadManager(path)
			if err != nil {
				return err
			}
			logger, flush := a.openLog(plugin.LogConfig(cfg.Log))
			defer flush()
			log := logger.WithField("manager", cfg.Name)
			m, err := nms.New(cfg, log)
			if err != nil {
				return err
			}
			log.Info("manager starts")
			defer log.Info("manager ended")
			return m.Run(c.Context())
		},
	}
	c.Flags().StringVar(&path, "config", defaultManagerConfig, "configuration of the manager")
	return c
}

// managerConfig reads the configuration of a manager; the faults are those that the file itself shows.
func managerConfig(path string) (nms.Config, plugin.Faults, error) {
	cfg := nms.Defaults()
	faults, err := readConfig(path, &cfg, nms.UserDefaults())
	if err != nil {
		return cfg, nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return cfg, nil, err
	}
	cfg.Resolve(dir)
	return cfg, merge(faults, managerFaults(cfg.Validate())), nil
}

// managerFaults are a manager's faults in the same form as a node's.
func managerFaults(err error) error {
	var found nms.Faults
	if !errors.As(err, &found) {
		return nil
	}
	var out plugin.Faults
	for _, f := range found {
		out = append(out, plugin.Fault(f))
	}
	return out
}

// loadManager reads a configuration that must be without fault, its files included.
func loadManager(path string) (nms.Config, error) {
	cfg, faults, err := managerConfig(path)
	if err != nil {
		return cfg, err
	}
	if faults = merge(faults, managerFaults(cfg.CheckFiles())); len(faults) > 0 {
		return cfg, fmt.Errorf("%s:\n%w", path, faults)
	}
	return cfg, nil
}
