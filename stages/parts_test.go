package stages_test

import (
	"context"
	"errors"
	"io"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// once is a source of one batch, whose second row it calls bad.
type once struct{ batch batch.Pairs }

func (o *once) Read(context.Context) (batch.Pairs, error) {
	if o.batch.Record == nil {
		return batch.Pairs{}, io.EOF
	}
	b := o.batch
	o.batch = batch.Pairs{}
	return b, pipeline.RowErrors{{Row: 1, Err: errors.New("no such file")}}
}

func (o *once) Close() error { return nil }

// keep is a sink that keeps ids and the fingerprint.
type keep struct {
	ids         []string
	fingerprint string
}

func (k *keep) Write(_ context.Context, in batch.Vectors) error {
	for i := range in.NumRows() {
		id, _ := in.Label(i)
		k.ids = append(k.ids, id)
	}
	k.fingerprint = batch.Fingerprint(in.Schema())
	return nil
}

func (k *keep) Close() error { return nil }

type rejects struct{ all pipeline.Rejects }

func (r *rejects) Write(_ context.Context, in pipeline.Rejects) error {
	r.all = append(r.all, in...)
	return nil
}

func (r *rejects) Close() error { return nil }
