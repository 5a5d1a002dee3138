package parquetfile

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/thrift/lib/go/thrift"
)

// Kinds of pages.
const (
	dataPage       = 0
	indexPage      = 1
	dictionaryPage = 2
	dataPageV2     = 3
)

// A pageHeader is the PageHeader of parquet.thrift, with the header of its kind of page.
type pageHeader struct {
	kind                     int32
	uncompressed, compressed int32 // bytes of the page
	sum                      int32 // CRC-32 of the compressed bytes
	hasSum                   bool

	values, encoding       int32
	definition, repetition int32 // of version 1 the encodings of levels, until check; of version 2 their bytes
	nulls, rows            int32 // of version 2
	isCompressed           bool
}

// maxPageHeader bounds a header, in which statistics can hold values.
const maxPageHeader = 16 << 20

// readPageHeader reads the header of the page at a byte, and returns the bytes it takes too.
func readPageHeader(source io.ReaderAt, at, end int64) (pageHeader, int64, error) {
	for window := int64(1 << 10); ; window *= 16 {
		window = min(window, end-at, maxPageHeader)
		head := make([]byte, window)
		if _, err := source.ReadAt(head, at); err != nil {
			return pageHeader{}, 0, err
		}
		p := compactProtocol(head)
		h := pageHeader{isCompressed: true}
		err := h.read(p)
		if err == nil {
			return h, window - int64(p.Transport().(thrift.ReadSizeProvider).RemainingBytes()), nil
		}
		if window == min(end-at, maxPageHeader) {
			return h, 0, fmt.Errorf("its header: %w", err)
		}
	}
}

func (h *pageHeader) read(p thrift.TProtocol) error {
	numbers := map[int16]*int32{1: &h.kind, 2: &h.uncompressed, 3: &h.compressed, 4: &h.sum}
	kinds := map[int16]map[int16]*int32{
		5: {1: &h.values, 2: &h.encoding, 3: &h.definition, 4: &h.repetition},
		7: {1: &h.values, 2: &h.encoding},
		8: {1: &h.values, 2: &h.nulls, 3: &h.rows, 4: &h.encoding, 5: &h.definition, 6: &h.repetition},
	}
	return eachField(p, func(id int16, typ thrift.TType) (bool, error) {
		if kind := kinds[id]; kind != nil && typ == thrift.STRUCT {
			return true, eachField(p, func(id int16, typ thrift.TType) (known bool, err error) {
				if len(kind) == 6 && id == 7 && typ == thrift.BOOL {
					h.isCompressed, err = p.ReadBool(context.Background())
					return true, err
				}
				return readI32(p, typ, kind[id])
			})
		}
		h.hasSum = h.hasSum || id == 4
		return readI32(p, typ, numbers[id])
	})
}

func readI32(p thrift.TProtocol, typ thrift.TType, to *int32) (known bool, err error) {
	if typ != thrift.I32 || to == nil {
		return false, nil
	}
	*to, err = p.ReadI32(context.Background())
	return true, err
}

// check compares what a header says with the bytes that are left of the chunk, and with the limits.
func (h *pageHeader) check(left int64) error {
	if h.compressed < 0 || int64(h.compressed) > left || h.compressed > maxPage {
		return fmt.Errorf("%d bytes where %d are left: the limit is %d", h.compressed, left, maxPage)
	}
	if h.uncompressed < 0 || h.uncompressed > maxPage {
		return fmt.Errorf("%d bytes when decompressed: the limit is %d", h.uncompressed, maxPage)
	}
	if h.values < 0 {
		return fmt.Errorf("%d values", h.values)
	}
	switch h.kind {
	case dataPage:
		rle := int32(parquet.Encodings.RLE)
		if h.definition != rle || h.repetition != rle {
			return errors.New("levels in an encoding that is not supported")
		}
		h.definition, h.repetition = 0, 0
	case dataPageV2:
		if least := min(h.compressed, h.uncompressed); h.definition < 0 || h.repetition < 0 || h.definition > least || h.repetition > least-h.definition {
			return fmt.Errorf("levels of %d and %d bytes in a page of %d", h.repetition, h.definition, least)
		}
	case dictionaryPage, indexPage:
	default:
		return fmt.Errorf("a page of the unknown kind %d", h.kind)
	}
	return nil
}
