//go:build !novips

package pixel

/*
#cgo pkg-config: vips
#include <vips/vips.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static void drop(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {}
static void dropWarnings(void) { g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING, drop, NULL); }

// keepMemory lets pictures come and go in the same memory. What glibc maps for one alone it unmaps behind it, and
// every page of the next is a fault: a 12 MP JPEG then takes 64 ms instead of 37.
static void keepMemory(void) {
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

// heightenStrips lets libvips work on 128 rows of a picture at a time. It hands them from thread to thread, row by row or 16
// at a time, which was a fifth of the time of a JPEG of 500×375. Command-line options are the way in.
static void heightenStrips(void) {
	gchar *options[] = {"", "--vips-thinstrip-height=128", "--vips-fatstrip-height=128", NULL};
	gchar **arguments = options;
	gint count = 3;
	GOptionContext *context = g_option_context_new(NULL);
	GOptionGroup *group = g_option_group_new("vips", "", "", NULL, NULL);
	vips_add_option_entries(group);
	g_option_context_set_main_group(context, group);
	g_option_context_parse(context, &count, &arguments, NULL); // strips stay low where libvips has no such options
	g_option_context_free(context);
}
*/
import "C"

import (
	"fmt"
	"image"
	"strings"
	"sync"

	"github.com/h2non/bimg"
)

const (
	decoderKind = "vips"
	canShrink   = true
)

// setUp turns off what libvips does for programs of another kind: the cache of operations, as no picture comes
// twice, and warnings on standard error, as they do not say which picture they are about. It also keeps C's memory and
// has it work on more rows at a time.
var setUp = sync.OnceFunc(func() {
	C.dropWarnings()
	C.keepMemory()
	C.heightenStrips()
	bimg.VipsCacheSetMax(0)
	bimg.VipsCacheSetMaxMem(0)
})

// decodePixels decodes with libjpeg or libwebp where that is enough, else through libvips. Only the part in need is handed out.
func decodePixels(encoded []byte, h header, shrink int, need image.Rectangle) (raster, error) {
	if h.Format == JPEG && h.Mode != CMYK {
		r, err := decodeJPEG(encoded, h, shrink, need)
		if err != nil {
			return raster{}, fmt.Errorf("%s: %w: %w", h.Format, ErrDecode, err)
		}
		return r, nil
	}
	if h.Format == WebP {
		if r, ok := decodeWebP(encoded, h, need); ok {
			return r, nil
		}
	}
	return decodeVips(encoded, h, shrink, need)
}

// decodeVips decodes through libvips. bimg hands pixels out only encoded; TIFF is the encoding that costs least, as it
// stores them plain.
func decodeVips(encoded []byte, h header, shrink int, need image.Rectangle) (raster, error) {
	setUp()
	options := bimg.Options{Type: bimg.TIFF, NoAutoRotate: true, Interpretation: bimg.InterpretationSRGB}
	switch h.Mode {
	case Bilevel, Grey, GreyAlpha: // not Grey16, whose conversion to one band is not just the high byte
		options.Interpretation = bimg.InterpretationBW
	case CMYK: // through sRGB libvips would apply a profile
		options.Interpretation = bimg.InterpretationCMYK
	}
	if shrink > 1 { // these options make libjpeg decode small and leave its pixels as they are
		options.Width, options.Height = h.Width/shrink, h.Height/shrink
		options.Force, options.Interpolator = true, bimg.Nearest
	}
	if need.Dx() < h.Width/shrink || need.Dy() < h.Height/shrink {
		options.Left, options.Top = need.Min.X, need.Min.Y
		options.AreaWidth, options.AreaHeight = need.Dx(), need.Dy()
	}
	tiff, err := bimg.Resize(encoded, options)
	if err != nil {
		// The text of libvips is shared by all goroutines: it may be empty or another picture's.
		return raster{}, fmt.Errorf("%s: %w: %s", h.Format, ErrDecode, strings.Join(strings.Fields(err.Error()), " "))
	}
	r, err := readTIFF(tiff)
	if err != nil {
		return raster{}, fmt.Errorf("%s: %w: %w", h.Format, ErrDecode, err)
	}
	if r.w != need.Dx() || r.h != need.Dy() || h.Mode == CMYK && r.bands != 4 {
		return raster{}, fmt.Errorf("%s: %w: %d×%d×%d pixels, %d×%d wanted of %d×%d %s",
			h.Format, ErrDecode, r.w, r.h, r.bands, need.Dx(), need.Dy(), h.Width, h.Height, h.Mode)
	}
	r.at = need.Min
	return r, nil
}
