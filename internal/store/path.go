package store

import (
	"path"
	"path/filepath"
	"strings"
)

// Join adds names to a path.
func Join(dir string, names ...string) string {
	if !IsAddress(dir) {
		return filepath.Join(append([]string{dir}, names...)...)
	}
	joined := path.Join(names...)
	if joined == "" || joined == "." {
		return dir
	}
	return strings.TrimSuffix(dir, "/") + "/" + joined
}

// Dir returns the directory that a path is in.
func Dir(p string) string {
	if !IsAddress(p) {
		return filepath.Dir(p)
	}
	bucket, key := cutBucket(p)
	if dir := path.Dir(key); dir != "." {
		return bucket + "/" + dir
	}
	return bucket
}

// Rel returns the path from a directory to what is below it, with slashes.
func Rel(dir, p string) (string, error) {
	if !IsAddress(dir) {
		below, err := filepath.Rel(dir, p)
		return filepath.ToSlash(below), err
	}
	return strings.TrimPrefix(strings.TrimPrefix(p, strings.TrimSuffix(dir, "/")), "/"), nil
}

// cutBucket splits an address into its bucket, "s3://photos", and the key there.
func cutBucket(address string) (bucket, key string) {
	scheme, rest, _ := strings.Cut(address, "://")
	name, key, _ := strings.Cut(rest, "/")
	return scheme + "://" + name, key
}
