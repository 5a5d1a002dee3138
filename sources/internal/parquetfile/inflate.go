package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// lz4Raw is a codec that arrow-go does not know.
const lz4Raw compress.Compression = 7

// An Inflater decompresses pages, to exactly as many bytes as there should be. The zero value is ready.
type Inflater struct {
	compressed pageBuffer // for codecs that want a page as a whole
	zstd       *zstd.Decoder
}

// read fills dst with what so many bytes of a page decompress to.
func (f *Inflater) read(codec compress.Compression, dst []byte, page io.Reader, size int) error {
	if len(dst) == 0 { // which some writers do not compress
		_, err := io.Copy(io.Discard, page)
		return err
	}
	switch codec {
	case compress.Codecs.Uncompressed:
		if size != len(dst) {
			return fmt.Errorf("%d bytes, not %d", size, len(dst))
		}
		_, err := io.ReadFull(page, dst)
		return err
	case compress.Codecs.Snappy:
		if size >= largePage {
			return readSnappy(dst, page) // slower where it is compressed, but pictures are not
		}
		return f.readBlock(codec, dst, page, size)
	case lz4Raw:
		return f.readBlock(codec, dst, page, size)
	case compress.Codecs.Zstd:
		if f.zstd == nil {
			var err error
			// Without concurrency it starts no goroutine, and so need not be closed.
			if f.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxPage), zstd.WithDecodeAllCapLimit(true)); err != nil {
				return err
			}
		}
		if size < largePage {
			return f.readBlock(codec, dst, page, size) // faster, as it needs no window
		}
		if err := f.zstd.Reset(page); err != nil {
			return err
		}
		return readAll(dst, f.zstd, page)
	case compress.Codecs.Gzip, compress.Codecs.Brotli:
		c, err := compress.GetCodec(codec)
		if err != nil {
			return err
		}
		r := c.NewReader(page)
		defer r.Close()
		return readAll(dst, r, page)
	}
	return fmt.Errorf("it is compressed by %v, which is not supported", codec)
}

// readBlock decompresses a page that must be had as a whole.
func (f *Inflater) readBlock(codec compress.Compression, dst []byte, page io.Reader, size int) error {
	if err := f.compressed.grow(size); err != nil {
		return err
	}
	block := f.compressed.bytes
	if _, err := io.ReadFull(page, block); err != nil {
		return err
	}
	var n uint64
	var err error
	switch codec {
	case compress.Codecs.Zstd:
		var all []byte
		all, err = f.zstd.DecodeAll(block, dst[:0:len(dst)])
		n = uint64(len(all))
	case lz4Raw:
		var all int
		all, err = lz4.UncompressBlock(block, dst)
		n = uint64(all)
	case compress.Codecs.Snappy:
		// A block of Snappy says how long it will be, which arrow-go would allocate.
		if n, _ = binary.Uvarint(block); n == uint64(len(dst)) {
			var c compress.Codec
			if c, err = compress.GetCodec(codec); err == nil {
				c.Decode(dst, block)
			}
		}
	}
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return errTooMuch(len(dst))
	}
	if err != nil {
		return fmt.Errorf("decompress: %w", err)
	}
	if n != uint64(len(dst)) {
		return fmt.Errorf("%d bytes when decompressed, not %d", n, len(dst))
	}
	return nil
}

func errTooMuch(want int) error { return fmt.Errorf("more than %d bytes when decompressed", want) }

// readAll fills dst from a stream that must end there, and reads to the end of the page that the stream is made of.
func readAll(dst []byte, stream, page io.Reader) error {
	if _, err := io.ReadFull(stream, dst); err != nil {
		return fmt.Errorf("decompress: %w", err)
	}
	var more [1]byte
	n, err := io.ReadFull(stream, more[:])
	if n > 0 {
		return errTooMuch(len(dst))
	}
	if !errors.Is(err, io.EOF) {
		return fmt.Errorf("decompress: %w", err)
	}
	_, err = io.Copy(io.Discard, page)
	return err
}

// Free gives up the memory that it keeps from page to page.
func (f *Inflater) Free() { f.compressed.free() }
