package batch

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// What a step makes of a batch: the same rows under the same ids with a new column or two. All of these borrow the
// columns that they are given.

// PixelsOf returns the pictures of pairs as pixels, a fixed-size list of float32.
func PixelsOf(p Pairs, pixels arrow.Array, notes ...Note) (Pixels, error) {
	return derive[Pixels](pixelColumns, []arrow.Array{p.Column(0), pixels}, nil, notes, p.Schema())
}

// TokensOf returns the captions of pairs as tokens, a fixed-size list of int32.
func TokensOf(p Pairs, tokens arrow.Array, notes ...Note) (Tokens, error) {
	return derive[Tokens](tokenColumns, []arrow.Array{p.Column(0), tokens, p.Column(2)}, further(p, pairsColumns), notes, p.Schema())
}

// ImageFeaturesOf returns pixels as features, a fixed-size list of float32.
func ImageFeaturesOf(p Pixels, features arrow.Array, notes ...Note) (ImageFeatures, error) {
	return derive[ImageFeatures](imageColumns, []arrow.Array{p.Column(0), features}, nil, notes, p.Schema())
}

// TextFeaturesOf returns tokens as features, a fixed-size list of float32.
func TextFeaturesOf(t Tokens, features arrow.Array, notes ...Note) (TextFeatures, error) {
	return derive[TextFeatures](textColumns, []arrow.Array{t.Column(0), features, t.Column(2)}, further(t, tokenColumns), notes, t.Schema())
}

// JoinExamples sets pixels beside tokens: what pipeline.Zip does with the two branches of training.
func JoinExamples(_ context.Context, pixels Pixels, tokens Tokens) (Examples, error) {
	if !array.Equal(pixels.Column(0), tokens.Column(0)) {
		return Examples{}, fmt.Errorf("join: the ids of pixels and tokens differ")
	}
	columns := []arrow.Array{tokens.Column(0), tokens.Column(2), pixels.Column(1), tokens.Column(1)}
	return derive[Examples](exampleColumns, columns, further(tokens, tokenColumns), nil, pixels.Schema(), tokens.Schema())
}

// Join sets the features of pictures beside those of their captions: what pipeline.Zip does with the two branches.
func Join(_ context.Context, images ImageFeatures, texts TextFeatures) (Features, error) {
	if !array.Equal(images.Column(0), texts.Column(0)) {
		return Features{}, fmt.Errorf("join: the ids of images and texts differ")
	}
	columns := []arrow.Array{texts.Column(0), texts.Column(2), images.Column(1), texts.Column(1)}
	return derive[Features](bothColumns, columns, further(texts, textColumns), nil, images.Schema(), texts.Schema())
}

// VectorsOf returns features as embeddings of unit length, fixed-size lists of float32.
func VectorsOf(f Features, image, text arrow.Array) (Vectors, error) {
	return derive[Vectors](unitColumns, []arrow.Array{f.Column(0), f.Column(1), image, text}, further(f, bothColumns), nil, f.Schema())
}

// ScoresOf returns how alike the pictures and captions of a window of vectors are: for each picture the cosine to its
// own caption, float32, and its logits with all captions, a fixed-size list of float32.
func ScoresOf(v Vectors, score, similarity arrow.Array) (Scores, error) {
	return derive[Scores](scoreColumns, []arrow.Array{v.Column(0), v.Column(1), score, similarity}, further(v, unitColumns), nil, v.Schema())
}

// CosinesOf returns how alike the pictures and their own captions are, float32.
func CosinesOf(v Vectors, score arrow.Array) (Cosines, error) {
	return derive[Cosines](cosineColumns, []arrow.Array{v.Column(0), v.Column(1), score}, further(v, unitColumns), nil, v.Schema())
}

// MetricsOf returns the metrics of one window.
func MetricsOf(mem memory.Allocator, loss, accuracy float64, pairs int64, logitScale float64) Metrics {
	fields := make([]arrow.Field, len(lossColumns))
	for i, c := range lossColumns {
		fields[i] = arrow.Field{Name: c.name, Type: c.typ}
	}
	b := array.NewRecordBuilder(mem, arrow.NewSchema(fields, nil))
	defer b.Release()
	b.Field(0).(*array.Float64Builder).Append(loss)
	b.Field(1).(*array.Float64Builder).Append(accuracy)
	b.Field(2).(*array.Int64Builder).Append(pairs)
	b.Field(3).(*array.Float64Builder).Append(logitScale)
	return wrap[Metrics](b.NewRecord())
}

// extra is a further column.
type extra struct {
	field arrow.Field
	array arrow.Array
}

// further returns the columns of a batch beyond those of its sort.
func further(r arrow.Record, columns []column) []extra {
	var more []extra
	for i := len(columns); i < int(r.NumCols()); i++ {
		more = append(more, extra{r.Schema().Field(i), r.Column(i)})
	}
	return more
}

// derive makes a batch of the columns of its sort and further ones, with the notes of what it was made from.
func derive[T any](sort []column, arrays []arrow.Array, more []extra, notes []Note, from ...*arrow.Schema) (T, error) {
	var none T
	metadata, err := noted(notes, from...)
	if err != nil {
		return none, fmt.Errorf("%T: %w", none, err)
	}
	fields := make([]arrow.Field, len(sort), len(sort)+len(more))
	for i, c := range sort {
		fields[i] = arrow.Field{Name: c.name, Type: arrays[i].DataType(), Nullable: c.name != ID}
	}
	for _, e := range more {
		fields, arrays = append(fields, e.field), append(arrays, e.array)
	}
	for i, a := range arrays {
		if a.Len() != arrays[0].Len() {
			return none, fmt.Errorf("%T: column %q has %d rows, not %d", none, fields[i].Name, a.Len(), arrays[0].Len())
		}
	}
	record := array.NewRecord(arrow.NewSchema(fields, &metadata), arrays, int64(arrays[0].Len()))
	b, err := checked[T](record, sort)
	if err != nil {
		record.Release()
	}
	return b, err
}
