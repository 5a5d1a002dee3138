// Package store reads and writes files on disks and objects in buckets by their paths.
//
// A path is local, or an address: s3://BUCKET/KEY or gs://BUCKET/KEY, with options behind a question mark that are those
// of gocloud.dev's s3blob and gcsblob, "s3://photos/2026?region=eu-central-1". Credentials come from where the vendors'
// own tools have them: AWS_ACCESS_KEY_ID, AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS and so on. To what is below a
// prefix that ends in a slash a bucket is a directory.
//
// S3 has two options more: backoff=1s is the longest wait before a request is repeated, and one_put=BYTES says how large
// an object may be that is put by one request, 64 MiB. Larger ones are put in pieces, of 16 MiB and no more than that;
// S3 itself takes none below 5 MiB. What is left of pieces when their process is killed is not seen, but paid for: a rule
// of the bucket, AbortIncompleteMultipartUpload, removes it.
//
// Errors of opening, reading and listing are of type [fs.PathError] for both.
package store

import (
	"context"
	"io"
	"io/fs"
	"strings"
)

// A Store is where files are: the disks of this machine, or a bucket. Its paths have no options.
type Store interface {
	Open(ctx context.Context, path string) (File, error)

	// Stat describes a file, or a directory, which in a bucket is whatever something is below.
	Stat(ctx context.Context, path string) (fs.FileInfo, error)

	// ReadDir lists a directory. One without files is none in a bucket, but for the bucket itself.
	ReadDir(ctx context.Context, dir string) ([]fs.DirEntry, error)

	// WalkDir visits all that is below a path, as [fs.WalkDir] does.
	WalkDir(ctx context.Context, path string, visit fs.WalkDirFunc) error

	// Glob returns what matches a pattern of [path.Match].
	Glob(ctx context.Context, pattern string) ([]string, error)

	// OpenRoot confines paths to a directory.
	OpenRoot(ctx context.Context, dir string) (Root, error)

	// Close lets connections go. Files must be closed before.
	Close() error
}

// A File is open for reading. Objects are read ahead, and a context that ends, of Open, ends reading them.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt
	Name() string // the path
	Stat() (fs.FileInfo, error)
}

// A Root reads below a directory and nowhere else, neither by a path nor, on disk, by a symbolic link. Its paths are
// relative, with slashes; "." is the directory.
type Root interface {
	Name() string // of the directory
	Open(ctx context.Context, path string) (File, error)
	Exists(ctx context.Context, path string) (bool, error)
	ReadDir(ctx context.Context, path string) ([]fs.DirEntry, error)
	Close() error
}

// Open returns the store that a path is in, and the path without options. Nothing is asked of a bucket yet.
func Open(ctx context.Context, path string) (Store, string, error) {
	if !IsAddress(path) {
		return Disk{}, path, nil
	}
	b, err := OpenBucket(ctx, path)
	if err != nil {
		return nil, "", err
	}
	path, _ = CutOptions(path)
	return b, path, nil
}

// schemes are the addresses of buckets.
var schemes = []string{"s3://", "gs://"}

// IsAddress reports whether a path is one in a bucket.
func IsAddress(path string) bool {
	for _, scheme := range schemes {
		if strings.HasPrefix(path, scheme) {
			return true
		}
	}
	return false
}

// CutOptions splits the options of an address off. A local path has none.
func CutOptions(path string) (rest, options string) {
	if !IsAddress(path) {
		return path, ""
	}
	rest, options, _ = strings.Cut(path, "?")
	return rest, options
}
