package sources

import (
	"bytes"
	"context"
	"io"
	"os"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// Pictures gives picture files, wherever they are, with empty captions. The id is the path.
type Pictures struct {
	Paths  []string
	Limits Limits

	collector *collector
	gauge     gauge
}

// Open begins at the first file, which is opened when it is its turn, as all are.
func (p *Pictures) Open(context.Context) error {
	p.gauge.reset(int64(len(p.Paths)))
	limit := p.Limits.orDefault().Picture
	i := 0
	var buf bytes.Buffer
	p.collector = collect(p.Limits, nil, func(context.Context) (pairRow, error) {
		if i == len(p.Paths) {
			return pairRow{}, io.EOF
		}
		path := p.Paths[i]
		r := pairRow{lane: "pictures", offset: int64(i), id: path, err: checkName(path)}
		if r.err == nil {
			r.image, r.err = readPath(&buf, path, limit)
		}
		i++
		p.gauge.read.Add(1)
		return r, nil
	})
	return nil
}

func readPath(buf *bytes.Buffer, path string, limit int64) ([]byte, error) {
	file, err := os.OpenFile(path, readOnly, 0)
	if err != nil {
		return nil, pathError(path, err)
	}
	defer file.Close()
	return readFile(buf, file, path, limit)
}

// Read returns the next pictures.
func (p *Pictures) Read(ctx context.Context) (batch.Pairs, error) { return p.collector.read(ctx) }

// Close does nothing.
func (p *Pictures) Close() error { return nil }

// Progress returns the share of the files that has been read.
func (p *Pictures) Progress() float64 { return p.gauge.Progress() }
