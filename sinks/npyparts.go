package sinks

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// An npyPart is the three files of one number, with the same rows.
type npyPart struct {
	image, text *npyFile
	metadata    *parquetFile
}

// createPart begins the files for embeddings like v's.
func createPart(place place, dir string, number int, v batch.Vectors, half bool) (*npyPart, error) {
	create := func(sort, extension string) (*aside, error) {
		return place.create(store.Join(dir, sort, fmt.Sprintf("%s_%d.%s", sort, number, extension)))
	}
	image, err := createNpy(create, imageArrays, half)
	if err != nil {
		return nil, err
	}
	text, err := createNpy(create, textArrays, half)
	if err != nil {
		image.close()
		return nil, err
	}
	metadata, err := create(metadataFiles, "parquet")
	if err != nil {
		image.close()
		text.close()
		return nil, err
	}
	image.shape, text.shape = []int{v.Image().Width}, []int{v.Text().Width}
	return &npyPart{image, text, newParquetFile(metadata, metadata, 0, 0)}, nil
}

func createNpy(create func(sort, extension string) (*aside, error), sort string, half bool) (*npyFile, error) {
	a, err := create(sort, "npy")
	if err != nil {
		return nil, err
	}
	return newNpy(a, half)
}

func (p *npyPart) rows() int64 { return int64(p.image.rows) }

// write appends a batch to the files.
func (p *npyPart) write(ctx context.Context, v batch.Vectors) error {
	image, text := v.Image(), v.Text()
	if err := p.image.write(image.Rows, image.Values); err != nil {
		return err
	}
	if err := p.text.write(text.Rows, text.Values); err != nil {
		return err
	}
	r := withoutEmbeddings(v)
	defer r.Release()
	return p.metadata.write(ctx, r, v.Bytes()-4*int64(len(image.Values)+len(text.Values)))
}

// withoutEmbeddings returns the metadata of a batch.
func withoutEmbeddings(v batch.Vectors) arrow.Record {
	fields, columns := v.Schema().Fields(), v.Columns()
	fields = append(fields[:2], fields[4:]...)
	fields[0].Name = "image_path"
	notes := v.Schema().Metadata()
	return array.NewRecord(arrow.NewSchema(fields, &notes), append(columns[:2:2], columns[4:]...), v.NumRows())
}

// complete makes the files durable.
func (p *npyPart) complete() error {
	if err := p.image.complete(); err != nil {
		return err
	}
	if err := p.text.complete(); err != nil {
		return err
	}
	return p.metadata.complete()
}

// each does something to each file and returns the first error.
func (p *npyPart) each(do func(*aside) error) error {
	var first error
	for _, file := range []*aside{p.image.aside, p.text.aside, p.metadata.aside} {
		if err := do(file); first == nil {
			first = err
		}
	}
	return first
}
