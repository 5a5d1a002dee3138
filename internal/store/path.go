package store

import (
	"path"
	"path/filepath"
	"strings"
)

// Join adds names to a path, whose options stay.
func Join(dir string, names ...string) string {
	if !IsAddress(dir) {
		return filepath.Join(append([]string{dir}, names...)...)
	}
	joined := path.Join(names...)
	if joined == "" || joined == "." {
		return dir
	}
	dir, options := CutOptions(dir)
	return withOptions(strings.TrimSuffix(dir, "/")+"/"+joined, options)
}

// Dir returns the directory that a path is in, with the options that the path has.
func Dir(p string) string {
	if !IsAddress(p) {
		return filepath.Dir(p)
	}
	p, options := CutOptions(p)
	bucket, key := cutBucket(p)
	if dir := path.Dir(key); dir != "." {
		bucket += "/" + dir
	}
	return withOptions(bucket, options)
}

func withOptions(p, options string) string {
	if options == "" {
		return p
	}
	return p + "?" + options
}

// Rel returns the path from a directory to what is below it, with slashes.
func Rel(dir, p string) (string, error) {
	if !IsAddress(dir) {
		below, err := filepath.Rel(dir, p)
		return filepath.ToSlash(below), err
	}
	dir, _ = CutOptions(dir)
	return strings.TrimPrefix(strings.TrimPrefix(p, strings.TrimSuffix(dir, "/")), "/"), nil
}

// cutBucket splits an address into its bucket, "s3://photos", and the key there.
func cutBucket(address string) (bucket, key string) {
	scheme, rest, _ := strings.Cut(address, "://")
	name, key, _ := strings.Cut(rest, "/")
	return scheme + "://" + name, key
}
