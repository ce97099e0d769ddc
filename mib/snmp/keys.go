package snmp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"sync/atomic"
)

// MinPassphrase is the least number of octets in a passphrase (RFC 3414, section 11.2).
const MinPassphrase = 8

const expandedPassphrase = 1 << 20 // RFC 3414, appendix A.2

// User is a USM user as a person configures it. Without AuthPassphrase and protocols it is noAuthNoPriv.
type User struct {
	Name           string
	Auth           AuthProtocol
	AuthPassphrase string
	Priv           PrivProtocol
	PrivPassphrase string
}

// Level returns the security level that the user speaks at.
func (u User) Level() Flags {
	switch {
	case u.Auth == NoAuth:
		return 0
	case u.Priv == NoPriv:
		return FlagAuth
	default:
		return FlagAuth | FlagPriv
	}
}

// Validate says what is wrong with the user.
func (u User) Validate() error {
	switch {
	case u.Name == "" && u.Level() != 0:
		return fmt.Errorf("user without a name: give it 1 to %d octets", maxUserName)
	case len(u.Name) > maxUserName:
		return fmt.Errorf("user name %q of %d octets: give it at most %d", u.Name, len(u.Name), maxUserName)
	case !u.Auth.valid() || !u.Priv.valid():
		return fmt.Errorf("user %q: %s, %s: use the protocols of this package", u.Name, u.Auth, u.Priv)
	case u.Priv != NoPriv && u.Auth == NoAuth:
		return fmt.Errorf("user %q has privacy without authentication: choose an authentication protocol", u.Name)
	case u.Auth != NoAuth && len(u.AuthPassphrase) < MinPassphrase:
		return fmt.Errorf("user %q: authentication passphrase is too short: give it at least %d octets", u.Name, MinPassphrase)
	case u.Priv != NoPriv && len(u.PrivPassphrase) < MinPassphrase:
		return fmt.Errorf("user %q: privacy passphrase is too short: give it at least %d octets", u.Name, MinPassphrase)
	}
	return nil
}

// Keys are a user's keys localised for one engine. They are safe for use by many goroutines.
type Keys struct {
	auth    AuthProtocol
	authKey []byte
	block   cipher.Block // nil without privacy
	salt    atomic.Uint64
}

// Level returns the highest security level that the keys serve.
func (k *Keys) Level() Flags {
	switch {
	case k.auth == NoAuth:
		return 0
	case k.block == nil:
		return FlagAuth
	default:
		return FlagAuth | FlagPriv
	}
}

// master holds what a passphrase costs 1 MiB of hashing to become: Ku of RFC 3414, appendix A.2.
type master struct {
	user       User
	auth, priv []byte
}

func newMaster(u User) master {
	m := master{user: u}
	if u.Auth != NoAuth {
		m.auth = expand(u.Auth, u.AuthPassphrase)
	}
	if u.Priv != NoPriv {
		m.priv = expand(u.Auth, u.PrivPassphrase)
	}
	return m
}

func expand(p AuthProtocol, passphrase string) []byte {
	const chunks = 1024
	repeated := make([]byte, 0, len(passphrase)+expandedPassphrase/chunks)
	h, period, done := authKinds[p].hash(), len(passphrase), 0
	for len(repeated) < cap(repeated) {
		repeated = append(repeated, passphrase[:min(period, cap(repeated)-len(repeated))]...)
	}
	for done < expandedPassphrase {
		n := min(len(repeated)-done%period, expandedPassphrase-done)
		h.Write(repeated[done%period : done%period+n])
		done += n
	}
	return h.Sum(nil)
}

// localize makes the keys for one engine (RFC 3414, section 2.6).
func (m master) localize(engineID []byte) *Keys {
	k := &Keys{auth: m.user.Auth}
	if k.auth == NoAuth {
		return k
	}
	k.authKey = bind(k.auth, m.auth, engineID)
	if m.user.Priv == NoPriv {
		return k
	}
	key := bind(k.auth, m.priv, engineID)
	size := privKinds[m.user.Priv].key
	for len(key) < size { // draft-blumenthal-aes-usm-04, section 3.1.2.1
		h := authKinds[k.auth].hash()
		h.Write(key)
		key = h.Sum(key)
	}
	block, err := aes.NewCipher(key[:size])
	if err != nil {
		panic("snmp: a key of the wrong size: " + err.Error())
	}
	k.block = block
	var seed [saltSize]byte
	_, _ = rand.Read(seed[:]) // never fails: crypto/rand ends the program instead
	k.salt.Store(binary.BigEndian.Uint64(seed[:]))
	return k
}

func bind(p AuthProtocol, ku, engineID []byte) []byte {
	h := authKinds[p].hash()
	h.Write(ku)
	h.Write(engineID)
	h.Write(ku)
	return h.Sum(nil)
}

// mac appends the truncated MAC of packet to dst.
func (k *Keys) mac(dst, packet []byte) []byte {
	h := hmac.New(authKinds[k.auth].hash, k.authKey)
	h.Write(packet)
	sum := h.Sum(make([]byte, 0, 64))
	return append(dst, sum[:k.auth.macSize()]...)
}

// verify checks the MAC that stands at authAt in packet; it is computed with zeros in its place.
func (k *Keys) verify(packet []byte, authAt int, got []byte) bool {
	size := k.auth.macSize()
	if len(got) != size || authAt+size > len(packet) {
		return false
	}
	var zeros [maxMACSize]byte
	h := hmac.New(authKinds[k.auth].hash, k.authKey)
	h.Write(packet[:authAt])
	h.Write(zeros[:size])
	h.Write(packet[authAt+size:])
	return subtle.ConstantTimeCompare(h.Sum(make([]byte, 0, 64))[:size], got) == 1
}

// encrypt encrypts in place and returns the salt that was used (RFC 3826, section 3.1.2).
func (k *Keys) encrypt(boots, seconds uint32, plain []byte) (cipherText, salt []byte) {
	salt = binary.BigEndian.AppendUint64(nil, k.salt.Add(1))
	register := k.register(boots, seconds, salt)
	for at := 0; at < len(plain); at += aes.BlockSize {
		piece := plain[at:min(at+aes.BlockSize, len(plain))]
		k.block.Encrypt(register[:], register[:])
		n := subtle.XORBytes(piece, piece, register[:])
		copy(register[:], piece[:n])
	}
	return plain, salt
}

func (k *Keys) decrypt(boots, seconds uint32, salt, cipherText []byte) []byte {
	plain := make([]byte, len(cipherText))
	register := k.register(boots, seconds, salt)
	for at := 0; at < len(plain); at += aes.BlockSize {
		end := min(at+aes.BlockSize, len(plain))
		k.block.Encrypt(register[:], register[:])
		subtle.XORBytes(plain[at:end], cipherText[at:end], register[:])
		copy(register[:], cipherText[at:end])
	}
	return plain
}

// register is the first input of the cipher: boots, time, salt (RFC 3826, section 3.1.2.1).
func (k *Keys) register(boots, seconds uint32, salt []byte) (register [aes.BlockSize]byte) {
	binary.BigEndian.PutUint32(register[0:], boots)
	binary.BigEndian.PutUint32(register[4:], seconds)
	copy(register[8:], salt)
	return register
}
