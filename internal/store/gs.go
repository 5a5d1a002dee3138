package store

import (
	"context"
	"net/http"
	"net/url"
	"os"

	"gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/gcp"
	"google.golang.org/api/option"
)

// openGS opens a bucket by the application default credentials, or by none where the address says anonymous=true or an
// emulator is named in STORAGE_EMULATOR_HOST. gcsblob's own opener would print its warnings to standard output.
func openGS(ctx context.Context, u *url.URL, transport *http.Transport) (*blob.Bucket, putter, error) {
	onePut, u, err := cutOnePut(u)
	if err != nil {
		return nil, nil, err
	}
	opener := gcsblob.URLOpener{Client: gcp.NewAnonymousHTTPClient(transport)}
	if anonymous := u.Query().Get("anonymous"); anonymous != "true" && os.Getenv("STORAGE_EMULATOR_HOST") == "" {
		credentials, err := gcp.DefaultCredentials(ctx)
		if err != nil {
			return nil, nil, err
		}
		if opener.Client, err = gcp.NewHTTPClient(transport, credentials.TokenSource); err != nil {
			return nil, nil, err
		}
		opener.TokenSource = gcp.CredentialsTokenSource(credentials)
	}
	// For an emulator gcsblob would take http.DefaultClient, whose connections are everybody's.
	opener.Options.ClientOptions = []option.ClientOption{option.WithHTTPClient(&opener.Client.Client)}
	blobs, err := opener.OpenBucketURL(ctx, u)
	return blobs, blobPutter{blobs, onePut}, err
}
