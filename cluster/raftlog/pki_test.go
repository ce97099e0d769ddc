package raftlog

import (
	"crypto/x509"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestIssuedCertificate(t *testing.T) {
	ca := mustCA(t, testCluster)
	pair, err := Issue(ca, testCluster, "n1", []string{"n1.example", "192.0.2.1", "2001:db8::1"}, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	leaf := cert.Leaf
	if got := leaf.URIs[0].String(); got != "hawser://c0ffee/n1" {
		t.Errorf("identity %s", got)
	}
	if !slices.Equal(leaf.DNSNames, []string{"n1.example"}) || len(leaf.IPAddresses) != 2 {
		t.Errorf("names %v, addresses %v", leaf.DNSNames, leaf.IPAddresses)
	}
	if left := time.Until(leaf.NotAfter); left > 24*time.Hour || left < 23*time.Hour {
		t.Errorf("valid for another %s", left)
	}
	if leaf.IsCA || leaf.PublicKeyAlgorithm != x509.ECDSA {
		t.Errorf("CA %t, key %s", leaf.IsCA, leaf.PublicKeyAlgorithm)
	}
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth} {
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: mustRoots(t, ca.Cert), KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
			t.Error(err)
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	ca := mustCA(t, testCluster)
	tests := []struct {
		name          string
		ca            KeyPair
		cluster, node string
		lifetime      time.Duration
		want          string
	}{
		{"slash in a name", ca, testCluster, "a/b", time.Hour, "character 2"},
		{"no name", ca, testCluster, "", time.Hour, "1 to 63"},
		{"long name", ca, testCluster, strings.Repeat("x", 64), time.Hour, "1 to 63"},
		{"odd cluster", ca, "a@b", "n1", time.Hour, "cluster id"},
		{"no time", ca, testCluster, "n1", 0, "lifetime"},
		{"no CA", KeyPair{}, testCluster, "n1", time.Hour, "the CA"},
		{"mixed files", KeyPair{Cert: ca.Cert, Key: mustCA(t, testCluster).Key}, testCluster, "n1", time.Hour, "belong together"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Issue(tt.ca, tt.cluster, tt.node, nil, tt.lifetime); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it to name %q", err, tt.want)
			}
		})
	}
	if _, err := NewCA("a b", "x"); err == nil {
		t.Error("a CA for a malformed cluster id")
	}
	if _, err := Roots(ca.Cert, []byte("junk")); err == nil {
		t.Error("junk among the roots")
	}
}

func TestIdentityOf(t *testing.T) {
	tests := []struct {
		name string
		uris []string
		want string // cluster/node, or part of the error
	}{
		{"ours", []string{"hawser://c1/n1"}, "c1/n1"},
		{"among others", []string{"spiffe://x/y", "hawser://c1/n1"}, "c1/n1"},
		{"none", []string{"spiffe://x/y"}, "without"},
		{"two", []string{"hawser://c1/n1", "hawser://c1/n2"}, "two identities"},
		{"port", []string{"hawser://c1:1/n1"}, "malformed"},
		{"user", []string{"hawser://u@c1/n1"}, "malformed"},
		{"deep path", []string{"hawser://c1/n1/x"}, "malformed"},
		{"escaped", []string{"hawser://c1/n%31"}, "malformed"},
		{"query", []string{"hawser://c1/n1?x"}, "malformed"},
		{"empty", []string{"hawser:///"}, "malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cert := &x509.Certificate{}
			for _, s := range tt.uris {
				u, err := url.Parse(s)
				if err != nil {
					t.Fatal(err)
				}
				cert.URIs = append(cert.URIs, u)
			}
			cluster, node, err := identityOf(cert)
			got := cluster + "/" + node
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
