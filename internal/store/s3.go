package store

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
)

// credentialsTimeout bounds how long credentials are looked for: on a machine that is none of Amazon's their service
// does not answer.
const credentialsTimeout = 10 * time.Second

// openS3 opens a bucket as s3blob does, but for its transport, and for options of its own.
func openS3(ctx context.Context, u *url.URL, transport *http.Transport) (*blob.Bucket, putter, error) {
	own, u, err := cutS3Options(u)
	if err != nil {
		return nil, nil, err
	}
	opener := s3blob.URLOpener{} // notes the options that are not the client's
	opened, err := opener.OpenBucketURL(ctx, u)
	if err != nil {
		return nil, nil, err
	}
	defer opened.Close()
	var client *s3.Client
	opened.As(&client)
	client = s3.New(client.Options(), func(o *s3.Options) {
		o.HTTPClient = &http.Client{Transport: transport}
		o.Logger = logging.Nop{} // it would write into the line of progress, of what it repeats
		if own.backoff > 0 {
			o.Retryer = retry.AddWithMaxBackoffDelay(o.Retryer, own.backoff)
		}
	})
	if err := checkCredentials(ctx, client); err != nil {
		return nil, nil, err
	}
	blobs, err := s3blob.OpenBucket(ctx, client, u.Host, &opener.Options)
	return blobs, &s3Putter{client, blobs, u.Host, opener.Options, own.onePut}, err
}

// s3Options are those of an address that s3blob does not know.
type s3Options struct {
	backoff time.Duration // at most, before a request is repeated; 0 is the library's
	onePut  int64         // bytes, up to which an object is put by one request
}

// cutS3Options takes them out of an address.
func cutS3Options(u *url.URL) (own s3Options, rest *url.URL, err error) {
	text, u := cutOption(u, "backoff")
	if text != "" {
		if own.backoff, err = time.ParseDuration(text); err != nil || own.backoff <= 0 {
			return own, nil, fmt.Errorf("backoff=%s is not a span of time", text)
		}
	}
	own.onePut, u, err = cutOnePut(u)
	return own, u, err
}

// checkCredentials returns an error where there are none, which the library would call by the last place it looked at.
func checkCredentials(ctx context.Context, client *s3.Client) error {
	from := client.Options().Credentials
	if from == nil { // the address says anonymous=true
		return nil
	}
	looking, cancel := context.WithTimeout(ctx, credentialsTimeout)
	defer cancel()
	if _, err := from.Retrieve(looking); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		why := strings.Join(strings.Fields(innermost(err).Error()), " ")
		return fmt.Errorf("no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or say anonymous=true (%s)", why)
	}
	return nil
}
