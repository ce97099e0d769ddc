package raftlog

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// The protocols that share a port, as ALPN names.
const (
	protoRaft = "hawser-raft/1"
	protoRPC  = "hawser-rpc/1"
)

// serverTLS is the configuration for accepted connections. Certificate and
// roots are read per handshake, so that rotation needs no restart.
func (t *Transport) serverTLS() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{protoRaft, protoRPC},
		ClientAuth:             tls.RequireAnyClientCert, // the chain is verified by VerifyConnection
		SessionTicketsDisabled: true,                     // each connection proves itself
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return t.cfg.Cert() },
		VerifyConnection: func(cs tls.ConnectionState) error {
			_, err := t.verifyPeer(cs, x509.ExtKeyUsageClientAuth)
			return err
		},
	}
}

// verifyPeer checks the chain and the cluster and returns the peer's name.
func (t *Transport) verifyPeer(cs tls.ConnectionState, usage x509.ExtKeyUsage) (node string, err error) {
	if len(cs.PeerCertificates) == 0 {
		return "", errors.New("peer without a certificate")
	}
	leaf := cs.PeerCertificates[0]
	cluster, node, err := identityOf(leaf)
	if err != nil {
		return "", err
	}
	if cluster != t.cfg.ClusterID {
		return "", fmt.Errorf("node %s belongs to cluster %s, this is %s", node, cluster, t.cfg.ClusterID)
	}
	if node == t.cfg.Node {
		return "", fmt.Errorf("peer carries this node's own name %s; was the machine cloned?", node)
	}
	if err := t.verifyChain(node, cs.PeerCertificates, usage); err != nil {
		return "", fmt.Errorf("certificate of %s: %w", node, err)
	}
	if cs.NegotiatedProtocol == "" {
		return "", fmt.Errorf("node %s speaks no protocol of ours", node)
	}
	return node, nil
}

// verifyChain verifies now, and if the date alone is wrong, at a moment when
// the certificate was valid: an expired certificate does not stop a running
// cluster, it is reported.
func (t *Transport) verifyChain(node string, certs []*x509.Certificate, usage x509.ExtKeyUsage) error {
	leaf := certs[0]
	opts := x509.VerifyOptions{
		Roots:         t.cfg.Roots(),
		Intermediates: x509.NewCertPool(),
		KeyUsages:     []x509.ExtKeyUsage{usage},
	}
	if opts.Roots == nil {
		return errors.New("no CA configured here") // nil would mean the system's
	}
	for _, c := range certs[1:] {
		opts.Intermediates.AddCert(c)
	}
	_, err := leaf.Verify(opts)
	if !isExpired(err) {
		return err
	}
	// Near its end first; a CA that ended earlier was valid at its start.
	for _, at := range []time.Time{leaf.NotAfter.Add(-time.Second), leaf.NotBefore.Add(time.Second)} {
		opts.CurrentTime = at
		if _, again := leaf.Verify(opts); again == nil {
			t.reportExpired(node, leaf.NotAfter)
			return nil
		}
	}
	return err
}

func isExpired(err error) bool {
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	return ok && invalid.Reason == x509.Expired
}
