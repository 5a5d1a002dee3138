package sinks

import (
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/klauspost/compress/zstd"
)

// zstdLevel is what Parquet files are compressed with: the fastest, as embeddings are nearly random.
const zstdLevel = 1

// fastZstd is Arrow's codec of zstd but for one thing: that makes an encoder a page, whose tables take longer to set up
// than the page to compress.
type fastZstd struct {
	compress.Codec
	encoder *zstd.Encoder
}

// Codecs can be exchanged for all of the process alone, and in an init only. What they write is the same.
func init() {
	codec, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		panic(err)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithZeroFrames(true), zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(zstdLevel)))
	if err != nil {
		panic(err)
	}
	compress.RegisterCodec(compress.Codecs.Zstd, fastZstd{codec, encoder})
}

// EncodeLevel appends what src is compressed to.
func (c fastZstd) EncodeLevel(dst, src []byte, level int) []byte {
	if level != zstdLevel {
		return c.Codec.EncodeLevel(dst, src, level)
	}
	return c.encoder.EncodeAll(src, dst[:0])
}
