package sinks

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/pairstream/pairstream/internal/store"
)

// A seal tells whether a part is as it was written. It is the last entry of its footer: the xxHash64 of the file and
// that of the footer, in hex, both with zeros in the seal's place. So it is published with the part, and moves with it.
type seal struct {
	at          int64 // in the file
	file        string
	footerBytes []byte // with zeros in the seal's place
}

// noSeal is what stands in the seal's place before its part is complete.
const noSeal = "00000000000000000000000000000000"

// maxFooter is how large a footer can be. Ours have little but a description of the columns and the rejects.
const maxFooter = 64 << 20

// findSeal returns a part's seal, and what it says of the footer.
func findSeal(part store.File) (s seal, footer string, err error) {
	info, err := part.Stat()
	if err != nil {
		return s, "", err
	}
	size := info.Size()
	var tail [8]byte // the footer's length, and "PAR1"
	if _, err := part.ReadAt(tail[:], max(size-8, 0)); err != nil || string(tail[4:]) != "PAR1" {
		return s, "", errors.New("it is not a Parquet file, or was cut off")
	}
	length := int64(binary.LittleEndian.Uint32(tail[:4]))
	if length > min(size-8, maxFooter) {
		return s, "", fmt.Errorf("a footer of %d bytes in a file of %d", length, size)
	}
	s.footerBytes = make([]byte, length)
	if _, err := part.ReadAt(s.footerBytes, size-8-length); err != nil {
		return s, "", err
	}
	// In Thrift's compact protocol a string of 32 bytes that is field 2 behind field 1 begins with these two.
	mark := sealKey + "\x18\x20"
	at := bytes.LastIndex(s.footerBytes, []byte(mark)) + len(mark)
	if at < len(mark) || at+len(noSeal) > len(s.footerBytes) {
		return s, "", fmt.Errorf("its footer has no %s", sealKey)
	}
	s.at = size - 8 - length + int64(at)
	there := s.footerBytes[at : at+len(noSeal)]
	s.file, footer = string(there[:16]), string(there[16:])
	copy(there, noSeal)
	return s, footer, nil
}

// footer returns the checksum of the footer.
func (s seal) footer() string { return fmt.Sprintf("%016x", xxhash.Sum64(s.footerBytes)) }

// putSeal seals a draft of which all is written, with the checksum of that.
func putSeal(d draft, file uint64) error {
	s, _, err := findSeal(d.aside.file)
	if err != nil {
		return fmt.Errorf("%s: %w", d.path, err)
	}
	_, err = fmt.Fprintf(io.NewOffsetWriter(d.aside.file, s.at), "%016x%s", file, s.footer())
	return err
}

// getSeal returns the seal of a part whose footer is as it was written.
func getSeal(part store.File) (seal, error) {
	s, footer, err := findSeal(part)
	if have := s.footer(); err == nil && have != footer {
		err = fmt.Errorf("the checksum of its footer is %s, not %s", have, footer)
	}
	return s, err
}

// check reads a part, and compares it with its seal.
func (s seal) check(part store.File) error {
	sum := xxhash.New()
	behind := s.at + int64(len(noSeal))
	rest := io.NewSectionReader(part, behind, 1<<62)
	if _, err := io.Copy(sum, io.MultiReader(io.NewSectionReader(part, 0, s.at), strings.NewReader(noSeal), rest)); err != nil {
		return err
	}
	if have := fmt.Sprintf("%016x", sum.Sum64()); have != s.file {
		return fmt.Errorf("%s: the checksum of its bytes is %s, not %s", part.Name(), have, s.file)
	}
	return nil
}
