package pixel

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goldenCrops is testdata/crops.json, what torchvision's RandomResizedCrop draws and makes of the pictures.
type goldenCrops struct {
	Parts map[string][][5]any // left, top, width, height, digest of 64×64×3 bytes
	Draws []struct {
		W, H        int
		Area, Shape [2]float64
		Mean, Std   [4]float64 // of area, log shape, left and top
	}
}

func readCrops(t *testing.T) goldenCrops {
	t.Helper()
	text, err := os.ReadFile("testdata/crops.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldenCrops
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestPartsEqualPillow(t *testing.T) {
	needsExactDecoder(t)
	const size = 64
	for name, parts := range readCrops(t).Parts {
		if name == "grey-16bit.png" {
			continue // differs on purpose: TestGrey16TakesTheHighByte
		}
		encoded, err := os.ReadFile(filepath.Join("testdata", "pictures", name))
		if err != nil {
			t.Fatal(err)
		}
		h, err := inspect(encoded, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, p := range parts {
			left, top := int(p[0].(float64)), int(p[1].(float64))
			part := image.Rect(left, top, left+int(p[2].(float64)), top+int(p[3].(float64)))
			eachLevel(func(level string, s *scratch) {
				planes, err := Transform{Size: size}.part(s, encoded, h, part)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				interleaved := make([]byte, len(planes))
				for i := range size * size {
					for c := range 3 {
						interleaved[3*i+c] = planes[c*size*size+i]
					}
				}
				sum := sha256.Sum256(interleaved)
				if got := hex.EncodeToString(sum[:8]); got != p[4] {
					t.Errorf("%s (%s), %v of %d×%d, %s: %s, and Pillow's %s", name, h.Mode, part, h.Width, h.Height, level, got, p[4])
				}
			})
		}
	}
}

// TestDrawsLikeTorchvision compares the means of as many draws. With two samples of 50,000 they differ by chance by
// less than five standard errors of the difference.
func TestDrawsLikeTorchvision(t *testing.T) {
	const n = 50_000
	random := rand.New(rand.NewPCG(1, 2))
	for _, want := range readCrops(t).Draws {
		crop := RandomCrop{Area: want.Area, Shape: want.Shape}
		var sum, squares [4]float64
		for range n {
			r := crop.Draw(random, want.W, want.H)
			if !r.In(image.Rect(0, 0, want.W, want.H)) || r.Empty() {
				t.Fatalf("%v of %d×%d", r, want.W, want.H)
			}
			w, h := float64(r.Dx()), float64(r.Dy())
			for k, v := range [4]float64{
				w * h / float64(want.W*want.H), math.Log(w / h),
				float64(r.Min.X) / math.Max(1, float64(want.W-r.Dx())), float64(r.Min.Y) / math.Max(1, float64(want.H-r.Dy())),
			} {
				sum[k], squares[k] = sum[k]+v, squares[k]+v*v
			}
		}
		for k, what := range []string{"area", "log shape", "left", "top"} {
			mean := sum[k] / n
			std := math.Sqrt(math.Max(0, squares[k]/n-mean*mean))
			if bound := 5*want.Std[k]*math.Sqrt(2./n) + 1e-6; math.Abs(mean-want.Mean[k]) > bound || math.Abs(std-want.Std[k]) > 2*bound {
				t.Errorf("%d×%d, %v, %v: %s is %.5f ± %.5f, torchvision's %.5f ± %.5f", want.W, want.H, want.Area, want.Shape, what, mean, std, want.Mean[k], want.Std[k])
			}
		}
	}
}

func TestApplyRandomErrors(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	dst := make([]float32, 3*8*8)
	if err := (Transform{Size: 8}).ApplyRandom(dst, []byte("no picture"), RandomCrop{}, random); !errors.Is(err, ErrUnsupportedFormat) {
		t.Errorf("no picture: %v", err)
	}
	for _, c := range []RandomCrop{{Area: [2]float64{0.5, 2}}, {Area: [2]float64{0.9, 0.5}}, {Shape: [2]float64{-1, 1}}, {Shape: [2]float64{0, 1}}} {
		if err := (Transform{Size: 8}).ApplyRandom(dst, nil, c, random); err == nil || !strings.Contains(err.Error(), "random crop") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := (Transform{Size: 9}).ApplyRandom(dst, nil, RandomCrop{}, random); err == nil {
		t.Error("a result of the wrong length: no error")
	}
}
