package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/smithy-go"
	"gocloud.dev/blob"
)

// A putter puts objects, exclusively where there must be none.
type putter interface {
	put(ctx context.Context, key string, from io.ReaderAt, size int64, exclusive bool) error
}

const contentType = "application/octet-stream"

// Put stores so many bytes under a path, all or none. What was there is replaced, or, where the put is exclusive, is an
// error that is fs.ErrExist. That error may also mean that the bytes are there already: where the answer to a request was
// lost, the library asks again. Other errors leave open whether the bytes are there.
func (b *Bucket) Put(ctx context.Context, path string, from io.ReaderAt, size int64, exclusive bool) error {
	for try := 1; ; try++ {
		err := b.putter.put(ctx, b.key(path), from, size, exclusive)
		if err == nil {
			return nil
		}
		if !putAgain(err) || try == conflicts {
			return pathError("put", path, err)
		}
		select {
		case <-time.After(time.Duration(try) * 100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

const conflicts = 5

// putAgain reports whether an error is for a put to be repeated as a whole: another is putting the same at this moment,
// and S3 does not know yet who was first; or the answer was cut off, or Google gave none, which its library does not
// repeat; or pieces are gone, as they are an object already and the answer to that was lost. Where there must be no
// object, the next try tells.
func putAgain(err error) bool {
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return refused.ErrorCode() == "ConditionalRequestConflict" || refused.ErrorCode() == "NoSuchUpload"
	}
	var repeated *smithy.OperationError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) && !errors.As(err, &repeated)
}

// onePut is up to how many bytes are put by a single request, so that who is killed meanwhile leaves nothing. Where an address
// says one_put=N it is that.
const onePut = 64 << 20

func cutOnePut(u *url.URL) (bytes int64, rest *url.URL, err error) {
	text, rest := cutOption(u, "one_put")
	if text == "" {
		return onePut, rest, nil
	}
	if bytes, err = strconv.ParseInt(text, 10, 64); err != nil || bytes <= 0 {
		return 0, nil, fmt.Errorf("one_put=%s is not a number of bytes", text)
	}
	return bytes, rest, nil
}

// cutOption takes an option out of an address.
func cutOption(u *url.URL, name string) (text string, rest *url.URL) {
	query, copied := u.Query(), *u
	text = query.Get(name)
	query.Del(name)
	copied.RawQuery = query.Encode()
	return text, &copied
}

// A blobPutter puts as gocloud does. The pieces of one object are one upload to Google, whose condition is for all.
type blobPutter struct {
	blobs  *blob.Bucket
	onePut int64
}

func (p blobPutter) put(ctx context.Context, key string, from io.ReaderAt, size int64, exclusive bool) error {
	options := &blob.WriterOptions{ContentType: contentType, IfNotExist: exclusive, BufferSize: int(max(size+1, 5<<20))}
	if size > p.onePut {
		options.BufferSize = int(min(pieceBytes, p.onePut))
	}
	return p.blobs.Upload(ctx, key, io.NewSectionReader(from, 0, size), options)
}

// Remove removes an object.
func (b *Bucket) Remove(ctx context.Context, path string) error {
	if err := b.blobs.Delete(ctx, b.key(path)); err != nil {
		return pathError("remove", path, err)
	}
	return nil
}
