package store

import (
	"context"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
)

// openS3 opens a bucket as s3blob does, but for its transport.
func openS3(ctx context.Context, u *url.URL, transport *http.Transport) (*blob.Bucket, error) {
	opener := s3blob.URLOpener{} // notes the options that are not the client's
	opened, err := opener.OpenBucketURL(ctx, u)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	var client *s3.Client
	opened.As(&client)
	client = s3.New(client.Options(), func(o *s3.Options) { o.HTTPClient = &http.Client{Transport: transport} })
	return s3blob.OpenBucket(ctx, client, u.Host, &opener.Options)
}
