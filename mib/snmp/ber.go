package snmp

import (
	"errors"
	"fmt"
	"math"
)

// Tags and limits of the BER subset that SNMP uses (RFC 3417, section 8).
const (
	tagSequence   = 0x30
	longForm      = 0x80
	maxLengthSize = 4 // octets of a long-form length; more cannot describe a datagram
	maxIntSize    = 9 // octets of an integer: a Counter64 with its leading zero
)

// ErrMalformed is wrapped by every error that means "these bytes are no SNMP message".
var ErrMalformed = errors.New("malformed message")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// reader takes elements from the front of what is left.
type reader struct{ rest []byte }

func (r *reader) empty() bool { return len(r.rest) == 0 }

// next takes one element whole. The content is a part of the input, and keeps its capacity: offset needs it.
func (r *reader) next() (tag byte, content []byte, err error) {
	header, length, err := r.header()
	if err != nil {
		return 0, nil, err
	}
	tag = r.rest[0]
	content = r.rest[header : header+length]
	r.rest = r.rest[header+length:]
	return tag, content, nil
}

// header reads tag and length of the next element and checks that its content is there.
func (r *reader) header() (header, length int, err error) {
	if len(r.rest) < 2 {
		return 0, 0, malformed("%d octets left where an element should begin", len(r.rest))
	}
	if r.rest[0]&0x1f == 0x1f {
		return 0, 0, malformed("tag 0x%02x of several octets", r.rest[0])
	}
	header, length = 2, int(r.rest[1])
	if length >= longForm {
		size := length - longForm
		if size == 0 || size > maxLengthSize || len(r.rest) < 2+size {
			return 0, 0, malformed("length in %d octets, %d left", size, len(r.rest)-2)
		}
		length = 0
		for _, octet := range r.rest[2 : 2+size] {
			length = length<<8 | int(octet)
		}
		header += size
	}
	if length > len(r.rest)-header {
		return 0, 0, malformed("element of %d octets, %d left", length, len(r.rest)-header)
	}
	return header, length, nil
}

// count returns how many elements are left, up to the first that is malformed, which the caller will meet.
func (r reader) count() int {
	n := 0
	for ; !r.empty(); n++ {
		if _, _, err := r.next(); err != nil {
			return n + 1
		}
	}
	return n
}

// take takes one element that must have the tag.
func (r *reader) take(tag byte, what string) ([]byte, error) {
	got, content, err := r.next()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if got != tag {
		return nil, malformed("%s: tag 0x%02x where 0x%02x should be", what, got, tag)
	}
	return content, nil
}

func (r *reader) sequence(what string) (reader, error) {
	content, err := r.take(tagSequence, what)
	return reader{content}, err
}

// integer takes an INTEGER between low and high.
func (r *reader) integer(low, high int64, what string) (int64, error) {
	content, err := r.take(byte(TypeInteger), what)
	if err != nil {
		return 0, err
	}
	v, err := parseInt(content)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	if v < low || v > high {
		return 0, malformed("%s %d is not within %d..%d", what, v, low, high)
	}
	return v, nil
}

// octets takes an OCTET STRING of at most most octets; the result is a part of the input.
func (r *reader) octets(most int, what string) ([]byte, error) {
	content, err := r.take(byte(TypeOctetString), what)
	if err != nil {
		return nil, err
	}
	if len(content) > most {
		return nil, malformed("%s of %d octets, at most %d are allowed", what, len(content), most)
	}
	return content, nil
}

// end says that nothing may follow.
func (r *reader) end(what string) error {
	if !r.empty() {
		return malformed("%d octets after the end of the %s", len(r.rest), what)
	}
	return nil
}

func parseInt(content []byte) (int64, error) {
	if len(content) == 0 || len(content) > 8 {
		return 0, malformed("integer of %d octets", len(content))
	}
	v := int64(int8(content[0]))
	for _, octet := range content[1:] {
		v = v<<8 | int64(octet)
	}
	return v, nil
}

// parseUint reads an unsigned value of at most bits bits. Some agents leave out the leading zero octet of a large
// 32-bit value: it is then read as what it means.
func parseUint(content []byte, bits int) (uint64, error) {
	if len(content) == 0 || len(content) > maxIntSize || (len(content) == maxIntSize && content[0] != 0) {
		return 0, malformed("unsigned integer of %d octets", len(content))
	}
	v := uint64(int64(int8(content[0])))
	for _, octet := range content[1:] {
		v = v<<8 | uint64(octet)
	}
	if bits == 64 {
		return v, nil
	}
	if len(content) <= 4 {
		return uint64(uint32(v)), nil
	}
	if v > math.MaxUint32 {
		return 0, malformed("unsigned integer %d is over 32 bits", v)
	}
	return v, nil
}

func parseOID(content []byte) (OID, error) {
	if len(content) == 0 {
		return OID{0, 0}, nil // as net-snmp reads an identifier without content
	}
	count := 1
	for _, octet := range content {
		if octet < longForm {
			count++
		}
	}
	if count > MaxSubIDs {
		return nil, malformed("object identifier of %d sub-identifiers", count)
	}
	oid := make(OID, 1, count)
	for at := 0; at < len(content); {
		sub, size, err := parseSubID(content[at:])
		if err != nil {
			return nil, err
		}
		oid = append(oid, sub)
		at += size
	}
	oid[0] = min(oid[1]/40, 2)
	oid[1] -= oid[0] * 40
	return oid, nil
}

func parseSubID(content []byte) (sub uint32, size int, err error) {
	v := uint64(0)
	for i, octet := range content {
		v = v<<7 | uint64(octet&0x7f)
		if v > math.MaxUint32 {
			break
		}
		if octet < longForm {
			return uint32(v), i + 1, nil
		}
	}
	return 0, 0, malformed("sub-identifier over 32 bits or cut short")
}

// offset returns where field, which a reader took from packet, begins in it.
func offset(packet, field []byte) int { return cap(packet) - cap(field) }
