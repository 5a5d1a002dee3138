//go:build !novips

package pixel

/*
#cgo pkg-config: libjpeg
#include <stdio.h>
#include <setjmp.h>
#include <string.h>
#include <jpeglib.h>

struct failure {
	struct jpeg_error_mgr base;
	jmp_buf back;
	char *text; // of JMSG_LENGTH_MAX
};

static void fail(j_common_ptr decoder) {
	struct failure *f = (struct failure *)decoder->err;
	f->base.format_message(decoder, f->text);
	longjmp(f->back, 1);
}

// Damaged coefficients are no error, as under Pillow.
static void ignore(j_common_ptr decoder, int level) {}

// decode writes the pixels from left to right and top to bottom, in bands bytes each, of a picture that is width by height
// where it is decoded at a part of its size. It returns 0, or 1 with a text.
static int decode(const unsigned char *encoded, unsigned long size, unsigned char *pixels, int shrink, int width, int height, int bands,
		int left, int top, int right, int bottom, char *text) {
	struct jpeg_decompress_struct decoder;
	struct failure failure;
	memset(&decoder, 0, sizeof decoder);
	decoder.err = jpeg_std_error(&failure.base);
	failure.base.error_exit = fail;
	failure.base.emit_message = ignore;
	failure.text = text;
	if (setjmp(failure.back)) {
		jpeg_destroy_decompress(&decoder);
		return 1;
	}
	jpeg_create_decompress(&decoder);
	jpeg_mem_src(&decoder, (unsigned char *)encoded, size);
	jpeg_read_header(&decoder, TRUE);
	decoder.out_color_space = bands == 1 ? JCS_GRAYSCALE : JCS_RGB;
	decoder.scale_denom = shrink;
	jpeg_start_decompress(&decoder);
	if (decoder.output_width != (JDIMENSION)width || decoder.output_height != (JDIMENSION)height || decoder.output_components != bands) {
		snprintf(text, JMSG_LENGTH_MAX, "%ux%ux%d pixels", decoder.output_width, decoder.output_height, decoder.output_components);
		jpeg_destroy_decompress(&decoder);
		return 1;
	}
	JSAMPARRAY line = decoder.mem->alloc_sarray((j_common_ptr)&decoder, JPOOL_IMAGE, width * bands, 1);
	size_t part = (size_t)(right - left) * bands;
	for (int y = 0; y < bottom; y++) {
		JSAMPROW row = pixels + (y - top) * part;
		if (y < top || part < (size_t)width * bands) {
			row = line[0];
		}
		jpeg_read_scanlines(&decoder, &row, 1);
		if (y >= top && row == line[0]) {
			memcpy(pixels + (y - top) * part, row + (size_t)left * bands, part);
		}
	}
	jpeg_destroy_decompress(&decoder);
	return 0;
}
*/
import "C"

import (
	"errors"
	"image"
	"unsafe"
)

// decodeJPEG decodes with libjpeg alone what most pictures are: JPEGs in colour or grey. libvips uses the same library and gives
// the same bytes, but takes three times as long for a picture of 500×375, by way of a TIFF and from thread to thread.
func decodeJPEG(encoded []byte, h header, shrink int, need image.Rectangle) (raster, error) {
	r := raster{w: need.Dx(), h: need.Dy(), bands: 3, at: need.Min}
	if h.Mode == Grey {
		r.bands = 1
	}
	r.pix = make([]byte, r.w*r.h*r.bands)
	var text [C.JMSG_LENGTH_MAX]C.char
	if C.decode((*C.uchar)(unsafe.SliceData(encoded)), C.ulong(len(encoded)), (*C.uchar)(unsafe.SliceData(r.pix)),
		C.int(shrink), C.int((h.Width+shrink-1)/shrink), C.int((h.Height+shrink-1)/shrink), C.int(r.bands),
		C.int(need.Min.X), C.int(need.Min.Y), C.int(need.Max.X), C.int(need.Max.Y), &text[0]) != 0 {
		return raster{}, errors.New(C.GoString(&text[0]))
	}
	return r, nil
}
