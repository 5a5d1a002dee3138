package pixel

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// TestBadPictures is about bytes that are no picture, or no whole one. Where want is nil, Pillow takes them too.
func TestBadPictures(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // what libvips would write, it would write there
	var (
		baseline    = readPicture(t, "rgb-420.jpg")
		progressive = readPicture(t, "progressive-420.jpg")
		png         = readPicture(t, "rgb.png")
		webp        = readPicture(t, "lossy.webp")
		gif         = readPicture(t, "palette.gif")
	)
	cases := []struct {
		name    string
		encoded []byte
		want    error
	}{
		{"nothing", nil, ErrEmpty},
		{"a few bytes", []byte("\xff\xd8"), ErrUnsupportedFormat},
		{"text", []byte("not a picture at all, only text"), ErrUnsupportedFormat},
		{"html", []byte("<!DOCTYPE html><html><body>404</body></html>"), ErrUnsupportedFormat},
		{"random", random(4096), ErrUnsupportedFormat},
		{"svg that would take 8 GB", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="100000" height="100000"><rect width="1" height="1"/></svg>`), ErrUnsupportedFormat},
		{"pdf", []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"), ErrUnsupportedFormat},
		{"tiff", []byte("II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"), ErrUnsupportedFormat},
		{"tiff, big-endian", []byte("MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"), ErrUnsupportedFormat},
		{"avif", []byte("\x00\x00\x00\x20ftypavif\x00\x00\x00\x00avifmif1miafMA1B"), ErrUnsupportedFormat},
		{"heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), ErrUnsupportedFormat},
		{"jpeg 2000", []byte("\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 "), ErrUnsupportedFormat},
		{"bmp", []byte("BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00"), ErrUnsupportedFormat},
		{"wav", []byte("RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00"), ErrUnsupportedFormat},
		{"21 MB of anything", append(bytes.Clone(baseline), make([]byte, 21<<20)...), ErrTooLarge},

		{"jpeg: three bytes", []byte("\xff\xd8\xff"), ErrTruncated},
		{"jpeg: in the header", baseline[:100], ErrTruncated},
		{"jpeg: half", baseline[:len(baseline)/2], ErrTruncated},
		{"jpeg: last 10 bytes cut", cut(baseline, 10), ErrTruncated},
		{"jpeg: no end marker", cut(baseline, 2), ErrTruncated},
		{"jpeg: bytes behind the end", append(bytes.Clone(baseline), "trailer"...), nil},
		{"jpeg: progressive, half", progressive[:len(progressive)/2], ErrTruncated},
		{"jpeg: progressive, last 10 bytes cut", cut(progressive, 10), ErrTruncated},
		{"jpeg: damaged coefficients", flip(baseline, len(baseline)*2/3, 0x10), nil},
		{"jpeg: height 0", jpegSize(baseline, 291, 0), ErrCorrupt},
		{"jpeg: width 0", jpegSize(baseline, 0, 240), ErrCorrupt},
		{"jpeg: 65500×65500", jpegSize(baseline, 65500, 65500), ErrTooLarge},
		{"jpeg: progressive, 65500×65500", jpegSize(progressive, 65500, 65500), ErrTooLarge},
		{"jpeg: 16000×16000", jpegSize(baseline, 16000, 16000), ErrTooLarge},
		{"jpeg: lossless", jpegMarker(baseline, 0xc0, 0xc3), ErrUnsupportedFormat},
		{"jpeg: 12 bits", jpegFrameByte(baseline, 0, 12), ErrUnsupportedFormat},
		{"jpeg: frame header of another length", jpegFrameByte(baseline, 5, 2), ErrCorrupt},
		{"jpeg: no frame header", jpegMarker(baseline, 0xc0, 0xe5), ErrCorrupt},
		{"jpeg: two frame headers", insert(baseline, frameAt(baseline)-4, baseline[frameAt(baseline)-4:][:19]), ErrCorrupt},
		{"jpeg: two channels", insert(baseline, 2, []byte("\xff\xc0\x00\x0e\x08\x00\x10\x00\x10\x02\x01\x11\x00\x02\x11\x00")), ErrUnsupportedFormat},
		{"jpeg: segment shorter than its length", insert(baseline, 2, []byte("\xff\xe1\x00\x01")), ErrCorrupt},
		{"jpeg: restart before the scan", insert(baseline, 2, []byte("\xff\xd0")), nil},
		{"jpeg: fill bytes between segments", insert(baseline, 2, []byte("\xff\xff\xff")), nil},
		{"jpeg: cut in a segment behind the only scan", append(cut(baseline, 2), "\xff\xfe\x00\x20cut"...), nil},
		{"jpeg: no scan", append(bytes.Clone(baseline[:20]), 0xff, 0xd9), ErrCorrupt},
		{"jpeg: unknown marker", jpegMarker(baseline, 0xdb, 0xf3), ErrCorrupt},
		{"jpeg: second scan of a sequential picture", append(cut(baseline, 2), baseline[scanAt(baseline):]...), ErrCorrupt},
		{"jpeg: a thousand scans", repeatScan(progressive, 1000), ErrTooLarge},

		{"png: 20 bytes", png[:20], ErrTruncated},
		{"png: 200 bytes", png[:200], ErrTruncated},
		{"png: half", png[:len(png)/2], ErrTruncated},
		{"png: no end chunk", cut(png, 12), nil},
		{"png: checksum of the data's chunk cut", cut(png, 16), nil},
		{"png: damaged data", flip(png, len(png)/2, 0x10), ErrCorrupt},
		{"png: wrong checksum over sound data", flip(png, len(png)-14, 0x10), nil},
		{"png: wrong checksum of the header", flip(png, 30, 1), ErrCorrupt},
		{"png: no data", append(bytes.Clone(png[:33]), png[len(png)-12:]...), ErrCorrupt},
		{"png: does not start with its header", append([]byte(pngSignature), png[33:]...), ErrCorrupt},
		{"png: cut behind the data", append(cut(png, 12), "\x00\x00\x10\x00tEXtabc"...), ErrTruncated},
		{"png: header of 12 bytes", pngChunkOf([]byte(pngSignature), "IHDR", []byte("\x00\x00\x00\x08\x00\x00\x00\x08\x08\x02\x00\x00")), ErrCorrupt},
		{"png: end without a start", append([]byte(pngSignature), "\x00\x00"...), ErrTruncated},
		{"png: no chunk name", append([]byte(pngSignature), "\x00\x00\x00\x0d1234xxxxxxxx"...), ErrCorrupt},
		{"png: no palette", pngOf(8, 8, 8, 3), ErrCorrupt},
		{"png: 3 bits", pngOf(8, 8, 3, 0), ErrCorrupt},
		{"png: 0×8", pngOf(0, 8, 8, 2), ErrCorrupt},
		{"png: 10^6×10^6 in 74 bytes", pngOf(1e6, 1e6, 8, 2), ErrTooLarge},
		{"png: 20000×20000", pngOf(20000, 20000, 8, 2), ErrTooLarge},
		{"png: 33 million pixels of 4 bytes", pngOf(6600, 5000, 8, 6), ErrTooLarge},
		{"png: 18 million pixels of 6 bytes", pngOf(4500, 4000, 16, 2), ErrTooLarge},

		{"webp: in the header", webp[:25], ErrTruncated},
		{"webp: half", webp[:len(webp)/2], ErrTruncated},
		{"webp: last 10 bytes cut", cut(webp, 10), ErrTruncated},
		{"webp: start code", flip(webp, 23, 0xff), ErrCorrupt},
		{"webp: starts with another chunk", []byte("RIFF\x0c\x00\x00\x00WEBPEXIF\x00\x00\x00\x00"), ErrUnsupportedFormat},
		{"webp: short extended header", []byte("RIFF\x10\x00\x00\x00WEBPVP8X\x04\x00\x00\x00\x00\x00\x00\x00"), ErrCorrupt},
		{"webp: chunk past the container", []byte("RIFF\x10\x00\x00\x00WEBPVP8 \x40\x00\x00\x00\x00\x00\x00\x00"), ErrTruncated},
		{"webp: extended header alone", []byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x07\x00\x00"), ErrTruncated},
		{"webp: container of no size", append([]byte("RIFF\x00\x00\x00\x00"), webp[8:]...), ErrCorrupt},
		{"webp: 16 million squared", []byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff"), ErrTooLarge},
		{"webp: damaged lossless data", damagedLossless(t), ErrDecode},

		{"gif: in the header", gif[:10], ErrTruncated},
		{"gif: in the palette", gif[:100], ErrTruncated},
		{"gif: half", gif[:len(gif)/2], ErrTruncated},
		{"gif: corrupt codes", badCodes(gif), ErrCorrupt},
		{"gif: no frame", append(bytes.Clone(gif[:13+3*64]), ';'), ErrCorrupt},
		{"gif: frame of no width", gifFrameSize(gif, 0, 190), ErrCorrupt},
		{"gif: frame of 65535×65535", gifFrameSize(gif, 65535, 65535), ErrTooLarge},
	}
	classes := []error{ErrEmpty, ErrUnsupportedFormat, ErrTruncated, ErrCorrupt, ErrTooLarge, ErrDecode}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dst := make([]float32, 3*224*224)
			err := Transform{}.Apply(dst, c.encoded)
			if decoderKind == "std" && c.want == nil && errors.Is(err, ErrDecode) {
				t.Skipf("the standard library is stricter: %v", err)
			}
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			n := 0
			for _, class := range classes {
				if errors.Is(err, class) {
					n++
				}
			}
			if err != nil && n != 1 {
				t.Errorf("%v is of %d classes", err, n)
			}
			if err != nil && bytes.ContainsRune([]byte(err.Error()), '\n') {
				t.Errorf("%q is more than one line", err)
			}
		})
	}
	if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 {
		t.Errorf("%d temporary files, the first %s", len(left), left[0].Name())
	}
}

// TestLimits raises and lowers each limit around a picture of 291×240.
func TestLimits(t *testing.T) {
	encoded := readPicture(t, "rgb-420.jpg")
	for _, c := range []struct {
		limits Limits
		want   error
	}{
		{Limits{}, nil},
		{Limits{Bytes: len(encoded)}, nil},
		{Limits{Bytes: len(encoded) - 1}, ErrTooLarge},
		{Limits{Side: 291}, nil},
		{Limits{Side: 290}, ErrTooLarge},
		{Limits{Pixels: 291 * 240}, nil},
		{Limits{Pixels: 291*240 - 1}, ErrTooLarge},
	} {
		err := Transform{Size: 8, Limits: c.limits}.Crop(make([]byte, 3*8*8), encoded)
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%+v: got %v, want %v", c.limits, err, c.want)
		}
	}
}

func readPicture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "pictures", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func random(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func cut(b []byte, n int) []byte { return bytes.Clone(b[:len(b)-n]) }

func insert(b []byte, at int, part []byte) []byte {
	return append(append(bytes.Clone(b[:at]), part...), b[at:]...)
}

func flip(b []byte, at int, bits byte) []byte {
	b = bytes.Clone(b)
	b[at] ^= bits
	return b
}

// frameAt returns where the payload of a JPEG's frame header starts.
func frameAt(b []byte) int {
	if i := bytes.Index(b, []byte("\xff\xc2")); i >= 0 {
		return i + 4
	}
	return bytes.Index(b, []byte("\xff\xc0")) + 4
}

func scanAt(b []byte) int { return bytes.Index(b, []byte("\xff\xda")) }

func jpegSize(b []byte, w, h uint16) []byte {
	b = bytes.Clone(b)
	binary.BigEndian.PutUint16(b[frameAt(b)+1:], h)
	binary.BigEndian.PutUint16(b[frameAt(b)+3:], w)
	return b
}

func jpegFrameByte(b []byte, at int, v byte) []byte {
	b = bytes.Clone(b)
	b[frameAt(b)+at] = v
	return b
}

// jpegMarker changes the first marker from to another.
func jpegMarker(b []byte, from, to byte) []byte {
	return bytes.Replace(b, []byte{0xff, from}, []byte{0xff, to}, 1)
}

// repeatScan repeats the last scan of a progressive JPEG.
func repeatScan(b []byte, n int) []byte {
	at := bytes.LastIndex(b, []byte("\xff\xda"))
	b, scan, end := b[:at], b[at:len(b)-2], b[len(b)-2:]
	return append(append(bytes.Clone(b), bytes.Repeat(scan, n)...), end...)
}

// pngOf returns a PNG of 74 bytes that says it has w×h pixels.
func pngOf(w, h uint32, bits, colour byte) []byte {
	ihdr := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	ihdr = append(ihdr, bits, colour, 0, 0, 0)
	b := pngChunkOf([]byte(pngSignature), "IHDR", ihdr)
	b = pngChunkOf(b, "IDAT", []byte("x\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\x00\x00\x00\x00\x00"))
	return pngChunkOf(b, "IEND", nil)
}

func pngChunkOf(b []byte, name string, payload []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	start := len(b)
	b = append(append(b, name...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

func damagedLossless(t testing.TB) []byte {
	b := readPicture(t, "lossless.webp")
	for i := 40; i < 80; i++ {
		b[i] = 0xff
	}
	return b
}

// gifFrameAt returns where the descriptor of the first frame starts.
func gifFrameAt(b []byte) int {
	table := 13 + 3<<(b[10]&7+1)
	return table + bytes.IndexByte(b[table:], ',')
}

func gifFrameSize(b []byte, w, h uint16) []byte {
	b = bytes.Clone(b)
	at := gifFrameAt(b)
	binary.LittleEndian.PutUint16(b[at+5:], w)
	binary.LittleEndian.PutUint16(b[at+7:], h)
	return b
}

// badCodes replaces the first LZW codes by one that no table holds yet.
func badCodes(b []byte) []byte {
	b = bytes.Clone(b)
	data := b[gifFrameAt(b)+12:]
	for i := range 16 {
		data[i] = 0xff
	}
	return b
}
