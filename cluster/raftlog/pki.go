package raftlog

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"strings"
	"time"
)

const (
	// identityScheme opens the URI that names a node in its certificate.
	identityScheme = "hawser"

	// caLifetime is long: a CA is changed on purpose, not by a date.
	caLifetime = 30 * 365 * 24 * time.Hour

	// backdate lets a certificate be used by a node whose clock is behind.
	backdate = time.Hour

	blockCert = "CERTIFICATE"
	blockKey  = "PRIVATE KEY"
)

// KeyPair is a certificate and its private key, both PEM.
type KeyPair struct {
	Cert []byte
	Key  []byte
}

// TLS parses the pair for use.
func (p KeyPair) TLS() (tls.Certificate, error) {
	cert, err := tls.X509KeyPair(p.Cert, p.Key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate and key: %w; check that both files belong together", err)
	}
	return cert, nil
}

// NewCA makes the certificate authority of a cluster: ECDSA P-256, valid for
// 30 years, name for people to read. Its key belongs off the nodes.
func NewCA(clusterID, name string) (KeyPair, error) {
	if _, err := identity(clusterID, "any"); err != nil {
		return KeyPair{}, err
	}
	now := time.Now()
	ca := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name, Organization: []string{"hawser cluster " + clusterID}},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(caLifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	return sign(ca, nil, nil)
}

// Issue makes the certificate of a node, signed by the CA: its identity is
// the URI hawser://CLUSTER-ID/NODE; names are DNS names or IP addresses under
// which other programs may reach it.
func Issue(ca KeyPair, clusterID, node string, names []string, lifetime time.Duration) (KeyPair, error) {
	uri, err := identity(clusterID, node)
	if err != nil {
		return KeyPair{}, err
	}
	if lifetime <= 0 {
		return KeyPair{}, fmt.Errorf("certificate of %s: lifetime %s is not above zero", node, lifetime)
	}
	issuer, err := ca.TLS()
	if err != nil {
		return KeyPair{}, fmt.Errorf("certificate of %s: the CA: %w", node, err)
	}
	key, ok := issuer.PrivateKey.(crypto.Signer)
	if !ok {
		return KeyPair{}, fmt.Errorf("certificate of %s: the CA's key cannot sign", node)
	}
	now := time.Now()
	cert := &x509.Certificate{
		Subject:     pkix.Name{CommonName: node, Organization: []string{"hawser cluster " + clusterID}},
		NotBefore:   now.Add(-backdate),
		NotAfter:    now.Add(lifetime),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		URIs:        []*url.URL{uri},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			cert.IPAddresses = append(cert.IPAddresses, ip)
		} else {
			cert.DNSNames = append(cert.DNSNames, name)
		}
	}
	return sign(cert, issuer.Leaf, key)
}

// Roots makes a pool of CA certificates in PEM; during a change of the CA it
// holds the old and the new one.
func Roots(certs ...[]byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for _, c := range certs {
		if !pool.AppendCertsFromPEM(c) {
			return nil, errors.New("no certificate in the CA file; give the PEM file that hawser init wrote")
		}
	}
	return pool, nil
}

// sign makes a key for the certificate and signs it; without an issuer by
// its own key.
func sign(cert, issuer *x509.Certificate, issuerKey crypto.Signer) (KeyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return KeyPair{}, fmt.Errorf("new key: %w", err)
	}
	if cert.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return KeyPair{}, fmt.Errorf("serial number: %w", err)
	}
	if issuer == nil {
		issuer, issuerKey = cert, key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, issuer, key.Public(), issuerKey)
	if err != nil {
		return KeyPair{}, fmt.Errorf("sign certificate of %s: %w", cert.Subject.CommonName, err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return KeyPair{}, fmt.Errorf("encode key: %w", err)
	}
	return KeyPair{
		Cert: pem.EncodeToMemory(&pem.Block{Type: blockCert, Bytes: der}),
		Key:  pem.EncodeToMemory(&pem.Block{Type: blockKey, Bytes: keyDER}),
	}, nil
}

// identity is the URI that names a node of a cluster.
func identity(clusterID, node string) (*url.URL, error) {
	if err := plainName("cluster id", clusterID); err != nil {
		return nil, err
	}
	if err := plainName("node name", node); err != nil {
		return nil, err
	}
	return &url.URL{Scheme: identityScheme, Host: clusterID, Path: "/" + node}, nil
}

// plainName keeps to what needs no escape in a URI, so that one name has one
// spelling.
func plainName(what, s string) error {
	if s == "" || len(s) > 63 {
		return fmt.Errorf("%s %q: give 1 to 63 characters", what, s)
	}
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"
	if i := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune(allowed, r) }); i >= 0 {
		return fmt.Errorf("%s %q: character %d is not a letter, digit, '-', '.' or '_'", what, s, i+1)
	}
	return nil
}

// identityOf reads cluster and node from a certificate. It must carry exactly
// one identity.
func identityOf(cert *x509.Certificate) (clusterID, node string, err error) {
	for _, u := range cert.URIs {
		if u.Scheme != identityScheme {
			continue
		}
		if node != "" {
			return "", "", errors.New("certificate with two identities")
		}
		clusterID, node = u.Host, strings.TrimPrefix(u.Path, "/")
		want, err := identity(clusterID, node)
		if err != nil || want.String() != u.String() {
			return "", "", fmt.Errorf("certificate with malformed identity %q", u)
		}
	}
	if node == "" {
		return "", "", errors.New("certificate without a hawser identity")
	}
	return clusterID, node, nil
}
