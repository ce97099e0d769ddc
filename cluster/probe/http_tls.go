package probe

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"strings"
)

// fingerprintError says that the server showed another certificate than the pinned one.
type fingerprintError struct{ got string }

func (e *fingerprintError) Error() string {
	return "TLS: the certificate's fingerprint is " + e.got + ", another than the pinned one"
}

// tlsConfig builds what the options ask for: a CA, a pinned certificate, or the system's authorities.
func (o *httpOptions) tlsConfig(found *faults) *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: o.ServerName}
	if o.CA != "" {
		config.RootCAs = x509.NewCertPool()
		if pem := o.readCA(found); pem != nil && !config.RootCAs.AppendCertsFromPEM(pem) {
			found.add("ca", "give a file of PEM certificates", "%s holds no certificate", o.CA)
		}
	}
	if o.Fingerprint != "" {
		pin(config, o.Fingerprint, found)
	}
	return config
}

// pin replaces the check of chain and name by the comparison with one certificate. InsecureSkipVerify only switches off
// the former; VerifyConnection runs at every handshake, resumed ones too.
func pin(config *tls.Config, fingerprint string, found *faults) {
	want, err := hex.DecodeString(strings.ReplaceAll(fingerprint, ":", ""))
	if err != nil || len(want) != sha256.Size {
		found.add("fingerprint", "write the SHA-256 of the certificate as 64 hexadecimal digits, with or without colons",
			"%q is not a fingerprint", fingerprint)
		return
	}
	config.InsecureSkipVerify = true
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return &fingerprintError{got: "none"}
		}
		got := sha256.Sum256(state.PeerCertificates[0].Raw)
		if string(got[:]) != string(want) {
			return &fingerprintError{got: hex.EncodeToString(got[:])}
		}
		return nil
	}
}
