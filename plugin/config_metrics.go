package plugin

import (
	"net/netip"
)

// MetricsConfig is where the node answers Prometheus.
type MetricsConfig struct {
	Listen string `mapstructure:"listen"` // address:port, as 127.0.0.1:9162; empty: off
}

func (v *validator) metrics() {
	if v.Metrics.Listen == "" {
		return
	}
	if at, err := netip.ParseAddrPort(v.Metrics.Listen); err != nil || at.Port() == 0 {
		v.add("metrics.listen", "write it as 127.0.0.1:9162, or leave it out", "%q is no address with a port", v.Metrics.Listen)
	}
}

// openMetrics says whether others than this machine can read the figures.
func (c Config) openMetrics() bool {
	at, err := netip.ParseAddrPort(c.Metrics.Listen)
	return err == nil && !at.Addr().Unmap().IsLoopback()
}
