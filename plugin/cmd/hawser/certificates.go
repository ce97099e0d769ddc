package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"hawser/cluster/raftlog"
	"hawser/plugin"
)

// certificates are the node's certificate and the cluster's authorities. Files that were replaced are read again, so that
// they change without a stop; what cannot be read keeps its former form.
type certificates struct {
	files plugin.ClusterConfig
	log   *logrus.Entry

	mu    sync.Mutex // guards what follows
	cert  *tls.Certificate
	pool  *x509.CertPool
	stamp [3]time.Time
}

func newCertificates(files plugin.ClusterConfig, log *logrus.Entry) (*certificates, error) {
	c := &certificates{files: files, log: log}
	return c, c.read()
}

func (c *certificates) read() error {
	pair, err := tls.LoadX509KeyPair(c.files.CertFile, c.files.KeyFile)
	if err != nil {
		return fmt.Errorf("certificate %s: %w", c.files.CertFile, err)
	}
	ca, err := os.ReadFile(c.files.CAFile)
	if err != nil {
		return fmt.Errorf("authority: %w", err)
	}
	pool, err := raftlog.Roots(ca)
	if err != nil {
		return fmt.Errorf("authority %s: %w", c.files.CAFile, err)
	}
	c.cert, c.pool, c.stamp = &pair, pool, c.stamps()
	return nil
}

// stamps are the times of the files' last changes.
func (c *certificates) stamps() (out [3]time.Time) {
	for i, path := range []string{c.files.CAFile, c.files.CertFile, c.files.KeyFile} {
		if info, err := os.Stat(path); err == nil {
			out[i] = info.ModTime()
		}
	}
	return out
}

// fresh reads the files again if one has changed; the lock must be held.
func (c *certificates) fresh() {
	now := c.stamps()
	if now == c.stamp {
		return
	}
	if err := c.read(); err != nil {
		c.stamp = now // one warning per change
		c.log.WithError(err).Warn("changed certificates cannot be used; the former ones stay in use")
		return
	}
	c.log.Info("certificates were read again")
}

func (c *certificates) certificate() (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fresh()
	return c.cert, nil
}

func (c *certificates) roots() *x509.CertPool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fresh()
	return c.pool
}
