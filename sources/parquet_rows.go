package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources/internal/parquetfile"
)

// parquetRows makes batches of the rows of row groups.
type parquetRows struct {
	roles  *parquetRoles
	limits Limits
	all    bool            // a row for each caption
	root   store.Root      // of the pictures that paths lead to
	ctx    context.Context // that of opening the source

	name, lane string
	from       int64 // the first offset that is wanted
	group      parquetGroup

	ahead       *ahead // gives the strip's pictures
	begun       int    // rows of the strip whose pictures are on their way
	failed      error  // why a picture cannot be had, where the file is not to blame
	at, caption int    // the row that is next in the group's strip, and in its captions
	picture     []byte // its own where loaded is true, as is bad: what ails it
	bad         error
	loaded      bool

	images *memory.Buffer // of the batch that is being made
	usual  int            // bytes of images that the last batches had
	ends   []int32        // where each row's ends in images, after a 0
	schema *arrow.Schema  // of batches; nil before the first
}

// file goes on to a file.
func (r *parquetRows) file(name, lane string, from int64) { r.name, r.lane, r.from = name, lane, from }

// open goes on to a row group.
func (r *parquetRows) open(f *parquetfile.File, l leaves, index int) error {
	r.rewind()
	return r.group.open(f, l, index)
}

// nextStrip goes on to the next rows of the group.
func (r *parquetRows) nextStrip(ctx context.Context) error {
	r.group.behind += int64(len(r.group.strip.keep) - r.begun)
	r.rewind()
	r.ahead = newAhead(r.ctx, r.root, r.begin)
	r.ahead.alone = !r.group.hasPaths
	return r.group.next(ctx, r.roles, r.from/r.scale(), r.all)
}

func (r *parquetRows) rewind() {
	r.close()
	r.begun, r.at, r.caption, r.loaded = 0, 0, 0, false
}

// close ends what is being read.
func (r *parquetRows) close() {
	if r.ahead != nil {
		r.ahead.close()
	}
}

// wanted reports whether a row of the strip has a pair that is wanted.
func (r *parquetRows) wanted(at int) bool {
	strip, resumed := &r.group.strip, int(r.from%r.scale())
	partly := resumed > 0 && strip.first+int64(at) == r.from/r.scale()
	return strip.keep[at] && !(partly && resumed >= len(strip.captions[at]))
}

// begin reads the next picture that is wanted from its column, or has its file read.
func (r *parquetRows) begin(context.Context) (task, error) {
	strip := &r.group.strip
	for ; r.begun < len(strip.keep); r.begun++ {
		if !r.wanted(r.begun) {
			r.group.behind++
			continue
		}
		row := strip.first + int64(r.begun)
		r.begun++
		picture, path, err := r.group.picture(row == r.group.end-1)
		if err != nil {
			return task{}, err
		}
		if picture == nil && path != "" {
			return task{read: func(from *files, p *pairRow) { p.image, p.err = from.read(path, r.limits.Picture) }}, nil
		}
		if r.ahead.aside() {
			picture = slices.Clone(picture)
		}
		return task{row: pairRow{image: picture}}, nil
	}
	return task{}, io.EOF
}

// scale returns how many offsets a row of the file takes.
func (r *parquetRows) scale() int64 {
	if r.all {
		return captionsPerRow
	}
	return 1
}

// row returns the row of the file that is next.
func (r *parquetRows) row() int64 { return r.group.strip.first + int64(r.at) }

// more reports whether the strip has rows left.
func (r *parquetRows) more() bool { return r.at < len(r.group.strip.keep) }

// batch returns a batch of the strip's next rows, none where no more are wanted. Where pictures cannot be read any
// further it returns those before as well as the error.
func (r *parquetRows) batch(ctx context.Context) (pairs batch.Pairs, bad, err error) {
	b := r.newBuilder(ctx)
	defer r.release(b)
	rows, err := r.fill(ctx, b)
	if len(rows) == 0 {
		return batch.Pairs{}, nil, err
	}
	strip := &r.group.strip
	pairs, bad, takeErr := r.complete(ctx, b, func(i int) (arrow.Array, error) {
		return pickRows(ctx, strip.scalars[r.roles.further[i]], rows)
	})
	return pairs, bad, errors.Join(err, takeErr)
}

// fill appends the strip's next rows, as many as the limits let in, and returns which they are.
func (r *parquetRows) fill(ctx context.Context, b *batch.PairsBuilder) (rows []int, err error) {
	for b.Len() < r.limits.Rows && r.more() {
		captions := r.group.strip.captions[r.at]
		if first := r.from % r.scale(); !r.loaded && r.row() == r.from/r.scale() {
			r.caption = int(first)
		}
		if !r.wanted(r.at) {
			r.at, r.caption = r.at+1, 0
			continue
		}
		if err := r.load(ctx); err != nil {
			return rows, err
		}
		if b.Len() > 0 && int64(b.Bytes()+r.images.Len()+len(r.picture)) > r.limits.Bytes {
			break
		}
		r.push(b, captions)
		r.ends = append(r.ends, int32(r.images.Len()))
		rows = append(rows, r.at)
		if r.caption++; r.caption >= len(captions) {
			r.at, r.caption, r.loaded = r.at+1, 0, false
		}
	}
	return rows, nil
}

// load reads the picture of the row that is next, and looks what ails it.
func (r *parquetRows) load(ctx context.Context) error {
	if r.loaded {
		return nil
	}
	p, err := r.ahead.row(ctx)
	if r.failed = r.ahead.failed; err != nil && r.failed == nil {
		r.failed = ctx.Err()
	}
	if err != nil {
		return err
	}
	r.picture, r.bad, r.loaded = p.image, p.err, true
	switch size := int64(len(p.image)); {
	case r.bad != nil:
	case size == 0:
		r.bad = r.missing()
	case size > r.limits.Picture:
		r.picture, r.bad = nil, fmt.Errorf("the picture has %d bytes: the limit is %d", size, r.limits.Picture)
	}
	for i, s := range r.roles.further {
		if text, ok := r.group.strip.scalars[s].(*array.String); ok && text.IsValid(r.at) && !utf8.ValidString(text.Value(r.at)) {
			r.bad = fmt.Errorf("column %q is not UTF-8", r.roles.called[i].Name)
		}
	}
	return nil
}

// missing says that there is no picture, and why where the file does.
func (r *parquetRows) missing() error {
	var why []string
	for _, s := range r.roles.status {
		if text := r.group.strip.scalars[s].(*array.String); text.IsValid(r.at) {
			why = append(why, text.Value(r.at))
		}
	}
	if len(why) == 0 {
		return errors.New("it has no picture")
	}
	return fmt.Errorf("it has no picture: %s", strings.Join(why, ": "))
}

// push appends the row that is next.
func (r *parquetRows) push(b *batch.PairsBuilder, captions []string) {
	offset, id := r.row()*r.scale()+int64(r.caption), r.id()
	if r.all {
		id = fmt.Sprintf("%s#%d", id, r.caption)
	}
	switch {
	case r.bad != nil:
		b.AppendBad(r.lane, offset, id, r.bad)
	case len(captions) == 0:
		b.AppendBad(r.lane, offset, id, errNoCaption)
	case !utf8.ValidString(captions[r.caption]):
		b.AppendBad(r.lane, offset, id, errCaptionNotUTF8)
	default:
		b.Append(r.lane, offset, id, nil, captions[r.caption])
		r.addImage(r.picture)
	}
}

// id returns what the row that is next is called.
func (r *parquetRows) id() string {
	if r.roles.id >= 0 {
		if ids := r.group.strip.scalars[r.roles.id]; ids.IsValid(r.at) {
			if bytes, ok := ids.(*array.Binary); ok {
				return strings.ToValidUTF8(string(bytes.Value(r.at)), "\uFFFD")
			}
			return strings.ToValidUTF8(ids.ValueStr(r.at), "\uFFFD")
		}
	}
	return fmt.Sprintf("%s:%d", r.name, r.row())
}
