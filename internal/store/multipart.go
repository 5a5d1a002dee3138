package store

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
	"golang.org/x/sync/errgroup"
)

const (
	pieceBytes   = 16 << 20 // of an object that is put in pieces
	maxPieces    = 10_000   // is S3's limit
	piecesAtOnce = 2
	abortTimeout = 10 * time.Second
)

// An s3Putter puts objects straight from files. s3blob does too, but in pieces from 16 MiB on, all of which it copies,
// and prints an error where a condition is not met.
type s3Putter struct {
	client  *s3.Client
	blobs   *blob.Bucket
	bucket  string
	options s3blob.Options
	onePut  int64
}

func (p *s3Putter) put(ctx context.Context, key string, from io.ReaderAt, size int64, exclusive bool) error {
	key = p.escaped(ctx, key)
	if size > p.onePut {
		return p.putPieces(ctx, key, from, size, exclusive)
	}
	in := &s3.PutObjectInput{
		Bucket: &p.bucket, Key: &key, Body: io.NewSectionReader(from, 0, size), ContentType: new(contentType),
		ServerSideEncryption: p.options.EncryptionType, IfNoneMatch: ifNone(exclusive),
	}
	if id := p.options.KMSEncryptionID; id != "" {
		in.SSEKMSKeyId = &id
	}
	_, err := p.client.PutObject(ctx, in)
	return err
}

// putPieces puts an object by a multipart upload. Only its completion makes an object of the pieces, and has the
// condition. Pieces that do not become one are removed, unless this process is killed.
func (p *s3Putter) putPieces(ctx context.Context, key string, from io.ReaderAt, size int64, exclusive bool) (err error) {
	in := &s3.CreateMultipartUploadInput{
		Bucket: &p.bucket, Key: &key, ContentType: new(contentType), ServerSideEncryption: p.options.EncryptionType,
	}
	if id := p.options.KMSEncryptionID; id != "" {
		in.SSEKMSKeyId = &id
	}
	if p.options.RequestChecksumCalculation != aws.RequestChecksumCalculationWhenRequired {
		in.ChecksumAlgorithm = types.ChecksumAlgorithmCrc32 // that the library gives pieces
	}
	upload, err := p.client.CreateMultipartUpload(ctx, in)
	if err != nil {
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
		defer cancel()
		// Where the object was made all the same, there is nothing left to abort; err says more in any case.
		_, _ = p.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &p.bucket, Key: &key, UploadId: upload.UploadId})
	}()
	piece := max(min(pieceBytes, p.onePut), (size+maxPieces-1)/maxPieces)
	pieces := make([]types.CompletedPart, (size+piece-1)/piece)
	putting, putCtx := errgroup.WithContext(ctx)
	putting.SetLimit(piecesAtOnce)
	for i := range pieces {
		putting.Go(func() error {
			at, number := int64(i)*piece, int32(i+1)
			put, err := p.client.UploadPart(putCtx, &s3.UploadPartInput{
				Bucket: &p.bucket, Key: &key, UploadId: upload.UploadId, PartNumber: &number,
				Body: io.NewSectionReader(from, at, min(piece, size-at)),
			})
			if err == nil {
				pieces[i] = types.CompletedPart{
					PartNumber: &number, ETag: put.ETag, ChecksumCRC32: put.ChecksumCRC32, ChecksumCRC32C: put.ChecksumCRC32C,
					ChecksumCRC64NVME: put.ChecksumCRC64NVME, ChecksumSHA1: put.ChecksumSHA1, ChecksumSHA256: put.ChecksumSHA256,
				}
			}
			return err
		})
	}
	if err := putting.Wait(); err != nil {
		return err
	}
	_, err = p.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &p.bucket, Key: &key, UploadId: upload.UploadId, IfNoneMatch: ifNone(exclusive),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: pieces},
	})
	return err
}

// ifNone is the condition that there is no object.
func ifNone(exclusive bool) *string {
	if !exclusive {
		return nil
	}
	return new("*")
}

// escaped returns a key as s3blob, by which it is read, asks for it.
func (p *s3Putter) escaped(ctx context.Context, key string) string {
	asked := errors.New("the request is known")
	_, _ = p.blobs.NewReader(ctx, key, &blob.ReaderOptions{BeforeRead: func(as func(any) bool) error {
		var request *s3.GetObjectInput
		if as(&request) {
			key = *request.Key
		}
		return asked
	}})
	return key
}
