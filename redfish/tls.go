package redfish

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// tlsConfig returns how the BMC's certificate is verified: by authorities, by
// its fingerprint, or, only if the configuration says so, not at all.
func (c Config) tlsConfig() (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	switch {
	case c.Insecure:
		t.InsecureSkipVerify = true
	case c.Fingerprint != "":
		want, err := parseFingerprint(c.Fingerprint)
		if err != nil {
			return nil, err
		}
		// VerifyConnection runs for resumed connections too.
		t.InsecureSkipVerify = true
		t.VerifyConnection = func(cs tls.ConnectionState) error { return verifyPin(cs, want) }
	case c.CAFile != "":
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("caFile: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("caFile %s holds no certificate in PEM form", c.CAFile)
		}
	}
	return t, nil
}

func verifyPin(cs tls.ConnectionState, want []byte) error {
	if len(cs.PeerCertificates) == 0 {
		return errors.New("the BMC sent no certificate")
	}
	got := sha256.Sum256(cs.PeerCertificates[0].Raw)
	if !bytes.Equal(got[:], want) {
		return fmt.Errorf("the BMC's certificate has SHA-256 fingerprint %x, not the configured one; if it was renewed, configure the new fingerprint", got)
	}
	return nil
}
