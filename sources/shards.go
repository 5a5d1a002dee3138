package sources

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pairstream/pairstream/internal/store"
)

// A shardFile is where a shard is.
type shardFile struct {
	store store.Store
	path  string
}

// expandAll returns the shards that patterns stand for, each in its own store.
func expandAll(ctx context.Context, patterns []string) ([]shardFile, error) {
	var shards []shardFile
	seen := map[string]bool{}
	for _, pattern := range patterns {
		s, path, err := store.Open(ctx, pattern)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		paths, err := expand(ctx, s, path)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if seen[path] {
				return nil, fmt.Errorf("%s is given twice", path)
			}
			seen[path] = true
			shards = append(shards, shardFile{s, path})
		}
	}
	if len(shards) == 0 {
		return nil, errors.New("no shards")
	}
	return shards, nil
}

// expand returns the shards that a pattern stands for: a path, a directory of shards, or a path with braces and wildcards
// in it. Those that a wildcard or a directory stands for are in natural order.
func expand(ctx context.Context, s store.Store, pattern string) ([]string, error) {
	paths := []string{pattern}
	if _, err := s.Stat(ctx, pattern); err != nil {
		if paths, err = braces(pattern); err != nil {
			return nil, err
		}
	}
	var shards []string
	for _, path := range paths {
		some, err := match(ctx, s, path)
		if err != nil {
			return nil, err
		}
		shards = append(shards, some...)
	}
	return shards, nil
}

// match returns the shards that a path without braces stands for.
func match(ctx context.Context, s store.Store, path string) ([]string, error) {
	info, err := s.Stat(ctx, path)
	switch {
	case err == nil && info.IsDir():
		return shardsIn(ctx, s, path)
	case err == nil || !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(path, "*?["):
		return []string{path}, nil
	}
	found, err := s.Glob(ctx, path)
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
func shardsIn(ctx context.Context, s store.Store, dir string) ([]string, error) {
	entries, err := s.ReadDir(ctx, dir)
	if err != nil {
		return nil, pathError(dir, err)
	}
	var shards []string
	for _, e := range entries {
		if isShard(e.Name()) && !e.IsDir() {
			shards = append(shards, store.Join(dir, e.Name()))
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
