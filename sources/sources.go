// Package sources holds the sources of a pipeline, one a file. All give image–caption pairs:
//
//	Folder      pictures with captions beside them: cat.jpg and cat.txt, or a captions.tsv
//	List        a CSV, TSV or JSONL list of pictures and captions
//	Tar         WebDataset shards
//	Parquet     Parquet files
//	Kafka       topics of pairs
//	ShardTopic  row groups and tar files that a topic names
//	Scenes      drawn pictures, any number of them
//	Pictures    picture files without captions
//	Slice       pairs in memory
//
// [Open] makes one of an address. A source can be run again once it is closed, and gives the same rows in the same
// order as long as its files stay as they are.
//
// # Origins and bad rows
//
// Each row says where it is from: the lane is the path of the list, folder or shard, the offset its line (from 1),
// picture or sample (from 0) there. A batch never mixes lanes. What ails one row only (a picture that is missing, a
// line that does not parse) makes it a bad row; what ails the source (a shard that is cut off) is its error.
//
// # Further columns
//
// Whatever a list or a sample's .json has beside picture and caption rides along as a column of strings. The header
// decides which there are; for JSON it is the first object: its keys in their order. Strings stay as they are, other
// JSON values become their JSON text, and null or a missing key is null. Keys that only later objects have are left
// out. A column without a name is column_N, counted from 1, and a name that the pipeline itself uses, such as score,
// becomes source_score.
package sources

import (
	"cmp"
	"sync/atomic"
)

// Limits bound what a source holds in memory. A limit that is not positive stands for its default.
type Limits struct {
	Rows    int   // a batch; 32
	Bytes   int64 // a batch that has more than one row; 4 MiB, at most 1 GiB
	Picture int64 // bytes of an encoded picture, beyond which its row is bad; 20 MiB, at most 1 GiB
}

// maxColumn keeps a batch's pictures within the 2 GiB that Arrow's offsets reach.
const maxColumn = 1 << 30

// maxText bounds a line of a list, a CSV record, a .txt and a .json.
const maxText = 1 << 20

func (l Limits) orDefault() Limits {
	return Limits{
		Rows:    cmp.Or(max(l.Rows, 0), 32),
		Bytes:   min(cmp.Or(max(l.Bytes, 0), 4<<20), maxColumn),
		Picture: min(cmp.Or(max(l.Picture, 0), 20<<20), maxColumn),
	}
}

// A Gauge is a source that can tell which share of it has been read, from 0 to 1: for a line of progress. It can be
// asked at any time by any goroutine, and says 0 as long as it cannot know. Sources that come to an end are Gauges.
type Gauge interface{ Progress() float64 }

// A gauge counts what has been read of a source, in whatever unit.
type gauge struct{ read, total atomic.Int64 }

func (g *gauge) reset(total int64) {
	g.read.Store(0)
	g.total.Store(total)
}

// Progress returns the share that has been read.
func (g *gauge) Progress() float64 {
	total := g.total.Load()
	if total <= 0 {
		return 0
	}
	return min(1, float64(g.read.Load())/float64(total))
}
