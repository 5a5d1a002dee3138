package pixel

import (
	"bytes"
	"errors"
	"image"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestFastStaysClose compares the fast mode with the exact one on sizes that leave a partial sample at the edge.
func TestFastStaysClose(t *testing.T) {
	if !canShrink {
		t.Skip("the standard library does not decode small")
	}
	for _, c := range []struct{ w, h, shrink int }{
		{640, 480, 1}, {999, 999, 2}, {905, 1301, 2}, {1803, 1793, 4},
	} {
		if got := fastShrink(min(c.w, c.h), 224); got != c.shrink {
			t.Errorf("%d×%d is shrunk by %d, want %d", c.w, c.h, got, c.shrink)
		}
		encoded := photo(t, c.w, c.h)
		exact, fast := make([]byte, 224*224*3), make([]byte, 224*224*3)
		if err := (Transform{}).Crop(exact, encoded); err != nil {
			t.Fatal(err)
		}
		if err := (Transform{Fast: true}).Crop(fast, encoded); err != nil {
			t.Fatal(err)
		}
		var sum, most float64
		for i := range exact {
			d := math.Abs(float64(exact[i]) - float64(fast[i]))
			sum, most = sum+d, max(most, d)
		}
		if mean := sum / float64(len(exact)); mean > 0.3 || most > 16 {
			t.Errorf("%d×%d: off by %.2f in the mean, %.0f at most", c.w, c.h, mean, most)
		}
		if same := bytes.Equal(exact, fast); same != (c.shrink == 1) {
			t.Errorf("%d×%d: equal to the exact mode is %t, shrink %d", c.w, c.h, same, c.shrink)
		}
	}
}

// TestGrey16TakesTheHighByte: Pillow would clip all above 255 and show white.
func TestGrey16TakesTheHighByte(t *testing.T) {
	encoded := readPicture(t, "grey-16bit.png")
	info, err := Inspect(encoded)
	if err != nil || info.Mode != Grey16 {
		t.Fatalf("%+v, %v", info, err)
	}
	h, err := inspect(encoded, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := decode(encoded, h, 1, whole(h))
	if err != nil {
		t.Fatal(err)
	}
	// The same samples are the red of rgb-16bit.png, of which Pillow takes the high byte.
	colour := readPicture(t, "rgb-16bit.png")
	if h, err = inspect(colour, Limits{}); err != nil {
		t.Fatal(err)
	}
	want, err := decode(colour, h, 1, whole(h))
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.w * r.h {
		if v, red := r.pix[i*r.bands], want.pix[i*want.bands]; v != red {
			t.Fatalf("pixel %d is %d, want %d", i, v, red)
		}
	}
}

// TestPartEqualsWhole decodes a part of every picture, in every corner.
func TestPartEqualsWhole(t *testing.T) {
	files, err := filepath.Glob("testdata/pictures/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		encoded := readPicture(t, filepath.Base(path))
		h, err := inspect(encoded, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		all, err := decode(encoded, h, 1, whole(h))
		if errors.Is(err, ErrDecode) && decoderKind == "std" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, corner := range []image.Point{{}, {1, 1}, {1, 0}, {0, 1}} {
			need := whole(h)
			need.Min = image.Pt(corner.X*need.Dx()/3, corner.Y*need.Dy()/3)
			need.Max = need.Min.Add(image.Pt(h.Width-h.Width/3, h.Height-h.Height/3))
			part, err := decode(encoded, h, 1, need)
			if err != nil {
				t.Fatal(err)
			}
			if !need.In(image.Rectangle{part.at, part.at.Add(image.Pt(part.w, part.h))}) || part.bands != all.bands {
				t.Fatalf("%s: %d×%d at %v for %v", path, part.w, part.h, part.at, need)
			}
			row := func(r raster, y int) []byte {
				return r.pix[((y-r.at.Y)*r.w+need.Min.X-r.at.X)*r.bands:][:need.Dx()*r.bands]
			}
			for y := need.Min.Y; y < need.Max.Y; y++ {
				if !bytes.Equal(row(part, y), row(all, y)) {
					t.Errorf("%s: row %d of %v differs", path, y, need)
					break
				}
			}
		}
	}
}

// TestCropOfPartEqualsCropOfWhole is about pictures so wide or high that only a part is decoded.
func TestCropOfPartEqualsCropOfWhole(t *testing.T) {
	for _, c := range []struct {
		w, h int
		fast bool
	}{
		{1500, 600, false}, {600, 1500, false}, {3600, 900, true},
	} {
		transform := Transform{Fast: c.fast}
		encoded := photo(t, c.w, c.h)
		got := make([]byte, 224*224*3)
		if err := transform.Crop(got, encoded); err != nil {
			t.Fatal(err)
		}
		h, err := inspect(encoded, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		shrink := 1
		if c.fast && canShrink {
			shrink = fastShrink(min(c.w, c.h), 224)
		}
		r, err := decode(encoded, h, shrink, image.Rect(0, 0, c.w/shrink, c.h/shrink))
		if err != nil {
			t.Fatal(err)
		}
		planes := resizeRaster(new(scratch), r, 224)
		for i, v := range got {
			if v != planes[i%3*224*224+i/3] {
				t.Fatalf("%+v: sample %d is %d, want %d", c, i, v, planes[i%3*224*224+i/3])
			}
		}
	}
}

func whole(h header) image.Rectangle { return image.Rect(0, 0, h.Width, h.Height) }

// TestConcurrentCalls runs pictures of all kinds side by side on shared scratch, bad ones among them.
func TestConcurrentCalls(t *testing.T) {
	names := []string{"rgb-420.jpg", "upscale-40x31.jpg", "cmyk.jpg", "rgba.png", "palette.png", "lossy-alpha.webp", "partial.gif", "grey.png"}
	want := map[string]string{}
	for _, name := range names {
		want[name] = cropDigest(t, readPicture(t, name))
	}
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 10 {
				name := names[(g+i)%len(names)]
				encoded := readPicture(t, name)
				if got := cropDigest(t, encoded); got != want[name] {
					t.Errorf("%s differs beside others", name)
				}
				if err := (Transform{}).Crop(make([]byte, 224*224*3), encoded[:len(encoded)/2]); !errors.Is(err, ErrTruncated) {
					t.Errorf("half of %s: %v", name, err)
				}
			}
		})
	}
	group.Wait()
}

func cropDigest(t *testing.T, encoded []byte) string {
	crop := make([]byte, 224*224*3)
	if err := (Transform{}).Crop(crop, encoded); err != nil {
		t.Error(err)
	}
	return digest(crop)
}

func TestFailureLeavesResultAlone(t *testing.T) {
	dst := make([]float32, 3*8*8)
	dst[5] = 42
	encoded := readPicture(t, "rgb-420.jpg")
	if err := (Transform{Size: 8}).Apply(dst, encoded[:1000]); err == nil || dst[5] != 42 {
		t.Errorf("error %v, value %v", err, dst[5])
	}
}

// TestTransformsThatCannotBe are mistakes of the caller, not of a picture.
func TestTransformsThatCannotBe(t *testing.T) {
	encoded := readPicture(t, "rgb-420.jpg")
	for _, c := range []struct {
		transform Transform
		room      int
		want      string
	}{
		{Transform{Size: 9}, 3 * 8 * 8, "pixels: result of 192 values, want 3·9·9"},
		{Transform{Size: -8}, 3 * 8 * 8, "pixels: size -8"},
		{Transform{Size: 8, Mean: clipMean}, 3 * 8 * 8, "pixels: standard deviation [0 0 0]"},
	} {
		if err := c.transform.Apply(make([]float32, c.room), encoded); err == nil || err.Error() != c.want {
			t.Errorf("Apply: %v, want %s", err, c.want)
		}
		if err := c.transform.Crop(make([]byte, c.room), encoded); err == nil || err.Error() != c.want {
			t.Errorf("Crop: %v, want %s", err, c.want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	seen := map[string]Transform{}
	for _, tr := range []Transform{
		{}, {Size: 336}, {Squash: true}, {Mean: [3]float32{0.5, 0.5, 0.5}, Std: [3]float32{0.5, 0.5, 0.5}},
	} {
		f := tr.Fingerprint()
		if len(f) != 16 || strings.Trim(f, "0123456789abcdef") != "" {
			t.Errorf("%q is not 16 hex digits", f)
		}
		if other, ok := seen[f]; ok {
			t.Errorf("%+v and %+v have the same fingerprint", tr, other)
		}
		seen[f] = tr
	}
	said := Transform{Size: 224, Mean: clipMean, Std: clipStd, Limits: Limits{Side: 99}}
	if said.Fingerprint() != (Transform{}).Fingerprint() {
		t.Error("defaults, when said, change the fingerprint")
	}
	if changed := (Transform{Fast: true}).Fingerprint() != (Transform{}).Fingerprint(); changed != canShrink {
		t.Errorf("fast changes the fingerprint: %t, the pixels: %t", changed, canShrink)
	}
}
