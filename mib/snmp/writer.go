package snmp

import "math/bits"

// writer appends elements to a buffer. An element whose length is not known beforehand is opened with begin and
// closed with end, which moves the content if the length needs more than one octet.
type writer struct{ buf []byte }

func (w *writer) begin(tag byte) (mark int) {
	w.buf = append(w.buf, tag, 0)
	return len(w.buf)
}

func (w *writer) end(mark int) {
	length := len(w.buf) - mark
	if length < longForm {
		w.buf[mark-1] = byte(length)
		return
	}
	size := lengthSize(length)
	w.buf = append(w.buf, make([]byte, size)...)
	copy(w.buf[mark+size:], w.buf[mark:mark+length])
	w.buf[mark-1] = longForm | byte(size)
	putLength(w.buf[mark:mark+size], length)
}

func lengthSize(length int) int { return (bits.Len(uint(length)) + 7) / 8 }

func putLength(octets []byte, length int) {
	for i := len(octets) - 1; i >= 0; i-- {
		octets[i] = byte(length)
		length >>= 8
	}
}

// appendHeader appends tag and length of an element whose content follows.
func appendHeader(dst []byte, tag byte, length int) []byte {
	if length < longForm {
		return append(dst, tag, byte(length))
	}
	size := lengthSize(length)
	dst = append(dst, tag, longForm|byte(size))
	for shift := 8 * (size - 1); shift >= 0; shift -= 8 {
		dst = append(dst, byte(length>>shift))
	}
	return dst
}

func (w *writer) octets(tag byte, content []byte) {
	w.buf = append(appendHeader(w.buf, tag, len(content)), content...)
}

func (w *writer) text(content string) {
	w.buf = append(appendHeader(w.buf, byte(TypeOctetString), len(content)), content...)
}

func (w *writer) integer(v int64) { w.signed(byte(TypeInteger), v) }

func (w *writer) signed(tag byte, v int64) {
	size := 1
	for rest := v >> 7; rest != 0 && rest != -1; rest >>= 8 {
		size++
	}
	w.number(tag, uint64(v), size)
}

func (w *writer) unsigned(tag byte, v uint64) {
	w.number(tag, v, bits.Len64(v)/8+1)
}

// number appends the size low octets of v; a ninth one is the zero that keeps a large Counter64 positive.
func (w *writer) number(tag byte, v uint64, size int) {
	w.buf = append(w.buf, tag, byte(size))
	if size == maxIntSize {
		w.buf = append(w.buf, 0)
		size--
	}
	for shift := 8 * (size - 1); shift >= 0; shift -= 8 {
		w.buf = append(w.buf, byte(v>>shift))
	}
}

func (w *writer) oid(oid OID) {
	first, rest := uint64(0), OID(nil)
	if len(oid) > 0 {
		first = uint64(oid[0]) * 40
	}
	if len(oid) > 1 {
		first += uint64(oid[1])
		rest = oid[2:]
	}
	length := subIDSize(first)
	for _, sub := range rest {
		length += subIDSize(uint64(sub))
	}
	w.buf = appendHeader(w.buf, byte(TypeObjectID), length)
	w.buf = appendSubID(w.buf, first)
	for _, sub := range rest {
		w.buf = appendSubID(w.buf, uint64(sub))
	}
}

func subIDSize(sub uint64) int { return max(1, (bits.Len64(sub)+6)/7) }

func appendSubID(dst []byte, sub uint64) []byte {
	if sub < longForm {
		return append(dst, byte(sub))
	}
	for shift := 7 * (subIDSize(sub) - 1); shift > 0; shift -= 7 {
		dst = append(dst, byte(sub>>shift)|longForm)
	}
	return append(dst, byte(sub)&0x7f)
}
