package sources

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// What columns are called where nobody says so, in this order, in any case.
var (
	imageNames   = []string{"file", "filepath", "file_path", "path", "image", "image_path", "filename", "file_name"}
	captionNames = []string{"caption", "title", "text", "txt"}
	idNames      = []string{"id", "key", "uid"}
)

// maxColumns bounds what rides along.
const maxColumns = 1024

// guess returns the index of the first of names among columns, or -1.
func guess(columns, names []string) int {
	for _, name := range names {
		if i := slices.IndexFunc(columns, func(c string) bool { return strings.EqualFold(c, name) }); i >= 0 {
			return i
		}
	}
	return -1
}

// find returns the index of a column of a name, or of the first of some that it may have.
func find(columns []string, name string, names []string, field, option string) (int, error) {
	if name == "" {
		if i := guess(columns, names); i >= 0 {
			return i, nil
		}
		return 0, fmt.Errorf("none of the columns %s is called %s: name one as %s (in an address: ?%s=), or put a header line first",
			quoted(columns), strings.Join(names, ", "), field, option)
	}
	i := slices.Index(columns, name)
	if i < 0 {
		return 0, fmt.Errorf("no column %q among %s", name, quoted(columns))
	}
	return i, nil
}

// quoted returns the first few names.
func quoted(names []string) string {
	const most = 8
	var all []string
	for _, name := range names[:min(len(names), most)] {
		all = append(all, fmt.Sprintf("%q", short(name)))
	}
	if len(names) > most {
		all = append(all, "…")
	}
	return strings.Join(all, ", ")
}

// short cuts a text to a readable length.
func short(text string) string {
	const longest = 40
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

// further are the columns that ride along: what each is called, and its index in the list.
type further struct {
	names   []string
	indexes []int
}

// furtherOf returns the columns of a list but those that are taken.
func furtherOf(columns []string, taken ...int) (further, error) {
	if len(columns) > maxColumns {
		return further{}, fmt.Errorf("%d columns: the limit is %d", len(columns), maxColumns)
	}
	used := map[string]bool{}
	for _, name := range columns {
		if name != "" && used[name] {
			return further{}, fmt.Errorf("two columns are named %q", name)
		}
		used[name] = true
	}
	var f further
	for i, name := range columns {
		if slices.Contains(taken, i) {
			continue
		}
		if name == "" {
			name = fmt.Sprintf("column_%d", i+1)
		}
		for slices.Contains(reserved, name) || name != columns[i] && used[name] {
			name = "source_" + name
		}
		used[name] = true
		f.names, f.indexes = append(f.names, name), append(f.indexes, i)
	}
	return f, nil
}

// cells returns the values of the columns that ride along.
func (f further) cells(all []cell) []cell {
	some := make([]cell, len(f.indexes))
	for i, from := range f.indexes {
		some[i] = all[from]
	}
	return some
}

// reserved are the names that the pipeline's own columns have.
var reserved = []string{
	batch.ID, batch.Image, batch.Caption, batch.Lane, batch.Offset, batch.PixelValues, batch.TokenIDs,
	batch.ImageFeature, batch.TextFeature, batch.ImageEmbedding, batch.TextEmbedding, batch.Score, batch.Similarity,
	batch.Epoch, batch.EpochRow,
}
