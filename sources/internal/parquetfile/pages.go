package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/metadata"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

const (
	maxPage       = 512 << 20 // bytes of a page, as it is in the file and as it is decompressed
	maxDictionary = 4 << 20   // values of a dictionary
	maxBlock      = 64 << 10  // values of a block of deltas
)

// pages gives a column reader the pages of one column chunk after another.
//
// It stands in for arrow-go's own reader of pages, which allocates whatever a page's header or its compressed bytes
// say, ignores checksums, and keeps no buffer from one page to the next. Here every size that arrow-go will allocate by
// has been compared with what there is, and so has the number of levels: where a page runs out of them, or a column
// without levels out of values, a column reader never returns.
type pages struct {
	file.PageReader // nil: a column reader calls Next, Page and Err only

	inflate *Inflater
	column  *schema.Column
	source  io.ReaderAt
	at, end int64 // what has not been read of the chunk
	codec   compress.Compression

	page       file.Page
	err        error
	dictionary int32 // values; -1 where the chunk has none
	data, dict pageBuffer
	required   bool // the pages have no definition levels, and are given some
}

// reset goes on to another chunk, of the column.
func (p *pages) reset(f *File, chunk *metadata.ColumnChunkMetaData) error {
	if chunk.CryptoMetadata() != nil || chunk.FilePath() != "" {
		return errors.New("it is encrypted, or in another file")
	}
	if path := chunk.PathInSchema().String(); path != p.column.Path() || chunk.Type() != p.column.PhysicalType() {
		return fmt.Errorf("it is said to be the %v column %q", chunk.Type(), path)
	}
	start := chunk.DataPageOffset()
	if dictionary := chunk.DictionaryPageOffset(); chunk.HasDictionaryPage() && dictionary > 0 {
		start = min(start, dictionary)
	}
	size := chunk.TotalCompressedSize()
	if start < int64(len(magic)) || size < 0 || start > f.size || size > f.size-start {
		return fmt.Errorf("bytes %d to %d of a file whose pages end at %d", start, start+size, f.size)
	}
	p.source, p.at, p.end, p.codec = f, start, start+size, chunk.Compression()
	p.page, p.err, p.dictionary = nil, nil, -1
	return nil
}

// free gives up the buffers, and so the pages.
func (p *pages) free() {
	p.data.free()
	p.dict.free()
}

// Page returns the page that Next has read. It is valid until the next call of Next, a dictionary for the whole chunk.
func (p *pages) Page() file.Page { return p.page }

// Err returns why there is no next page; nil at the chunk's end.
func (p *pages) Err() error { return p.err }

// Next reads the next page with values in it.
func (p *pages) Next() bool {
	p.page = nil
	for p.err == nil && p.page == nil && p.at < p.end {
		at := p.at
		if err := p.next(); err != nil {
			p.err = fmt.Errorf("page at byte %d: %w", at, err)
		}
	}
	return p.err == nil && p.page != nil
}

func (p *pages) next() error {
	h, size, err := readPageHeader(p.source, p.at, p.end)
	if err != nil {
		return err
	}
	p.at += size
	if err := h.check(p.end - p.at); err != nil {
		return err
	}
	body := io.NewSectionReader(p.source, p.at, int64(h.compressed))
	p.at += int64(h.compressed)
	if h.values == 0 && h.kind != dictionaryPage || h.kind == indexPage {
		return nil
	}
	if h.kind == dictionaryPage {
		p.page, err = p.readDictionary(h, body)
		return err
	}
	if err := p.data.grow(maxAllPresent + int(h.uncompressed)); err != nil {
		return err
	}
	data := p.data.bytes[maxAllPresent:]
	if err := p.read(h, body, data); err != nil {
		return err
	}
	definitions, values, err := p.split(h, data)
	if err != nil {
		return err
	}
	if err := p.checkValues(h, values); err != nil {
		return err
	}
	encoding := parquet.Encoding(h.encoding)
	if p.required {
		levels := allPresent(h.values)
		data = p.data.bytes[len(p.data.bytes)-len(values)-len(levels):]
		copy(data, levels)
		h.kind = dataPage
	} else if err := checkLevels(definitions, p.column.MaxDefinitionLevel(), h.values); err != nil {
		return err
	}
	if buffer := memory.NewBufferBytes(data); h.kind == dataPageV2 {
		p.page = file.NewDataPageV2(buffer, h.values, h.nulls, h.rows, encoding, h.definition, h.repetition, h.uncompressed, h.isCompressed)
	} else {
		p.page = file.NewDataPageV1(buffer, h.values, encoding, parquet.Encodings.RLE, parquet.Encodings.RLE, h.uncompressed)
	}
	return nil
}

func (p *pages) readDictionary(h pageHeader, body io.Reader) (file.Page, error) {
	if p.dictionary >= 0 {
		return nil, errors.New("a second dictionary")
	}
	if h.values > min(h.uncompressed/4, maxDictionary) { // none takes less than four bytes
		return nil, fmt.Errorf("a dictionary of %d values in %d bytes: the limit is %d", h.values, h.uncompressed, maxDictionary)
	}
	p.dictionary = h.values
	if err := p.dict.grow(int(h.uncompressed)); err != nil {
		return nil, err
	}
	if err := p.read(h, body, p.dict.bytes); err != nil {
		return nil, err
	}
	return file.NewDictionaryPage(memory.NewBufferBytes(p.dict.bytes), h.values, parquet.Encoding(h.encoding)), nil
}

// read decompresses the body of a page into dst, and compares its checksum where it has one.
func (p *pages) read(h pageHeader, body io.Reader, dst []byte) error {
	sum := crc32.NewIEEE()
	if h.hasSum {
		body = io.TeeReader(body, sum)
	}
	levels := h.repetition + h.definition // of a page of version 2; they are never compressed
	if _, err := io.ReadFull(body, dst[:levels]); err != nil {
		return err
	}
	codec := p.codec
	if !h.isCompressed {
		codec = compress.Codecs.Uncompressed
	}
	if err := p.inflate.read(codec, dst[levels:], body, int(h.compressed-levels)); err != nil {
		return err
	}
	if h.hasSum && sum.Sum32() != uint32(h.sum) {
		return fmt.Errorf("its checksum is %08x, not %08x", sum.Sum32(), uint32(h.sum))
	}
	return nil
}

// checkValues looks into the values of a page for the numbers that decoders allocate by.
func (p *pages) checkValues(h pageHeader, values []byte) error {
	switch encoding := parquet.Encoding(h.encoding); encoding {
	case parquet.Encodings.PlainDict, parquet.Encodings.RLEDict:
		if p.dictionary < 0 {
			return errors.New("it lacks its dictionary")
		}
		if len(values) > 0 && int(values[0]) > bits.Len32(uint32(max(p.dictionary, 1))) {
			return fmt.Errorf("indexes of %d bits into a dictionary of %d values", values[0], p.dictionary)
		}
	case parquet.Encodings.DeltaBinaryPacked, parquet.Encodings.DeltaLengthByteArray:
		var head [3]uint64 // values of a block, parts of a block, values in all
		for i := range head {
			n, size := binary.Uvarint(values)
			if size <= 0 {
				return errors.New("its deltas are cut off")
			}
			head[i], values = n, values[size:]
		}
		if head[0] > maxBlock || head[1] == 0 || head[1] > head[0] || head[2] > uint64(h.values) {
			return fmt.Errorf("%d deltas in blocks of %d, in %d parts, for %d values", head[2], head[0], head[1], h.values)
		}
	case parquet.Encodings.Plain, parquet.Encodings.RLE:
	default:
		return fmt.Errorf("values in the encoding %v, which is not supported", encoding)
	}
	return nil
}
