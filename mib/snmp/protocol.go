package snmp

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"strings"
)

// AuthProtocol is a protocol of authentication.
type AuthProtocol int

// HMAC-96 with MD5 and SHA-1 (RFC 3414), and with SHA-2 (RFC 7860). MD5 and SHA-1 are there for receivers that
// know nothing better; the product configures SHA-256.
const (
	NoAuth AuthProtocol = iota
	MD5
	SHA1
	SHA224
	SHA256
	SHA384
	SHA512
)

type authKind struct {
	name string
	mac  int // octets of the truncated MAC
	hash func() hash.Hash
}

var authKinds = [...]authKind{
	NoAuth: {name: "none"},
	MD5:    {"MD5", 12, md5.New},
	SHA1:   {"SHA", 12, sha1.New},
	SHA224: {"SHA-224", 16, sha256.New224},
	SHA256: {"SHA-256", 24, sha256.New},
	SHA384: {"SHA-384", 32, sha512.New384},
	SHA512: {"SHA-512", 48, sha512.New},
}

// String returns the name that net-snmp's -a takes.
func (p AuthProtocol) String() string {
	if p.valid() {
		return authKinds[p].name
	}
	return fmt.Sprintf("authProtocol(%d)", int(p))
}

func (p AuthProtocol) valid() bool  { return p >= NoAuth && int(p) < len(authKinds) }
func (p AuthProtocol) macSize() int { return authKinds[p].mac }

// ParseAuthProtocol reads a name as net-snmp's -a takes it; "" and "none" mean no authentication.
func ParseAuthProtocol(name string) (AuthProtocol, error) {
	for p, kind := range authKinds {
		if sameName(name, kind.name) {
			return AuthProtocol(p), nil
		}
	}
	switch {
	case name == "":
		return NoAuth, nil
	case sameName(name, "SHA-1"):
		return SHA1, nil
	}
	return NoAuth, fmt.Errorf("unknown authentication protocol %q: use SHA-256, SHA-384, SHA-512 or SHA-224", name)
}

// PrivProtocol is a protocol of privacy.
type PrivProtocol int

// AES in CFB mode: 128 bits is RFC 3826; 192 and 256 bits lengthen the key as draft-blumenthal-aes-usm-04 says,
// which is what net-snmp calls AES-192 and AES-256.
const (
	NoPriv PrivProtocol = iota
	AES128
	AES192
	AES256
)

type privKind struct {
	name string
	key  int // octets
}

var privKinds = [...]privKind{NoPriv: {name: "none"}, AES128: {"AES", 16}, AES192: {"AES-192", 24}, AES256: {"AES-256", 32}}

// String returns the name that net-snmp's -x takes.
func (p PrivProtocol) String() string {
	if p.valid() {
		return privKinds[p].name
	}
	return fmt.Sprintf("privProtocol(%d)", int(p))
}

func (p PrivProtocol) valid() bool { return p >= NoPriv && int(p) < len(privKinds) }

// ParsePrivProtocol reads a name as net-snmp's -x takes it; "" and "none" mean no privacy.
func ParsePrivProtocol(name string) (PrivProtocol, error) {
	for p, kind := range privKinds {
		if sameName(name, kind.name) {
			return PrivProtocol(p), nil
		}
	}
	switch {
	case name == "":
		return NoPriv, nil
	case sameName(name, "AES-128"):
		return AES128, nil
	}
	return NoPriv, fmt.Errorf("unknown privacy protocol %q: use AES, AES-192 or AES-256", name)
}

// sameName compares without regard to case and hyphens: SHA256 is SHA-256.
func sameName(a, b string) bool {
	plain := func(name string) string { return strings.ReplaceAll(name, "-", "") }
	return strings.EqualFold(plain(a), plain(b))
}
