package journal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
)

// Layout of SQLite's write-ahead log (the format is fixed: sqlite.org/fileformat2.html, section 4).
const (
	walHeader      = 32
	walFrameHeader = 24
	walMagic       = 0x377f0682 // with the lowest bit: checksums are big-endian
	walPageAt      = 8
	walSaltAt      = 16
	frameCommitAt  = 4
	frameSaltAt    = 8
	frameSumAt     = 16
	maxPage        = 65536
)

// tornCommits counts the commits in a write-ahead log behind the first frame that is damaged: they were durable once, and
// SQLite drops them without a word. One alone may be what was on its way to the disk when the machine died, and counts not.
func tornCommits(path string) (int, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }() // only read
	in := bufio.NewReaderSize(file, 1<<20)
	header := make([]byte, walHeader)
	if _, err := io.ReadFull(in, header); err != nil {
		return 0, ignoreEnd(err)
	}
	w := walReader{in: in, salt: [8]byte(header[walSaltAt:])}
	magic, page := binary.BigEndian.Uint32(header), binary.BigEndian.Uint32(header[walPageAt:])
	if magic&^1 != walMagic || page == 0 || page > maxPage {
		return 0, nil // no log, or one whose very head is gone: nothing can be counted
	}
	if w.order = binary.ByteOrder(binary.LittleEndian); magic&1 == 1 {
		w.order = binary.BigEndian
	}
	w.frame = make([]byte, walFrameHeader+page)
	w.sum(header[:frameSumAt+8])
	if err := w.count(); err != nil {
		return 0, err
	}
	return max(w.behind-1, 0), nil
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

type walReader struct {
	in     io.Reader
	order  binary.ByteOrder
	salt   [8]byte
	frame  []byte
	a, b   uint32 // running checksum
	broken bool
	behind int // commits behind the damage
}

// count reads all frames.
func (w *walReader) count() error {
	for {
		if _, err := io.ReadFull(w.in, w.frame); err != nil {
			return ignoreEnd(err)
		}
		ours := [8]byte(w.frame[frameSaltAt:]) == w.salt
		if !w.broken {
			if !ours {
				return nil // an older use of the file: the regular end
			}
			w.sum(w.frame[:frameSaltAt])
			w.sum(w.frame[walFrameHeader:])
			w.broken = w.a != binary.BigEndian.Uint32(w.frame[frameSumAt:]) || w.b != binary.BigEndian.Uint32(w.frame[frameSumAt+4:])
		}
		if w.broken && ours && binary.BigEndian.Uint32(w.frame[frameCommitAt:]) != 0 {
			w.behind++
		}
	}
}

// sum continues the checksum over words of eight octets.
func (w *walReader) sum(data []byte) {
	for ; len(data) >= 8; data = data[8:] {
		w.a += w.order.Uint32(data) + w.b
		w.b += w.order.Uint32(data[4:]) + w.a
	}
}
