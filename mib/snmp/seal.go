package snmp

import (
	"bytes"
	"fmt"
)

// Encode returns a v1, v2c or v3 noAuthNoPriv message as a datagram. A v3 message that is authenticated wants Seal.
func (m *Message) Encode() ([]byte, error) {
	if m.Version == V3 {
		return m.Seal(nil)
	}
	w := writer{make([]byte, 0, firstBuffer)}
	mark := w.begin(tagSequence)
	w.integer(int64(m.Version))
	w.text(m.Community)
	w.pdu(m.PDU)
	w.end(mark)
	return w.buf, nil
}

// Seal encodes a v3 message, encrypts and authenticates it as m.Flags say, with keys localised for m.EngineID.
func (m *Message) Seal(keys *Keys) ([]byte, error) {
	if err := m.checkKeys(keys); err != nil {
		return nil, err
	}
	data := m.scopedPDU()
	var salt []byte
	if m.Flags&FlagPriv != 0 {
		data, salt = keys.encrypt(m.Boots, m.Time, data)
	}
	macSize := 0
	if m.Flags&FlagAuth != 0 {
		macSize = keys.auth.macSize()
	}
	w := writer{make([]byte, 0, len(data)+firstBuffer/4)}
	mark := w.begin(tagSequence)
	w.integer(int64(V3))
	m.header(&w)
	m.security(&w, macSize, salt)
	if salt != nil {
		w.octets(byte(TypeOctetString), data)
	} else {
		w.buf = append(w.buf, data...)
	}
	w.end(mark)
	if macSize > 0 {
		authAt := macOffset(w.buf, len(data), macSize, salt)
		keys.mac(w.buf[authAt:authAt], w.buf)
	}
	return w.buf, nil
}

// checkKeys says whether keys can do what m.Flags ask for.
func (m *Message) checkKeys(keys *Keys) error {
	switch {
	case m.Flags.Level() == FlagPriv:
		return malformed("privacy without authentication")
	case m.Flags&FlagAuth != 0 && keys == nil:
		return ErrNoKeys
	case keys != nil && m.Flags.Level()&^keys.Level() != 0:
		return fmt.Errorf("user %q at %s: %w", m.User, m.Flags, ErrUnsupportedSecLevel)
	}
	return nil
}

func (m *Message) scopedPDU() []byte {
	w := writer{make([]byte, 0, firstBuffer)}
	mark := w.begin(tagSequence)
	w.octets(byte(TypeOctetString), m.ContextEngineID)
	w.text(m.ContextName)
	w.pdu(m.PDU)
	w.end(mark)
	return w.buf
}

func (m *Message) header(w *writer) {
	mark := w.begin(tagSequence)
	w.integer(int64(m.MsgID))
	w.integer(int64(m.maxSize()))
	w.octets(byte(TypeOctetString), []byte{byte(m.Flags)})
	w.integer(securityUSM)
	w.end(mark)
}

func (m *Message) maxSize() int {
	if m.MaxSize == 0 {
		return MaxMessageSize
	}
	return m.MaxSize
}

func (m *Message) security(w *writer, macSize int, salt []byte) {
	outer := w.begin(byte(TypeOctetString))
	mark := w.begin(tagSequence)
	w.octets(byte(TypeOctetString), m.EngineID)
	w.integer(int64(m.Boots))
	w.integer(int64(m.Time))
	w.text(m.User)
	w.octets(byte(TypeOctetString), make([]byte, macSize))
	w.octets(byte(TypeOctetString), salt)
	w.end(mark)
	w.end(outer)
}

// macOffset counts back from the end of a sealed message: msgData, the salt, the MAC.
func macOffset(packet []byte, dataSize, macSize int, salt []byte) int {
	at := len(packet) - dataSize
	if salt != nil {
		at -= len(appendHeader(nil, byte(TypeOctetString), dataSize))
	}
	return at - 2 - len(salt) - macSize
}

// Open authenticates and decrypts a v3 message and decodes its PDU. It does not look at the time: a receiver that
// must, calls Authenticate and Decrypt. keys may be nil for noAuthNoPriv.
func (m *Message) Open(keys *Keys) error {
	if err := m.Authenticate(keys); err != nil {
		return err
	}
	return m.Decrypt(keys)
}

// Authenticate checks the MAC of a parsed v3 message, if its flags say that it has one.
func (m *Message) Authenticate(keys *Keys) error {
	if err := m.checkKeys(keys); err != nil {
		return err
	}
	if m.Flags&FlagAuth == 0 {
		return nil
	}
	if !keys.verify(m.wire.packet, m.wire.authAt, m.wire.authParams) {
		return fmt.Errorf("message of user %q: %w", m.User, ErrWrongDigest)
	}
	return nil
}

// Decrypt decrypts the scoped PDU of a parsed v3 message, if its flags say so, and decodes it. It is a mistake to
// call it before Authenticate.
func (m *Message) Decrypt(keys *Keys) error {
	if err := m.checkKeys(keys); err != nil {
		return err
	}
	data := m.wire.data
	if m.Flags&FlagPriv != 0 {
		plain, err := m.decrypt(keys)
		if err != nil {
			return fmt.Errorf("message of user %q: %w", m.User, err)
		}
		data = plain
	}
	return m.parseScoped(data, m.Flags&FlagPriv != 0)
}

func (m *Message) decrypt(keys *Keys) ([]byte, error) {
	outer := reader{m.wire.data}
	cipherText, err := outer.octets(len(m.wire.data), "encrypted pdu")
	if err != nil {
		return nil, err
	}
	if err := outer.end("message"); err != nil {
		return nil, err
	}
	if len(m.wire.privParams) != saltSize {
		return nil, fmt.Errorf("salt of %d octets: %w", len(m.wire.privParams), ErrDecryption)
	}
	return keys.decrypt(m.Boots, m.Time, m.wire.privParams, cipherText), nil
}

// parseScoped decodes a scoped PDU. What does not begin as one after decryption was encrypted with another key;
// padding may follow it then.
func (m *Message) parseScoped(data []byte, decrypted bool) error {
	outer := reader{data}
	scoped, err := outer.sequence("scoped pdu")
	if err == nil && !decrypted {
		err = outer.end("scoped pdu")
	}
	if err == nil {
		err = m.parseContext(&scoped)
	}
	if err != nil {
		if decrypted {
			return fmt.Errorf("message of user %q: %w", m.User, ErrDecryption)
		}
		return err
	}
	if m.PDU, err = scoped.pdu(); err != nil {
		return err
	}
	return scoped.end("scoped pdu")
}

func (m *Message) parseContext(scoped *reader) error {
	engineID, err := scoped.octets(MaxEngineID, "contextEngineID")
	if err != nil {
		return err
	}
	name, err := scoped.octets(maxContextName, "contextName")
	if err != nil {
		return err
	}
	m.ContextEngineID, m.ContextName = bytes.Clone(engineID), string(name)
	return nil
}

// MAC returns the message authentication code of a parsed v3 message, nil if it has none.
func (m *Message) MAC() []byte { return bytes.Clone(m.wire.authParams) }
