package parquetfile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var errSnappy = errors.New("decompress: it is not as Snappy should be")

// readSnappy fills dst with what a block of Snappy decompresses to, which must be as much. What has been decompressed is
// all that a block refers to, so that the block itself need not be held.
func readSnappy(dst []byte, block io.Reader) error {
	in := bufio.NewReaderSize(block, 64<<10)
	if n, err := binary.ReadUvarint(in); err != nil || n != uint64(len(dst)) {
		return fmt.Errorf("%d bytes when decompressed, not %d", n, len(dst))
	}
	for at := 0; at < len(dst); {
		tag, err := in.ReadByte()
		if err != nil {
			return unexpected(err)
		}
		const literal = 0
		bytes := 0 // of the number behind the tag
		length := int(tag>>2) + 1
		switch kind := tag & 3; {
		case kind == literal && length > 60:
			bytes = length - 60
		case kind == 1:
			bytes, length = 1, 4+int(tag>>2&7)
		case kind == 2:
			bytes = 2
		case kind == 3:
			bytes = 4
		}
		var number [8]byte
		if _, err := io.ReadFull(in, number[:bytes]); err != nil {
			return unexpected(err)
		}
		offset := binary.LittleEndian.Uint64(number[:])
		if tag&3 == literal && bytes > 0 {
			length = int(offset) + 1
		} else if tag&3 == 1 {
			offset |= uint64(tag>>5) << 8
		}
		if length > len(dst)-at {
			return errSnappy
		}
		to := dst[at : at+length]
		at += length
		if tag&3 == literal {
			if _, err := io.ReadFull(in, to); err != nil {
				return unexpected(err)
			}
			continue
		}
		from := at - length - int(offset)
		if offset == 0 || from < 0 {
			return errSnappy
		}
		for i := range to { // they may overlap
			to[i] = dst[from+i]
		}
	}
	if _, err := in.ReadByte(); err == nil {
		return errSnappy
	}
	return nil
}

// unexpected returns the error of a read in the middle of something.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
