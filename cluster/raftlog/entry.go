package raftlog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/hashicorp/raft"
)

// An entry on disk: the key is the index (8 bytes, big endian); the value is
//
//	version 1 | crc32c 4 | type 1 | term 8 | appended 8 | ext length 4 | ext | data
//
// all big endian. The checksum covers the key and all that follows it.
// appended is Unix time in ns, 0 for none.
const (
	entryVersion = 1
	entryCRCAt   = 1
	entryBodyAt  = 5
	entryHeader  = entryBodyAt + 1 + 8 + 8 + 4
)

// castagnoli is the checksum's polynomial, as in iSCSI and ext4.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func encodeEntry(l *raft.Log) (key, value []byte) {
	key = putUint64(l.Index)
	value = make([]byte, entryBodyAt, entryHeader+len(l.Extensions)+len(l.Data))
	value[0] = entryVersion
	value = append(value, byte(l.Type))
	value = binary.BigEndian.AppendUint64(value, l.Term)
	value = binary.BigEndian.AppendUint64(value, unixNano(l.AppendedAt))
	value = binary.BigEndian.AppendUint32(value, uint32(len(l.Extensions)))
	value = append(value, l.Extensions...)
	value = append(value, l.Data...)
	binary.BigEndian.PutUint32(value[entryCRCAt:], entrySum(key, value))
	return key, value
}

// decodeEntry fills l with copies: bbolt's memory is gone after the
// transaction.
func decodeEntry(key, value []byte, l *raft.Log) error {
	index, ok := getUint64(key)
	if !ok {
		return fmt.Errorf("%w: log key of %d bytes", ErrDamaged, len(key))
	}
	if len(value) < entryHeader {
		return fmt.Errorf("%w: log entry %d has %d bytes", ErrDamaged, index, len(value))
	}
	if value[0] != entryVersion {
		return fmt.Errorf("%w: log entry %d has version %d", ErrDamaged, index, value[0])
	}
	if binary.BigEndian.Uint32(value[entryCRCAt:]) != entrySum(key, value) {
		return fmt.Errorf("%w: log entry %d fails its checksum", ErrDamaged, index)
	}
	body := value[entryBodyAt:]
	ext := int(binary.BigEndian.Uint32(body[17:]))
	rest := body[21:]
	if ext > len(rest) {
		return fmt.Errorf("%w: log entry %d: extensions of %d bytes in %d", ErrDamaged, index, ext, len(rest))
	}
	*l = raft.Log{
		Index:      index,
		Type:       raft.LogType(body[0]),
		Term:       binary.BigEndian.Uint64(body[1:]),
		AppendedAt: fromUnixNano(binary.BigEndian.Uint64(body[9:])),
		Extensions: cloneNonEmpty(rest[:ext]),
		Data:       cloneNonEmpty(rest[ext:]),
	}
	return nil
}

func entrySum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value[entryBodyAt:])
}

func cloneNonEmpty(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return append([]byte(nil), b...)
}

func unixNano(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixNano())
}

func fromUnixNano(ns uint64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(ns))
}
