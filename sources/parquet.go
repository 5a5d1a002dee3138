package sources

import (
	"context"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Parquet reads the pairs in Parquet files, row group by row group, and of these only the columns it needs. It holds one
// page of each, and the rows of a batch: nothing grows with files or row groups, as long as pages do not.
//
// A picture is what its column holds: bytes, a path relative to Dir, or a struct of bytes and path as in Hugging Face's
// data sets, where the path counts if there are no bytes. A caption is a string, or a list of them. A row without
// picture or caption is bad; where img2dataset left a status and an error_message, they say why.
//
// The lane of a row is the path of its file below the directory in Path, the offset its row there, over all row groups.
// Files come in natural order. The first says which columns there are; a file in which one of them is missing or of
// another type is an error.
//
// Sizes are compared with limits before anything is allocated by them: a footer has at most 64 MiB, a page 512 MiB, as
// it is stored and as it is decompressed. Where pages have checksums, as parquet-mr and Spark write them and pyarrow does
// if asked, they are verified. Without them a flipped bit in a picture shows only where it no longer decompresses or
// decodes. Columns that are compressed by LZO or Hadoop's LZ4, encrypted, or encoded as DELTA_BYTE_ARRAY or
// BYTE_STREAM_SPLIT cannot be read.
type Parquet struct {
	// Path is a file, a directory whose .parquet files are read, those further below too, or a pattern with wildcards
	// and braces for either: "laion/*.parquet".
	Path string

	// Names of columns. Empty ones are guessed, in any case: image, jpg, jpeg, png, webp, img, picture, image_bytes,
	// bytes, or a path called as in a List; caption, title, text, txt, captions, texts or sentences; id, key, uid,
	// sample_id, image_id or __key__. Without an id it is file:row.
	ImageColumn, CaptionColumn, IDColumn string

	// Columns are those that ride along, with their types. Nil is all of strings, numbers, booleans, dates and
	// timestamps; for integers of fewer than 32 bits that is 32 of them.
	Columns []string

	// Dir is the folder that the pictures' paths are relative to. They may not leave it, by symbolic links neither. Where
	// it is empty it is the directory in Path.
	Dir string

	// AllCaptions makes a row of every caption of a list, in place of one of the first: "cat#0", "cat#1" and so on of the
	// id cat, at offsets from 1000 times the row's on. A list has at most 1000.
	AllCaptions bool

	// Where selects rows before their pictures are read, by comparisons with numbers, strings, true and false that all
	// must hold: `width >= 256 && license == "cc-by" && similarity > 0.28`. A null meets none.
	Where string

	// SkipCorrupt goes on behind a file or row group that cannot be read, in place of failing. What is lost is told as
	// one bad row, which stands for all that are.
	SkipCorrupt bool

	// Resume asks the sink up to where it has stored a lane, when its file is opened. Row groups before that are not
	// read.
	Resume func(ctx context.Context, lane string) (next int64, ok bool, err error)

	// Shard is the one row group to read, of those that Shards lists; nil is all of them. It is a lane of its own, and
	// its file says which columns there are.
	Shard *Shard

	Limits Limits

	reader *parquetReader
	gauge  gauge
}

// captionsPerRow is how many offsets a row takes with AllCaptions.
const captionsPerRow = 1000

// Open finds the files, and reads the footer of the first.
func (p *Parquet) Open(ctx context.Context) error {
	from, path, err := store.Open(ctx, p.Path)
	if err != nil {
		return err
	}
	if err := p.open(ctx, from, path); err != nil {
		from.Close()
		return err
	}
	return nil
}

func (p *Parquet) open(ctx context.Context, from store.Store, path string) error {
	base, files, err := p.find(ctx, from, path)
	if err != nil {
		return err
	}
	r := &parquetReader{source: p, from: from, files: files, rows: parquetRows{limits: p.Limits.orDefault(), all: p.AllCaptions}}
	if err := r.choose(ctx); err != nil {
		return err
	}
	r.rows.ctx = ctx
	if p.Dir != "" {
		r.rows.root, err = openRoot(ctx, p.Dir)
	} else if r.rows.root, err = from.OpenRoot(ctx, base); err != nil {
		err = pathError(base, err)
	}
	if err != nil {
		return err
	}
	total := int64(0)
	for _, f := range files {
		total += f.size
	}
	p.gauge.reset(total)
	p.reader = r
	return nil
}

// find returns the directory in Path, and the files that are to be read.
func (p *Parquet) find(ctx context.Context, from store.Store, path string) (base string, files []dataFile, err error) {
	if p.Shard != nil {
		return p.Shard.find(ctx, from, path)
	}
	return parquetFiles(ctx, from, path)
}

// Read returns the next pairs.
func (p *Parquet) Read(ctx context.Context) (batch.Pairs, error) { return p.reader.read(ctx) }

// Close closes the file that is open.
func (p *Parquet) Close() error {
	if p.reader == nil {
		return nil
	}
	r := p.reader
	p.reader = nil
	return r.close()
}

// Progress returns the share of the files' bytes that has been read.
func (p *Parquet) Progress() float64 { return p.gauge.Progress() }
