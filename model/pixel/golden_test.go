package pixel

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sbinet/npyio"

	"github.com/pairstream/pairstream/internal/testshared"
)

// golden is testdata/golden.json, what Pillow and torchvision make of the pictures.
type golden struct {
	Pictures map[string]goldenPicture
	Photos   map[string]goldenPicture
	Sizes    [][4]any // width, height, size of the crop, its digest
	Geometry struct {
		Rows   int
		SHA256 string
	}
}

type goldenPicture struct {
	Mode          Mode
	Width, Height int
	Crop224       string // digest of 224×224×3 bytes
	Mean          [3]float64
	Crop97        string
	Squash64      string
	Pixels224     string // digest of the normalised 3×224×224 float32
}

func readGolden(t testing.TB) golden {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func needsExactDecoder(t testing.TB) {
	t.Helper()
	if decoderKind != "vips" {
		t.Skip("the standard library's decoders are not byte-exact")
	}
}

func TestPicturesEqualPillow(t *testing.T) {
	for name, want := range readGolden(t).Pictures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("testdata", "pictures", name)
			switch {
			case name == "grey-16bit.png":
				t.Skip("differs on purpose: TestGrey16TakesTheHighByte")
			case decoderKind == "std" && strings.HasPrefix(name, "animated") && strings.HasSuffix(name, ".webp"):
				t.Skip("x/image/webp does not read animations")
			case decoderKind == "std" && name == "cmyk-plain.jpg":
				t.Skip("image/jpeg does not read CMYK without Adobe's marker")
			case decoderKind == "std" && (strings.HasSuffix(name, ".jpg") || strings.HasSuffix(name, ".webp") && !strings.HasPrefix(name, "lossless")):
				compareMean(t, path, want)
			default:
				comparePicture(t, path, want)
			}
		})
	}
}

// compareMean is for decoders that lose something else than Pillow's.
func compareMean(t *testing.T, path string, want goldenPicture) {
	encoded, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	crop := make([]byte, 224*224*3)
	if err := (Transform{}).Crop(crop, encoded); err != nil {
		t.Fatal(err)
	}
	var sum [3]float64
	for i, v := range crop {
		sum[i%3] += float64(v)
	}
	tolerance := 1.0
	if strings.HasSuffix(path, ".webp") {
		tolerance = 12 // x/image/webp reads the limited range of VP8 as if it were full
	}
	for c := range sum {
		if mean := sum[c] / (224 * 224); math.Abs(mean-want.Mean[c]) > tolerance {
			t.Errorf("mean of channel %d is %.1f, Pillow's %.1f", c, mean, want.Mean[c])
		}
	}
}

func TestPhotosEqualPillow(t *testing.T) {
	needsExactDecoder(t)
	dir := filepath.Join(testshared.Dir(t), "photos")
	for name, want := range readGolden(t).Photos {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			comparePicture(t, filepath.Join(dir, name), want)
		})
	}
}

func comparePicture(t *testing.T, path string, want goldenPicture) {
	encoded, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := Inspect(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode != want.Mode || info.Width != want.Width || info.Height != want.Height {
		t.Errorf("Inspect says %d×%d %s, Pillow %d×%d %s", info.Width, info.Height, info.Mode, want.Width, want.Height, want.Mode)
	}
	for _, c := range []struct {
		transform Transform
		want      string
	}{
		{Transform{}, want.Crop224},
		{Transform{Size: 97}, want.Crop97},
		{Transform{Size: 64, Squash: true}, want.Squash64},
	} {
		got := make([]byte, 3*c.transform.size()*c.transform.size())
		if err := c.transform.Crop(got, encoded); err != nil {
			t.Fatal(err)
		}
		if digest(got) != c.want {
			t.Errorf("%+v: bytes differ from Pillow's", c.transform)
		}
	}
	pixels := make([]float32, 3*224*224)
	if err := (Transform{}).Apply(pixels, encoded); err != nil {
		t.Fatal(err)
	}
	if digest(floatBytes(pixels)) != want.Pixels224 {
		t.Error("normalised pixels differ from torchvision's")
	}
}

// TestResamplerEqualsPillow resizes generated noise of many sizes at every level, without a decoder.
func TestResamplerEqualsPillow(t *testing.T) {
	sizes := readGolden(t).Sizes
	eachLevel(func(name string, s *scratch) {
		t.Run(name, func(t *testing.T) { resamplerEqualsPillow(t, s, sizes) })
	})
}

func resamplerEqualsPillow(t *testing.T, s *scratch, sizes [][4]any) {
	for _, row := range sizes {
		w, h, size := int(row[0].(float64)), int(row[1].(float64)), int(row[2].(float64))
		planes := resizeRaster(s, raster{pix: noise(w, h), w: w, h: h, bands: 3, mode: RGB}, size)
		got := make([]byte, len(planes))
		for i := range size * size {
			got[3*i], got[3*i+1], got[3*i+2] = planes[i], planes[size*size+i], planes[2*size*size+i]
		}
		if digest(got) != row[3] {
			t.Errorf("%d×%d to %d: bytes differ from Pillow's", w, h, size)
		}
	}
}

func resizeRaster(s *scratch, r raster, size int) []byte {
	v := shortest(r.w, r.h, size)
	s.x.build(r.w, float64(r.w), v.w, v.left, size)
	s.y.build(r.h, float64(r.h), v.h, v.top, size)
	return s.bicubic(r, v.w != r.w || v.h != r.h, size)
}

// noise is the generator of make_golden.py: a linear congruence, with areas of plain 0 and 255.
func noise(w, h int) []byte {
	x := uint32(12345 + 31*w + 17*h)
	pix := make([]byte, 3*w*h)
	for i := range pix {
		x = x*1664525 + 1013904223
		switch i / 97 % 5 {
		case 0:
		case 1:
			pix[i] = 255
		default:
			pix[i] = byte(x >> 24)
		}
	}
	return pix
}

func TestGeometryEqualsTorchvision(t *testing.T) {
	var lines []string
	for w := 1; w <= 1000; w += 3 {
		for h := 1; h <= 1000; h += 7 {
			v := shortest(w, h, 224)
			lines = append(lines, fmt.Sprintf("%d,%d,%d,%d", v.w, v.h, v.left, v.top))
		}
	}
	want := readGolden(t).Geometry
	if got := digest([]byte(strings.Join(lines, "\n"))); len(lines) != want.Rows || got != want.SHA256 {
		t.Errorf("%d rows, sha256 %s, want %d rows, %s", len(lines), got, want.Rows, want.SHA256)
	}
}

// TestPixelsEqualOriginalCLIP compares with the tensor that the original implementation computed.
func TestPixelsEqualOriginalCLIP(t *testing.T) {
	needsExactDecoder(t)
	dir := testshared.Dir(t)
	f, err := os.Open(filepath.Join(dir, "reference", "tiny-openai", "pixels.npy"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var want []float32
	if err := npyio.Read(f, &want); err != nil {
		t.Fatal(err)
	}
	const size, n = 96, 3 * 96 * 96
	captions, err := os.ReadFile(filepath.Join(dir, "photos", "captions.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, n)
	i := 0
	for line := range strings.Lines(string(captions)) {
		name, _, _ := strings.Cut(line, "\t")
		encoded, err := os.ReadFile(filepath.Join(dir, "photos", name))
		if os.IsNotExist(err) {
			continue // the heading
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := (Transform{Size: size}).Apply(got, encoded); err != nil {
			t.Fatal(err)
		}
		for j, v := range want[i*n : (i+1)*n] {
			if math.Float32bits(got[j]) != math.Float32bits(v) {
				t.Fatalf("%s: value %d is %v, want %v", name, j, got[j], v)
			}
		}
		i++
	}
	if i*n != len(want) {
		t.Errorf("compared %d pictures, the reference has %d", i, len(want)/n)
	}
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

func floatBytes(v []float32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}
