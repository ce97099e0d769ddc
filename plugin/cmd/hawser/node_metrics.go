package main

import (
	"github.com/sirupsen/logrus"

	"hawser/plugin"
	"hawser/plugin/metrics"
)

// metricsBuilders makes what answers Prometheus, if it is wanted.
func metricsBuilders(cfg plugin.Config, source metrics.Source, log *logrus.Entry) []builder {
	if cfg.Metrics.Listen == "" {
		return nil
	}
	return []builder{func() (plugin.Task, error) {
		return metrics.New(cfg.Metrics.Listen, source, log.WithField("component", "metrics"))
	}}
}
