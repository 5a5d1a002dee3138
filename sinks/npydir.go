package sinks

import (
	"fmt"
	"path"
	"regexp"

	"github.com/pairstream/pairstream/internal/store"
)

// The directories of an Npy, which its files are named after.
const (
	imageArrays   = "img_emb"
	textArrays    = "text_emb"
	metadataFiles = "metadata"
)

// listOutput returns the files of a sort that lie in a directory, or, with the suffix .tmp, those that were never
// published.
func listOutput(place place, dir, sort, suffix string) ([]string, error) {
	entries, err := place.list(store.Join(dir, sort))
	if err != nil {
		return nil, err
	}
	name := regexp.MustCompile("^" + sort + `_\d+\.(npy|parquet)` + regexp.QuoteMeta(suffix) + "$")
	var paths []string
	for _, entry := range entries {
		if name.MatchString(entry.Name()) {
			paths = append(paths, store.Join(dir, sort, entry.Name()))
		}
	}
	return paths, nil
}

// checkOutput returns an error where a directory holds embeddings that were not made with a fingerprint.
func checkOutput(place place, dir, fingerprint string) error {
	metadata, err := listOutput(place, dir, metadataFiles, "")
	if err != nil {
		return err
	}
	for _, path := range metadata {
		made, err := parquetFingerprint(place, path)
		if err != nil {
			return err
		}
		if made != fingerprint {
			return fmt.Errorf("holds embeddings made with %q, and is not replaced by some made with %q", made, fingerprint)
		}
	}
	for _, sort := range []string{imageArrays, textArrays} {
		arrays, err := listOutput(place, dir, sort, "")
		if err != nil {
			return err
		}
		if len(arrays) > 0 && len(metadata) == 0 {
			return fmt.Errorf("holds %s without metadata, and is not replaced", path.Join(sort, path.Base(arrays[0])))
		}
	}
	return nil
}

// removeUnpublished removes what a run that was killed left in a directory.
func removeUnpublished(place place, dir string) error {
	for _, sort := range []string{imageArrays, textArrays, metadataFiles} {
		files, err := listOutput(place, dir, sort, ".tmp")
		if err != nil {
			return err
		}
		for _, path := range files {
			if err := place.remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// publishParts moves complete parts to their places and removes what another run left there: first the old arrays go,
// then the metadata is exchanged, then the new arrays come.
func publishParts(place place, dir string, parts []*npyPart) error {
	if err := publishFiles(place, dir, imageArrays, nil); err != nil {
		return err
	}
	if err := publishFiles(place, dir, textArrays, nil); err != nil {
		return err
	}
	var image, text, metadata []*aside
	for _, part := range parts {
		image = append(image, part.image.aside)
		text = append(text, part.text.aside)
		metadata = append(metadata, part.metadata.aside)
	}
	if err := publishFiles(place, dir, metadataFiles, metadata); err != nil {
		return err
	}
	if err := publishFiles(place, dir, imageArrays, image); err != nil {
		return err
	}
	if err := publishFiles(place, dir, textArrays, text); err != nil {
		return err
	}
	return place.sync(dir)
}

// publishFiles makes files all that there is of a sort in a directory.
func publishFiles(place place, dir, sort string, files []*aside) error {
	old, err := listOutput(place, dir, sort, "")
	if err != nil {
		return err
	}
	for _, path := range old {
		if err := place.remove(path); err != nil {
			return err
		}
	}
	for _, file := range files {
		if err := file.publish(); err != nil {
			return err
		}
	}
	return place.sync(store.Join(dir, sort))
}
