package sources_test

import (
	"context"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/pairstream/pairstream/internal/testshared"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/sources"
)

func TestOpen(t *testing.T) {
	dir := write(t, map[string]string{
		"pictures/a.jpg": "", "shards/0.tar": "", "shards/0.parquet": "", "list.csv": "", "list.NDJSON": "", "a.tgz": "", "a.zip": "",
	})
	t.Chdir(dir)
	for _, test := range []struct {
		address string
		want    source
	}{
		{"dir:pictures?", &sources.Folder{Path: "pictures?"}},
		{"dir:shards", &sources.Folder{Path: "shards"}},
		{"list:list.csv", &sources.List{Path: "list.csv"}},
		{"list:a%20b.csv?image=my+file&caption=alt%20text&id=n&dir=/data", &sources.List{Path: "a%20b.csv", ImageColumn: "my file", CaptionColumn: "alt text", IDColumn: "n", Dir: "/data"}},
		{"list:-", &sources.List{Path: "-"}},
		{"tar:{0..9}-?.tar", &sources.Tar{Paths: []string{"{0..9}-?.tar"}}},
		{"parquet:a/*.parquet?where=w>1&columns=url,w&corrupt=skip", &sources.Parquet{Path: "a/*.parquet", Where: "w>1", Columns: []string{"url", "w"}, SkipCorrupt: true}},
		{"kafka://host/topic?shards=1&root=/data&group=g&until=end&columns=&caption=alt&captions=all&dir=/pictures", &sources.ShardTopic{
			Topic: sources.Kafka{Brokers: []string{"host:9092"}, Topics: []string{"topic"}, Group: "g", ToEnd: true}, Root: "/data",
			Parquet: sources.Parquet{CaptionColumn: "alt", AllCaptions: true, Dir: "/pictures", Columns: []string{}},
		}},
		{"scenes:10", &sources.Scenes{N: 10}},
		{"scenes:10?seed=7&size=64&format=jpeg", &sources.Scenes{N: 10, Seed: 7, Size: 64, Format: "jpeg"}},
		{"pictures", &sources.Folder{Path: "pictures"}},
		{"shards", &sources.Tar{Paths: []string{"shards"}}},
		{"list.csv", &sources.List{Path: "list.csv"}},
		{"list.NDJSON", &sources.List{Path: "list.NDJSON"}},
		{"-", &sources.List{Path: "-"}},
		{"a.tgz", &sources.Tar{Paths: []string{"a.tgz"}}},
		{"none/{0..9}.tar.gz", &sources.Tar{Paths: []string{"none/{0..9}.tar.gz"}}},
	} {
		got, err := sources.Open(test.address)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, %v", test.address, got, err)
		}
	}
	for _, test := range []struct{ address, want string }{
		{"", `source "": it is empty`},
		{"ftp:x", `source "ftp:x": "ftp" is none of dir:, kafka:, list:, parquet:, scenes:, tar:`},
		{"dir:", `source "dir:": nothing after "dir:"`},
		{"list:?image=x", `source "list:?image=x": nothing after "list:"`},
		{"list:x?row=y", `source "list:x?row=y": list has no option "row": it has image, caption, id, dir`},
		{"list:x?image=%", `source "list:x?image=%": invalid URL escape "%"`},
		{"none", `source "none": "none": no such file or directory`},
		{"a.zip", `source "a.zip": what it is cannot be told from its name: put one of dir:, kafka:, list:, parquet:, scenes:, tar: in front`},
		{"kafka://host/topic?shards=1", `source "kafka://host/topic?shards=1": shards=1 needs root=DIR, the directory of the data sets`},
		{"kafka://host/topic?shards=2", `source "kafka://host/topic?shards=2": shards=2: it can only be 1`},
		{"kafka://host/topic?where=w>1", `source "kafka://host/topic?where=w>1": kafka has no option "where": it has group, format, until, start, columns, root, lost, max, shards, sasl, tls, ca, cert, key`},
		{"scenes:x", `source "scenes:x": "x" is not a number of scenes`},
		{"scenes:0", `source "scenes:0": "0" is not a number of scenes`},
		{"scenes:1?seed=-1", `source "scenes:1?seed=-1": seed=-1 is not a whole number`},
		{"scenes:1?size=0", `source "scenes:1?size=0": size=0 is not a number of pixels`},
	} {
		if _, err := sources.Open(test.address); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v", test.address, err)
		}
	}
}

func TestScenes(t *testing.T) {
	for _, test := range []struct {
		scenes *sources.Scenes
		want   string
	}{
		{&sources.Scenes{N: -1}, `open: -1 scenes`},
		{&sources.Scenes{N: 1, Size: 4097}, `open: scenes of 4097 pixels: the limit is 4096`},
		{&sources.Scenes{N: 1, Format: "gif"}, `open: format "gif" is neither png nor jpeg`},
	} {
		compare(t, "", read(t, test.scenes), test.want)
	}
	for format, begins := range map[string]string{"png": "\x89PNG", "jpeg": "\xff\xd8\xff"} {
		s := &sources.Scenes{N: 2, Seed: 7, Size: 16, Format: format}
		if err := s.Open(context.Background()); err != nil {
			t.Fatal(err)
		}
		b, err := s.Read(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if id, origin := b.Label(1); id != "scenes-7-1" || origin != "scenes-7:1" {
			t.Errorf("id %s from %s", id, origin)
		}
		if picture := string(b.Picture(1)); len(picture) < 4 || picture[:len(begins)] != begins {
			t.Errorf("%s: a picture that begins with %q", format, picture[:min(4, len(picture))])
		}
		b.Release()
	}
}

func TestPhotos(t *testing.T) {
	photos := filepath.Join(testshared.Dir(t), "photos")
	for _, address := range []string{photos, "list:" + filepath.Join(photos, "captions.tsv")} {
		s, err := sources.Open(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.(pipeline.Opener).Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		b, err := s.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		id, _ := b.Label(3)
		caption, _ := b.Caption(3)
		if b.NumRows() != 6 || id != "rocket.jpg" || caption != "a rocket standing on a launchpad" || len(b.Picture(3)) != 112525 {
			t.Errorf("%s: %d rows, the fourth %s %q of %d bytes", address, b.NumRows(), id, caption, len(b.Picture(3)))
		}
		b.Release()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
