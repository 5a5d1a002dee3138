// Package batch holds the typed batches of CLIP's seven steps: Arrow records whose first columns are fixed, checked
// when they are made, and whose further columns are whatever the source had beside picture and caption.
//
// N is the rows of a batch, S the picture's side, L the context length, D the width of an embedding.
//
//	Pairs          id utf8, image binary, caption utf8, …
//	Pixels         id utf8, pixels fixed_size_list<float32>[3·S·S]
//	Tokens         id utf8, tokens fixed_size_list<int32>[L], caption utf8, …
//	Examples       id utf8, caption utf8, pixels, tokens, …
//	ImageFeatures  id utf8, image_features fixed_size_list<float32>[D]
//	TextFeatures   id utf8, text_features fixed_size_list<float32>[D], caption utf8, …
//	Features       id utf8, caption utf8, image_features, text_features, …
//	Vectors        id utf8, caption utf8, image_embedding, text_embedding fixed_size_list<float32>[D], …
//	Scores         id utf8, caption utf8, score float32, similarity fixed_size_list<float32>[N], …
//	Cosines        id utf8, caption utf8, score float32, …
//	Shards         id, file utf8, row_group, first_row, rows, bytes int64
//	Metrics        loss, accuracy float64, pairs int64, logit_scale float64
//
// In every batch but Metrics a row keeps the id it had in the source. A bad row is null in all columns but its id and
// the further ones, until the engine removes it.
package batch

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Pairs are pictures, as encoded in their files, with captions.
type Pairs struct{ Rows[Pairs] }

// Pixels are preprocessed pictures: channel by channel (red, green, blue), row by row, normalised.
type Pixels struct{ Rows[Pixels] }

// Tokens are captions as vocabulary ids, from start to end of text, padded to the context length.
type Tokens struct{ Rows[Tokens] }

// Examples are preprocessed pictures beside their captions as tokens: what a model learns from.
type Examples struct{ Rows[Examples] }

// ImageFeatures are what the image tower makes of pixels.
type ImageFeatures struct{ Rows[ImageFeatures] }

// TextFeatures are what the text tower makes of tokens.
type TextFeatures struct{ Rows[TextFeatures] }

// Features are the features of pictures beside those of their captions.
type Features struct{ Rows[Features] }

// Vectors are embeddings of unit length: of pictures beside those of their captions.
type Vectors struct{ Rows[Vectors] }

// Scores compare every picture of a window with every caption. score is the cosine of a picture and its own caption;
// similarity holds the picture's logits, logit_scale times the cosine with each caption of the window, in its order.
type Scores struct{ Rows[Scores] }

// Cosines are how alike pictures and their own captions are.
type Cosines struct{ Rows[Cosines] }

// Shards say where pieces of data sets are: what sources.Shard says, a piece a row.
type Shards struct{ Rows[Shards] }

// Metrics are the contrastive loss of a window, the share of pictures whose own caption is the most similar of all,
// the number of pairs, and the scale of the logits.
type Metrics struct{ Rows[Metrics] }

// Names of columns.
const (
	ID             = "id"
	Image          = "image"
	Caption        = "caption"
	PixelValues    = "pixels"
	TokenIDs       = "tokens"
	ImageFeature   = "image_features"
	TextFeature    = "text_features"
	ImageEmbedding = "image_embedding"
	TextEmbedding  = "text_embedding"
	Score          = "score"
	Similarity     = "similarity"

	// Lane and Offset say where a source had a row from: a file, topic partition or shard, and the row's place in it,
	// ascending. Every source of this module adds them to the further columns.
	Lane   = "origin_lane"
	Offset = "origin_offset"

	// Epoch and EpochRow say where a row stands in training data that is gone through again and again: see Place.
	Epoch    = "epoch"
	EpochRow = "epoch_row"
)

// A column is a required one, at its place.
type column struct {
	name string
	typ  arrow.DataType
}

var (
	pairsColumns   = []column{{ID, arrow.BinaryTypes.String}, {Image, arrow.BinaryTypes.Binary}, {Caption, arrow.BinaryTypes.String}}
	pixelColumns   = []column{{ID, arrow.BinaryTypes.String}, {PixelValues, floats}}
	tokenColumns   = []column{{ID, arrow.BinaryTypes.String}, {TokenIDs, ints}, {Caption, arrow.BinaryTypes.String}}
	exampleColumns = []column{{ID, arrow.BinaryTypes.String}, {Caption, arrow.BinaryTypes.String}, {PixelValues, floats}, {TokenIDs, ints}}
	imageColumns   = []column{{ID, arrow.BinaryTypes.String}, {ImageFeature, floats}}
	textColumns    = []column{{ID, arrow.BinaryTypes.String}, {TextFeature, floats}, {Caption, arrow.BinaryTypes.String}}
	bothColumns    = []column{{ID, arrow.BinaryTypes.String}, {Caption, arrow.BinaryTypes.String}, {ImageFeature, floats}, {TextFeature, floats}}
	unitColumns    = []column{{ID, arrow.BinaryTypes.String}, {Caption, arrow.BinaryTypes.String}, {ImageEmbedding, floats}, {TextEmbedding, floats}}
	scoreColumns   = []column{{ID, arrow.BinaryTypes.String}, {Caption, arrow.BinaryTypes.String}, {Score, arrow.PrimitiveTypes.Float32}, {Similarity, floats}}
	cosineColumns  = scoreColumns[:3]
	shardColumns   = []column{
		{ID, arrow.BinaryTypes.String}, {"file", arrow.BinaryTypes.String}, {"row_group", arrow.PrimitiveTypes.Int64},
		{"first_row", arrow.PrimitiveTypes.Int64}, {"rows", arrow.PrimitiveTypes.Int64}, {"bytes", arrow.PrimitiveTypes.Int64},
	}
	lossColumns = []column{
		{"loss", arrow.PrimitiveTypes.Float64}, {"accuracy", arrow.PrimitiveTypes.Float64},
		{"pairs", arrow.PrimitiveTypes.Int64}, {"logit_scale", arrow.PrimitiveTypes.Float64},
	}
	floats = arrow.FixedSizeListOf(1, arrow.PrimitiveTypes.Float32) // of any length
	ints   = arrow.FixedSizeListOf(1, arrow.PrimitiveTypes.Int32)
)

// The constructors take over a record whose first columns are those of the sort, or say which is not, and leave it to
// the caller.

// NewPairs makes Pairs of a record.
func NewPairs(r arrow.Record) (Pairs, error) { return checked[Pairs](r, pairsColumns) }

// NewPixels makes Pixels of a record.
func NewPixels(r arrow.Record) (Pixels, error) { return checked[Pixels](r, pixelColumns) }

// NewTokens makes Tokens of a record.
func NewTokens(r arrow.Record) (Tokens, error) { return checked[Tokens](r, tokenColumns) }

// NewExamples makes Examples of a record.
func NewExamples(r arrow.Record) (Examples, error) { return checked[Examples](r, exampleColumns) }

// NewImageFeatures makes ImageFeatures of a record.
func NewImageFeatures(r arrow.Record) (ImageFeatures, error) {
	return checked[ImageFeatures](r, imageColumns)
}

// NewTextFeatures makes TextFeatures of a record.
func NewTextFeatures(r arrow.Record) (TextFeatures, error) {
	return checked[TextFeatures](r, textColumns)
}

// NewFeatures makes Features of a record.
func NewFeatures(r arrow.Record) (Features, error) { return checked[Features](r, bothColumns) }

// NewVectors makes Vectors of a record.
func NewVectors(r arrow.Record) (Vectors, error) { return checked[Vectors](r, unitColumns) }

// NewScores makes Scores of a record.
func NewScores(r arrow.Record) (Scores, error) { return checked[Scores](r, scoreColumns) }

// NewCosines makes Cosines of a record.
func NewCosines(r arrow.Record) (Cosines, error) { return checked[Cosines](r, cosineColumns) }

// NewShards makes Shards of a record.
func NewShards(r arrow.Record) (Shards, error) { return checked[Shards](r, shardColumns) }

// NewMetrics makes Metrics of a record.
func NewMetrics(r arrow.Record) (Metrics, error) { return checked[Metrics](r, lossColumns) }

// checked makes a batch of a record that begins with the columns.
func checked[T any](r arrow.Record, columns []column) (T, error) {
	var none T
	if r.NumCols() < int64(len(columns)) {
		return none, fmt.Errorf("%T: %d columns, not %d or more", none, r.NumCols(), len(columns))
	}
	for i, c := range columns {
		f := r.Schema().Field(i)
		if f.Name != c.name {
			return none, fmt.Errorf("%T: column %d is %q, not %q", none, i, f.Name, c.name)
		}
		if !fits(f.Type, c.typ) {
			return none, fmt.Errorf("%T: column %q is %v, not %v", none, c.name, f.Type, c.typ)
		}
	}
	if columns[0].name == ID && r.Column(0).NullN() > 0 {
		return none, fmt.Errorf("%T: column %q has nulls", none, ID)
	}
	return wrap[T](r), nil
}

// fits reports whether a type is the wanted one, fixed-size lists of any length.
func fits(have, want arrow.DataType) bool {
	if list, ok := want.(*arrow.FixedSizeListType); ok {
		l, ok := have.(*arrow.FixedSizeListType)
		return ok && arrow.TypeEqual(l.Elem(), list.Elem())
	}
	return arrow.TypeEqual(have, want)
}

// Picture returns row i's encoded picture; nil where it is null. It is valid while the batch is.
func (p Pairs) Picture(i int) []byte {
	a := p.Column(1).(*array.Binary)
	if a.IsNull(i) {
		return nil
	}
	return a.Value(i)
}

// Caption returns row i's caption; ok is false where it is null. It is valid while the batch is: strings.Clone keeps it.
func (p Pairs) Caption(i int) (caption string, ok bool) {
	a := p.Column(2).(*array.String)
	return a.Value(i), a.IsValid(i)
}

// Pixels returns all rows, N×3×S×S.
func (p Pixels) Pixels() Matrix[float32] { return matrixOf[float32](p.Column(1)) }

// Tokens returns all rows, N×L.
func (t Tokens) Tokens() Matrix[int32] { return matrixOf[int32](t.Column(1)) }

// Pixels returns all rows, N×3×S×S.
func (e Examples) Pixels() Matrix[float32] { return matrixOf[float32](e.Column(2)) }

// Tokens returns all rows, N×L.
func (e Examples) Tokens() Matrix[int32] { return matrixOf[int32](e.Column(3)) }

// Features returns all rows, N×D.
func (f ImageFeatures) Features() Matrix[float32] { return matrixOf[float32](f.Column(1)) }

// Features returns all rows, N×D.
func (f TextFeatures) Features() Matrix[float32] { return matrixOf[float32](f.Column(1)) }

// Image returns the pictures' features, N×D.
func (f Features) Image() Matrix[float32] { return matrixOf[float32](f.Column(2)) }

// Text returns the captions' features, N×D.
func (f Features) Text() Matrix[float32] { return matrixOf[float32](f.Column(3)) }

// Image returns the pictures' embeddings, N×D.
func (v Vectors) Image() Matrix[float32] { return matrixOf[float32](v.Column(2)) }

// Text returns the captions' embeddings, N×D.
func (v Vectors) Text() Matrix[float32] { return matrixOf[float32](v.Column(3)) }

// Score returns the cosine of each picture and its own caption.
func (s Scores) Score() []float32 { return s.Column(2).(*array.Float32).Float32Values() }

// Score returns the cosine of each picture and its own caption.
func (c Cosines) Score() []float32 { return c.Column(2).(*array.Float32).Float32Values() }

// Similarity returns the logits, N×N: a row a picture, a column a caption.
func (s Scores) Similarity() Matrix[float32] { return matrixOf[float32](s.Column(3)) }

// Loss returns window i's symmetric cross-entropy.
func (m Metrics) Loss(i int) float64 { return m.Column(0).(*array.Float64).Value(i) }

// Accuracy returns the share of window i's pictures whose own caption is the most similar.
func (m Metrics) Accuracy(i int) float64 { return m.Column(1).(*array.Float64).Value(i) }

// Pairs returns the number of pairs in window i.
func (m Metrics) Pairs(i int) int64 { return m.Column(2).(*array.Int64).Value(i) }

// LogitScale returns what window i's cosines were multiplied with.
func (m Metrics) LogitScale(i int) float64 { return m.Column(3).(*array.Float64).Value(i) }

// Caption returns row i's caption.
func (c Cosines) Caption(i int) string { return c.Column(1).(*array.String).Value(i) }

// Caption returns row i's caption.
func (s Scores) Caption(i int) string { return s.Column(1).(*array.String).Value(i) }
