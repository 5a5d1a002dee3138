package sinks

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Npy writes embeddings to a directory as clip-retrieval lays them out, for embedding-reader, autofaiss and NumPy:
//
//	img_emb/img_emb_0.npy        N×D, embeddings of pictures
//	text_emb/text_emb_0.npy      N×D, embeddings of captions, in the same order
//	metadata/metadata_0.parquet  N rows: image_path (the id), caption, and the further columns
//
// The files appear when the sink is closed. They replace those of a run with the same fingerprint; a directory that
// holds embeddings of another is an error. Whenever the process ends, no array lies beside another run's metadata.
// Without a single row nothing is written.
type Npy struct {
	Dir      string
	Half     bool  // float16, as clip-retrieval has it, in place of float32
	FileRows int64 // rows of a file, after which the next is begun, img_emb_1.npy; 0 is all

	place  place
	dir    string   // Dir there
	made   []string // directories that Open made
	parts  []*npyPart
	schema *arrow.Schema // of the last batch
}

// Open makes the directories.
func (s *Npy) Open(ctx context.Context) error {
	var err error
	if s.place, s.dir, err = openPlace(ctx, s.Dir); err != nil {
		return err
	}
	for _, sub := range []string{"", imageArrays, textArrays, metadataFiles} {
		dir := store.Join(s.dir, sub)
		made, err := s.place.mkdir(dir)
		if made {
			s.made = append(s.made, dir)
		}
		if err != nil {
			s.Abort()
			return err
		}
	}
	return nil
}

// Write appends the embeddings of a batch. All batches must have the same columns and notes, and no row may be null.
func (s *Npy) Write(ctx context.Context, in batch.Vectors) error {
	if err := s.admit(in); err != nil {
		return fmt.Errorf("%s: %w", s.Dir, err)
	}
	for from := int64(0); from < in.NumRows(); {
		part, err := s.part(in)
		if err != nil {
			return err
		}
		to := in.NumRows()
		if s.FileRows > 0 {
			to = min(to, from+s.FileRows-part.rows())
		}
		slice := in.Slice(from, to)
		err = part.write(ctx, slice)
		slice.Release()
		if err != nil {
			return err
		}
		from = to
	}
	return nil
}

// admit checks that a batch can follow those before it, and with the first that the directory can take it.
func (s *Npy) admit(in batch.Vectors) error {
	for column, m := range []batch.Matrix[float32]{in.Image(), in.Text()} {
		for row := 0; m.NullRows() > 0 && row < m.Rows; row++ {
			if m.IsNull(row) {
				return pipeline.RowErrors{{Row: int64(row), Err: fmt.Errorf("%s is null", in.ColumnName(2+column))}}
			}
		}
	}
	switch schema := in.Schema(); {
	case schema == s.schema:
		return nil
	case s.schema == nil:
		if err := checkOutput(s.place, s.dir, batch.Fingerprint(schema)); err != nil {
			return err
		}
		s.schema = schema
		return removeUnpublished(s.place, s.dir)
	default:
		return checkFollows(s.schema, schema)
	}
}

// part returns the part that has room, which may be a new one.
func (s *Npy) part(in batch.Vectors) (*npyPart, error) {
	if n := len(s.parts); n > 0 {
		part := s.parts[n-1]
		if s.FileRows == 0 || part.rows() < s.FileRows {
			return part, nil
		}
		if err := part.complete(); err != nil {
			return nil, err
		}
	}
	part, err := createPart(s.place, s.dir, len(s.parts), in, s.Half)
	if err == nil {
		s.parts = append(s.parts, part)
	}
	return part, err
}

// Stored returns zero: no row is durable before the files are closed.
func (s *Npy) Stored() int64 { return 0 }

// Close completes the files and moves them to their places.
func (s *Npy) Close() error {
	if len(s.parts) == 0 {
		return s.Abort()
	}
	err := s.parts[len(s.parts)-1].complete()
	if err == nil {
		err = publishParts(s.place, s.dir, s.parts)
	}
	if err != nil {
		s.Abort()
		return err
	}
	for _, part := range s.parts {
		part.each((*aside).close)
	}
	return s.place.close()
}

// Abort removes what was written.
func (s *Npy) Abort() error {
	defer s.place.close()
	var first error
	for _, part := range s.parts {
		if err := part.each((*aside).remove); first == nil {
			first = err
		}
	}
	for i := len(s.made) - 1; i >= 0; i-- {
		_ = s.place.remove(s.made[i]) // unless somebody put something there
	}
	return first
}
