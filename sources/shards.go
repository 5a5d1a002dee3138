package sources

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// expand returns the shards that patterns stand for: a path, a directory of shards, or a path with braces and wildcards
// in it. Those that a wildcard or a directory stands for are in natural order.
func expand(patterns []string) ([]string, error) {
	var shards []string
	for _, pattern := range patterns {
		paths := []string{pattern}
		if _, err := os.Lstat(pattern); err != nil {
			if paths, err = braces(pattern); err != nil {
				return nil, err
			}
		}
		for _, path := range paths {
			some, err := match(path)
			if err != nil {
				return nil, err
			}
			shards = append(shards, some...)
		}
	}
	if len(shards) == 0 {
		return nil, errors.New("no shards")
	}
	seen := map[string]bool{}
	for _, shard := range shards {
		if seen[shard] {
			return nil, fmt.Errorf("%s is given twice", shard)
		}
		seen[shard] = true
	}
	return shards, nil
}

// match returns the shards that a path without braces stands for.
func match(path string) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return shardsIn(path)
	case err == nil || !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(path, "*?["):
		return []string{path}, nil
	}
	found, err := filepath.Glob(path)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", path, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%q matches no file", path)
	}
	slices.SortFunc(found, natural)
	return found, nil
}

// shardsIn returns the shards in a directory.
func shardsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, pathError(dir, err)
	}
	var shards []string
	for _, e := range entries {
		if isShard(e.Name()) && !e.IsDir() {
			shards = append(shards, filepath.Join(dir, e.Name()))
		}
	}
	if len(shards) == 0 {
		return nil, fmt.Errorf("%s: no shards (.tar, .tar.gz, .tgz) in it", dir)
	}
	slices.SortFunc(shards, natural)
	return shards, nil
}

// isShard reports whether a path ends as those of shards do.
func isShard(path string) bool {
	if strings.HasPrefix(filepath.Base(path), ".") {
		return false
	}
	return slices.ContainsFunc([]string{".tar", ".tar.gz", ".tgz"}, func(extension string) bool { return strings.HasSuffix(path, extension) })
}
