package store

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/aws/smithy-go"
	"gocloud.dev/blob"
)

// onePut is up to how many bytes are put by a single request, so that who is killed meanwhile leaves nothing.
const onePut = 64 << 20

// Put stores so many bytes under a path. What was there is replaced, or, where the put is exclusive, is an error that
// is fs.ErrExist. That error may also mean that the bytes are there already: where the answer to a request was lost, the
// library asks again. Other errors leave open whether the bytes are there.
func (b *Bucket) Put(ctx context.Context, path string, from io.ReaderAt, size int64, exclusive bool) error {
	options := &blob.WriterOptions{
		ContentType: "application/octet-stream", IfNotExist: exclusive, BufferSize: int(min(max(size+1, 5<<20), onePut)),
	}
	if size > onePut {
		options.BufferSize, options.MaxConcurrency = 16<<20, 2
	}
	for try := 1; ; try++ {
		err := b.blobs.Upload(ctx, b.key(path), io.NewSectionReader(from, 0, size), options)
		var refused smithy.APIError
		if err == nil {
			return nil
		}
		if !errors.As(err, &refused) || refused.ErrorCode() != "ConditionalRequestConflict" || try == conflicts {
			return pathError("put", path, err)
		}
		// Another is putting the same at this moment, and S3 does not know yet who was first.
		select {
		case <-time.After(time.Duration(try) * 100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

const conflicts = 5

// Remove removes an object.
func (b *Bucket) Remove(ctx context.Context, path string) error {
	if err := b.blobs.Delete(ctx, b.key(path)); err != nil {
		return pathError("remove", path, err)
	}
	return nil
}
