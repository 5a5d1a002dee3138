package parquetfile

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"
	"github.com/apache/thrift/lib/go/thrift"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// TestBombs hands an inflater pages that hold far more than they should.
func TestBombs(t *testing.T) {
	const size = 32 << 20
	bomb := func(w func(io.Writer) io.WriteCloser) []byte {
		var b bytes.Buffer
		z := w(&b)
		if _, err := z.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, test := range []struct {
		name  string
		codec compress.Compression
		page  []byte
		want  string
	}{
		{"zstd", compress.Codecs.Zstd, bomb(func(w io.Writer) io.WriteCloser {
			z, _ := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest))
			return z
		}), "more than 1000 bytes when decompressed"},
		{"gzip", compress.Codecs.Gzip, bomb(func(w io.Writer) io.WriteCloser {
			z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
			return z
		}), "more than 1000 bytes when decompressed"},
		{"brotli", compress.Codecs.Brotli, bomb(func(w io.Writer) io.WriteCloser {
			c, _ := compress.GetCodec(compress.Codecs.Brotli)
			return c.NewWriter(w)
		}), "more than 1000 bytes when decompressed"},
		{"snappy", compress.Codecs.Snappy, snappy.Encode(nil, make([]byte, size)), "33554432 bytes when decompressed, not 1000"},
		{"snappy, too little", compress.Codecs.Snappy, snappy.Encode(nil, make([]byte, 999)), "999 bytes when decompressed, not 1000"},
		{"a false length", compress.Codecs.Snappy, binary.AppendUvarint(nil, 1<<32-1), "4294967295 bytes when decompressed, not 1000"},
		{"lz4", lz4Raw, append([]byte{0x1f, 0, 1, 0}, bytes.Repeat([]byte{255}, 1000)...), "decompress: lz4: invalid source or destination buffer too short"},
		{"lz4, too little", lz4Raw, []byte{0x10, 'x'}, "1 bytes when decompressed, not 1000"},
		{"none", compress.Codecs.Uncompressed, make([]byte, 2000), "2000 bytes, not 1000"},
		{"zstd, too little", compress.Codecs.Zstd, nil, "0 bytes when decompressed, not 1000"},
		{"Hadoop's lz4", compress.Codecs.Lz4, []byte{0}, "it is compressed by LZ4, which is not supported"},
	} {
		var f Inflater
		before := allocated()
		err := f.read(test.codec, make([]byte, 1000), bytes.NewReader(test.page), len(test.page))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, not %s", test.name, err, test.want)
		}
		if n := allocated() - before; n > 24<<20 { // the windows of zstd and Brotli
			t.Errorf("%s: %d MB allocated", test.name, n>>20)
		}
		f.compressed.free()
	}
}

// TestSnappy decompresses blocks of all kinds of elements, whole and cut off, and with bits flipped.
func TestSnappy(t *testing.T) {
	noise := make([]byte, 70_000)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise) // never fails
	for name, plain := range map[string][]byte{
		"nothing":    {'x'},
		"noise":      noise,
		"runs":       bytes.Repeat([]byte("ab"), 50_000),
		"both":       slices.Concat(noise[:100], noise[:100], noise[:5000], bytes.Repeat([]byte{0}, 300), noise[:6000], noise),
		"far copies": slices.Concat(noise, noise[:40_000], noise),
	} {
		for codec, block := range map[string][]byte{"snappy": snappy.Encode(nil, plain), "s2": s2.EncodeSnappyBest(nil, plain)} {
			got := make([]byte, len(plain))
			if err := readSnappy(got, bytes.NewReader(block)); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%s by %s: %v", name, codec, err)
			}
			for cut := 1; cut < len(block); cut += 1 + len(block)/100 {
				if err := readSnappy(got, bytes.NewReader(block[:cut])); err == nil {
					t.Errorf("%s by %s: %d bytes of %d", name, codec, cut, len(block))
				}
				flipped := slices.Clone(block)
				flipped[cut] ^= 1 << (cut % 8)
				_ = readSnappy(got, bytes.NewReader(flipped)) // ends
			}
			if err := readSnappy(got, bytes.NewReader(append(block, 0))); err == nil {
				t.Errorf("%s by %s: a byte too many", name, codec)
			}
		}
	}
	// A copy of four bytes' offset, by hand: a, then three from one before.
	got := make([]byte, 4)
	if err := readSnappy(got, bytes.NewReader([]byte{4, 0, 'a', 2<<2 | 3, 1, 0, 0, 0})); err != nil || string(got) != "aaaa" {
		t.Errorf("%q, %v", got, err)
	}
	for _, block := range []string{"", "\x04", "\x04\x00a\x0b\x02\x00\x00\x00", "\x04\x00a\x0b\x00\x00\x00\x00", "\x04\x10abcde", "\x04\xfc\xff\xff\xff\xffabcd"} {
		if err := readSnappy(got, strings.NewReader(block)); err == nil {
			t.Errorf("%q is no block", block)
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// A thriftStruct is a struct of numbers and structs by their fields.
type thriftStruct map[int16]any

func (s thriftStruct) write(p thrift.TProtocol) {
	ctx := context.Background()
	_ = p.WriteStructBegin(ctx, "")
	for _, id := range slices.Sorted(maps.Keys(s)) {
		switch v := s[id].(type) {
		case int:
			_ = p.WriteFieldBegin(ctx, "", thrift.I32, id)
			_ = p.WriteI32(ctx, int32(v))
		case string:
			_ = p.WriteFieldBegin(ctx, "", thrift.STRING, id)
			_ = p.WriteString(ctx, v)
		case thriftStruct:
			_ = p.WriteFieldBegin(ctx, "", thrift.STRUCT, id)
			v.write(p)
		case []thriftStruct:
			_ = p.WriteFieldBegin(ctx, "", thrift.LIST, id)
			_ = p.WriteListBegin(ctx, thrift.STRUCT, len(v))
			for _, e := range v {
				e.write(p)
			}
		}
	}
	_ = p.WriteFieldStop(ctx)
	_ = p.WriteStructEnd(ctx)
}

func (s thriftStruct) bytes() []byte {
	b := &thrift.TMemoryBuffer{Buffer: new(bytes.Buffer)}
	p := thrift.NewTCompactProtocolConf(b, nil)
	s.write(p)
	_ = p.Flush(context.Background())
	return b.Bytes()
}

// TestPageHeaders reads pages whose headers say what is not so, before anything is allocated by them.
func TestPageHeaders(t *testing.T) {
	values := func(n, encoding int) thriftStruct {
		return thriftStruct{1: n, 2: encoding, 3: int(parquet.Encodings.RLE), 4: int(parquet.Encodings.RLE)}
	}
	page := func(kind int, body string, more thriftStruct) thriftStruct {
		return thriftStruct{1: kind, 2: len(body), 3: len(body), int16(5 + kind): more}
	}
	plain, dict := int(parquet.Encodings.Plain), int(parquet.Encodings.RLEDict)
	with := func(s thriftStruct, id int16, v any) thriftStruct { s[id] = v; return s }
	noLevels, oneLevel := "\x00\x00\x00\x00", "\x02\x00\x00\x00\x02\x01"
	for _, test := range []struct {
		header thriftStruct
		body   string
		want   string // "" where the page is fine
	}{
		{page(0, oneLevel+"data", values(1, plain)), oneLevel + "data", ""},
		{page(0, oneLevel+"data", values(2, plain)), oneLevel + "data", "its levels are cut off"},
		{page(0, noLevels+"data", values(1, plain)), noLevels + "data", "its levels are cut off"},
		{with(page(0, oneLevel, values(1, plain)), 4, int(int32(crc32.ChecksumIEEE([]byte(oneLevel))))), oneLevel, ""},
		{with(page(0, noLevels, values(1, plain)), 4, 1), noLevels, "its checksum is 2144df1c, not 00000001"},
		{with(page(0, "data", values(1, plain)), 2, maxPage+1), "data", "536870913 bytes when decompressed: the limit is 536870912"},
		{with(page(0, "data", values(1, plain)), 2, -1), "data", "-1 bytes when decompressed"},
		{with(page(0, "data", values(1, plain)), 3, 5), "data", "5 bytes where 4 are left"},
		{with(page(0, "data", values(1, plain)), 3, -1), "data", "-1 bytes where 4 are left"},
		{page(0, "data", values(-1, plain)), "data", "-1 values"},
		{page(0, "data", with(values(1, plain), 3, int(parquet.Encodings.BitPacked))), "data", "levels in an encoding that is not supported"},
		{page(0, "\x05\x00\x00\x00abcd", values(1, plain)), "\x05\x00\x00\x00abcd", "its levels are cut off"},
		{page(0, "abc", values(1, plain)), "abc", "its levels are cut off"},
		{page(0, noLevels, values(1, dict)), noLevels, "it lacks its dictionary"},
		{page(0, noLevels, values(1, 9)), noLevels, "values in the encoding BYTE_STREAM_SPLIT, which is not supported"},
		{page(0, noLevels, values(1, 77)), noLevels, "which is not supported"},
		{page(0, noLevels+"\x80\x01\x04\x02\x00", values(1, 6)), noLevels + "\x80\x01\x04\x02\x00", "2 deltas in blocks of 128, in 4 parts, for 1 values"},
		{page(0, noLevels+"\x80\x80\x80\x80\x08\x01\x01\x00", values(1, 5)), noLevels + "\x80\x80\x80\x80\x08\x01\x01\x00", "1 deltas in blocks of 2147483648, in 1 parts"},
		{page(0, noLevels+"\x80", values(1, 5)), noLevels + "\x80", "its deltas are cut off"},
		{page(2, "data", values(2, plain)), "data", "a dictionary of 2 values in 4 bytes"},
		{page(4, "data", nil), "data", "a page of the unknown kind 4"},
		{thriftStruct{1: 3, 2: 4, 3: 4, 8: thriftStruct{1: 1, 5: 3, 6: 2}}, "data", "levels of 2 and 3 bytes in a page of 4"},
		{thriftStruct{1: 3, 2: 4, 3: 4, 8: thriftStruct{1: 1, 5: -1, 6: 2}}, "data", "levels of 2 and -1 bytes in a page of 4"},
		{thriftStruct{1: 3, 2: 4, 3: 4, 8: thriftStruct{1: 1, 5: 2}}, "\x02\x01ab", ""},
		{thriftStruct{1: "data"}, "", "levels in an encoding that is not supported"}, // nothing of a header
	} {
		chunk := append(test.header.bytes(), test.body...)
		node := schema.NewByteArrayNode("image", parquet.Repetitions.Optional, -1)
		p := pages{inflate: &Inflater{}, column: schema.NewColumn(node, 1, 0), source: bytes.NewReader(chunk), end: int64(len(chunk)), dictionary: -1}
		before := allocated()
		found := p.Next()
		if n := allocated() - before; n > 1<<20 {
			t.Errorf("%v: %d KB allocated", test.header, n>>10)
		}
		switch {
		case test.want == "" && p.Err() != nil:
			t.Errorf("%v: %v", test.header, p.Err())
		case test.want != "" && (found || p.Err() == nil || !strings.Contains(p.Err().Error(), test.want)):
			t.Errorf("%v: %v, not %s", test.header, p.Err(), test.want)
		}
	}
}

// dictionaryOf returns the pages of a chunk: a dictionary of a and b, and a page of so many indexes.
func dictionaryOf(values int, indexes ...byte) []byte {
	rle := int(parquet.Encodings.RLE)
	dictionary := thriftStruct{1: 2, 2: 10, 3: 10, 7: thriftStruct{1: 2, 2: 0}}.bytes()
	data := thriftStruct{1: 0, 2: len(indexes), 3: len(indexes), 5: thriftStruct{1: values, 2: 8, 3: rle, 4: rle}}.bytes()
	return slices.Concat(dictionary, []byte("\x01\x00\x00\x00a\x01\x00\x00\x00b"), data, indexes)
}

// pagesOf reads the pages of a chunk of a column without nulls.
func pagesOf(chunk []byte) pages {
	node := schema.NewByteArrayNode("image", parquet.Repetitions.Required, -1)
	return pages{inflate: &Inflater{}, column: schema.NewColumn(node, 1, 0), required: true,
		source: bytes.NewReader(chunk), end: int64(len(chunk)), dictionary: -1}
}

// TestDictionaryIndexes reads pages of indexes: arrow-go makes room for dictionaries as large as an index is.
func TestDictionaryIndexes(t *testing.T) {
	for width, want := range map[byte]string{1: "", 2: "", 3: "indexes of 3 bits into a dictionary of 2 values", 31: "indexes of 31 bits into a dictionary of 2 values"} {
		p := pagesOf(dictionaryOf(8, width, 16, 0))
		if !p.Next() || p.Page().NumValues() != 2 {
			t.Fatalf("no dictionary: %v", p.Err())
		}
		if p.Next() != (want == "") || want != "" && !strings.HasSuffix(p.Err().Error(), want) {
			t.Errorf("width %d: %v, not %s", width, p.Err(), want)
		}
	}
}

// TestColumnsThatRunOut reads columns whose pages have fewer values than they say, at which arrow-go would go on for
// ever.
func TestColumnsThatRunOut(t *testing.T) {
	for _, test := range []struct {
		name  string
		chunk []byte
		want  string
	}{
		{"enough", dictionaryOf(3, 1, 6, 1), "b b b, column \"\": unexpected EOF"},
		{"a run that is too short", dictionaryOf(3, 1, 4, 1), "b b, column \"\": parquet: dict eof exception"},
		{"an index that is too large", dictionaryOf(3, 2, 4, 1, 2, 2), "b b, column \"\": parquet: dict eof exception"},
		{"no indexes", dictionaryOf(3), ", column \"\": parquet: dict eof exception"},
	} {
		c := Column{pages: pagesOf(test.chunk)}
		c.reader = file.NewColumnReader(c.pages.column, &c.pages, memory.DefaultAllocator, &sync.Pool{})
		var read []string
		var err error
		for err == nil {
			var value []byte
			if value, err = c.Bytes(); err == nil {
				read = append(read, string(value))
			}
		}
		if got := fmt.Sprintf("%s, %v", strings.Join(read, " "), err); got != test.want {
			t.Errorf("%s: %s, not %s", test.name, got, test.want)
		}
	}
}

func TestCheckLevels(t *testing.T) {
	for _, test := range []struct {
		levels  string
		deepest int16
		values  int32
		fine    bool
	}{
		{"\x08\x01", 1, 4, true},                  // a run of four
		{"\x08\x01", 1, 5, false},                 // and not of five
		{"\x08\x01\x02\x00", 1, 5, true},          // two runs
		{"\x03\xff", 1, 8, true},                  // a packed group
		{"\x03\xff", 1, 9, false},                 //
		{"\x05\xff\x01", 1, 16, true},             // two of them
		{"\x05\xff", 1, 8, true},                  // the second left out
		{"\x05\xff", 1, 9, false},                 //
		{"\x03\xff\xff", 3, 8, true},              // two bits a level
		{"\x03\xff", 3, 4, true},                  //
		{"\x03\xff", 3, 5, false},                 //
		{"\x08", 1, 4, false},                     // a run of nothing
		{"\x00\x01", 1, 1, false},                 // a run of none
		{"\x01", 1, 1, false},                     // no groups
		{"\xff\xff\xff\xff\xff\x01", 1, 1, false}, // more than there can be
		{"\xff", 1, 1, false},                     // half a number
		{"", 1, 1, false},
	} {
		if err := checkLevels([]byte(test.levels), test.deepest, test.values); (err == nil) != test.fine {
			t.Errorf("%q for %d values up to %d: %v", test.levels, test.values, test.deepest, err)
		}
	}
}

// TestCheckSchema reads footers whose schemas are not trees of as many columns as they say.
func TestCheckSchema(t *testing.T) {
	footer := func(elements ...thriftStruct) []byte { return thriftStruct{1: 1, 2: elements}.bytes() }
	group := func(children int) thriftStruct { return thriftStruct{4: "g", 5: children} }
	leaf := thriftStruct{1: 6, 4: "leaf"}
	deep := slices.Repeat([]thriftStruct{group(1)}, 10_000)
	for _, test := range []struct {
		footer []byte
		want   string
	}{
		{footer(group(2), leaf, group(1), leaf), ""},
		{footer(group(1<<31-1), leaf), "a group of 2147483647 columns, 0 deep in the schema"},
		{footer(group(2), leaf, group(-1)), "a group of -1 columns, 1 deep in the schema"},
		{footer(group(1), thriftStruct{3: 3}), "a column of the unknown repetition 3"},
		{footer(group(3), leaf, leaf), "groups of the schema lack columns"},
		{footer(append(deep, leaf)...), "a group of 1 columns, 64 deep in the schema"},
		{footer(deep...)[:1000], "container of 10000 elements"},
		{footer(group(2), leaf, leaf)[:12], "EOF"},
		{[]byte{0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07}, "container"},
	} {
		before := allocated()
		err := checkSchema(test.footer)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, not %s", err, test.want)
		}
		if n := allocated() - before; n > 4<<20 {
			t.Errorf("%s: %d KB allocated", test.want, n>>10)
		}
	}
}

// A brokenSource cannot be read behind a byte.
type brokenSource struct {
	*os.File
	from int64
}

var errBroken = errors.New("input/output error")

func (s brokenSource) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > s.from && at < s.from+100 {
		return 0, errBroken
	}
	return s.File.ReadAt(p, at)
}

// TestDiskFailures are no corruption: what cannot be read now may be later, and is not left out.
func TestDiskFailures(t *testing.T) {
	source, err := os.Open("../../testdata/parquet/snappy.parquet")
	if err != nil {
		t.Fatal(err)
	}
	info, err := source.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f := &File{Name: "x.parquet", source: brokenSource{source, 400}, size: info.Size()} // among the pictures
	defer f.Close()
	if err := f.Decode("footer", f.readFooter); err != nil {
		t.Fatal(err)
	}
	var c Column
	var corrupt *CorruptError
	err = f.Decode("row group 0", func() error {
		if err := c.Open(f, 1, 0, &Inflater{}); err != nil {
			return err
		}
		for range 7 {
			if _, err := c.Bytes(); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, errBroken) || errors.As(err, &corrupt) {
		t.Errorf("%v", err)
	}
}
