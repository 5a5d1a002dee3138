package sources

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Open makes a source of an address, without opening it:
//
//	dir:PATH        Folder
//	list:FILE       List; "list:-" is standard input; "list:FILE?image=…&caption=…&id=…&dir=…" names columns and folder
//	tar:PATTERN     Tar: shards, or a directory of them: "tar:laion/{00000..00099}.tar", "tar:laion/*.tar.gz"
//	parquet:PATTERN Parquet: a file, a directory, a pattern; "parquet:PATTERN?image=…&caption=…&id=…&dir=…&where=…"; captions=all
//	                makes a row of every caption of a list, columns=width,url ride along, corrupt=skip goes on behind what
//	                cannot be read
//	kafka://HOST:PORT,…/TOPIC,…  Kafka: "?group=g&format=json" says raw, json or arrow; until=end stops at the ends the
//	                topics have now, start=end begins there, columns=url,width are further columns, root=DIR is where
//	                JSON may name pictures, lost=skip goes on where records were deleted; sasl, tls, ca, cert, key
//	kafka://…?shards=1&root=DIR  ShardTopic: the row groups and tar files below DIR that messages name; the options of both
//	scenes:N        Scenes; "scenes:1000?seed=7&size=224&format=jpeg"
//
// Paths can be addresses in buckets, s3://BUCKET/KEY or gs://BUCKET/KEY, with further options that are theirs:
// "parquet:s3://laion/*.parquet?where=…&region=eu-central-1". Those are of gocloud.dev's s3blob and gcsblob.
//
// A path alone is guessed by what it is: tar shards or Parquet files, or a directory that has some, another directory,
// or a .csv, .tsv, .jsonl or .ndjson file; "-" is a list on standard input.
func Open(address string) (pipeline.Source[batch.Pairs], error) {
	source, err := open(address)
	if err != nil {
		return nil, fmt.Errorf("source %q: %w", address, err)
	}
	return source, nil
}

func open(address string) (pipeline.Source[batch.Pairs], error) {
	name, rest := "", address
	if match := schemeName.FindStringSubmatch(address); match != nil && !store.IsAddress(address) {
		name, rest = match[1], address[len(match[0]):]
	} else if guessed, err := guessScheme(address); err != nil {
		return nil, err
	} else {
		return schemes[guessed].open(address, nil)
	}
	s, ok := schemes[name]
	if !ok {
		return nil, fmt.Errorf("%q is none of %s", name, known())
	}
	var options url.Values
	if len(s.options) > 0 || store.IsAddress(rest) {
		var query string
		var err error
		rest, query, _ = strings.Cut(rest, "?")
		if options, err = url.ParseQuery(query); err != nil {
			return nil, err
		}
	}
	of := url.Values{} // the bucket
	for option := range options {
		switch {
		case slices.Contains(s.options, option):
		case store.IsAddress(rest):
			of[option] = options[option]
			delete(options, option)
		default:
			return nil, fmt.Errorf("%s has no option %q: it has %s", name, option, strings.Join(s.options, ", "))
		}
	}
	if len(of) > 0 {
		rest += "?" + of.Encode()
	}
	if rest == "" {
		return nil, fmt.Errorf("nothing after %q", name+":")
	}
	return s.open(rest, options)
}

// A scheme is a way to address a source.
type scheme struct {
	options []string // where it has none, a question mark is part of what follows
	open    func(rest string, options url.Values) (pipeline.Source[batch.Pairs], error)
}

var schemes = map[string]scheme{
	"dir": {nil, func(path string, _ url.Values) (pipeline.Source[batch.Pairs], error) {
		return &Folder{Path: path}, nil
	}},
	"list": {[]string{"image", "caption", "id", "dir"}, func(path string, o url.Values) (pipeline.Source[batch.Pairs], error) {
		return &List{Path: path, Dir: o.Get("dir"), ImageColumn: o.Get("image"), CaptionColumn: o.Get("caption"), IDColumn: o.Get("id")}, nil
	}},
	"tar": {nil, func(pattern string, _ url.Values) (pipeline.Source[batch.Pairs], error) {
		return &Tar{Paths: []string{pattern}}, nil
	}},
	"parquet": {parquetOptions, parquetAt},
	"kafka": {nil, func(rest string, _ url.Values) (pipeline.Source[batch.Pairs], error) {
		u, err := url.Parse("kafka:" + rest)
		if err != nil {
			return nil, err
		}
		return openKafka(u)
	}},
	"scenes": {[]string{"seed", "size", "format"}, openScenes},
}

func parquetAt(path string, o url.Values) (pipeline.Source[batch.Pairs], error) {
	p := &Parquet{Path: path}
	return p, p.set(o)
}

var parquetOptions = []string{"image", "caption", "id", "dir", "where", "captions", "columns", "corrupt"}

// set sets what options say.
func (p *Parquet) set(o url.Values) (err error) {
	p.ImageColumn, p.CaptionColumn, p.IDColumn = o.Get("image"), o.Get("caption"), o.Get("id")
	p.Dir, p.Where = o.Get("dir"), o.Get("where")
	if o.Has("columns") {
		p.Columns = strings.FieldsFunc(o.Get("columns"), func(r rune) bool { return r == ',' }) // none, where it is empty
	}
	if p.AllCaptions, err = oneOf(o, "captions", "all"); err != nil {
		return err
	}
	p.SkipCorrupt, err = oneOf(o, "corrupt", "skip")
	return err
}

func openScenes(count string, options url.Values) (pipeline.Source[batch.Pairs], error) {
	s := &Scenes{Format: options.Get("format")}
	var err error
	if s.N, err = strconv.ParseInt(count, 10, 64); err != nil || s.N < 1 {
		return nil, fmt.Errorf("%q is not a number of scenes", count)
	}
	if seed := options.Get("seed"); seed != "" {
		if s.Seed, err = strconv.ParseUint(seed, 10, 64); err != nil {
			return nil, fmt.Errorf("seed=%s is not a whole number", seed)
		}
	}
	if size := options.Get("size"); size != "" {
		if s.Size, err = strconv.Atoi(size); err != nil || s.Size < 1 {
			return nil, fmt.Errorf("size=%s is not a number of pixels", size)
		}
	}
	return s, nil
}

var schemeName = regexp.MustCompile(`^([a-z][a-z0-9-]+):`)

// known lists the schemes.
func known() string {
	return strings.Join(slices.Sorted(maps.Keys(schemes)), ":, ") + ":"
}

// guessTimeout bounds how long a bucket is asked what there is.
const guessTimeout = 30 * time.Second

// guessScheme returns the scheme of a path.
func guessScheme(address string) (string, error) {
	path, _ := store.CutOptions(address)
	if path == "" {
		return "", fmt.Errorf("it is empty")
	}
	if path == "-" {
		return "list", nil
	}
	if isShard(path) {
		return "tar", nil
	}
	if strings.HasSuffix(strings.ToLower(path), ".parquet") {
		return "parquet", nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), guessTimeout)
	defer cancel()
	s, path, err := store.Open(ctx, address)
	if err != nil {
		return "", err
	}
	defer s.Close()
	info, err := s.Stat(ctx, path)
	if err != nil {
		return "", pathError(path, err)
	}
	if info.IsDir() {
		if _, err := shardsIn(ctx, s, path); err == nil {
			return "tar", nil
		}
		if files, err := s.Glob(ctx, store.Join(path, "*.parquet")); err == nil && len(files) > 0 {
			return "parquet", nil
		}
		return "dir", nil
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv", ".tsv", ".jsonl", ".ndjson":
		return "list", nil
	}
	return "", fmt.Errorf("what it is cannot be told from its name: put one of %s in front", known())
}
