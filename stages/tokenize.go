package stages

import (
	"context"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/tokenizer"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// ContextLength is the number of tokens in a row of a CLIP, where no model says otherwise.
const ContextLength = 77

// Tokenize turns captions into rows of vocabulary ids: step 3. The ids are those of the original tokenizer. Captions
// that are too long are cut, as the original does when it is told to.
type Tokenize struct {
	Model *model.CLIP // for its vocabulary and context length; nil is CLIP's own
}

// Process makes Tokens of Pairs.
func (t Tokenize) Process(ctx context.Context, in batch.Pairs) (batch.Tokens, error) {
	vocabulary, length := tokenizer.Default, ContextLength
	if t.Model != nil {
		vocabulary, length = t.Model.Tokenizer, t.Model.ContextLength()
	}
	tokens := batch.NewMatrix[int32](batch.Allocator(ctx), int(in.NumRows()), length)
	tok := vocabulary()
	for i := range tokens.Rows {
		if caption, ok := in.Caption(i); ok {
			tok.Encode(tokens.Row(i), caption)
		} else {
			tokens.SetNull(i)
		}
	}
	column := tokens.Array()
	defer column.Release()
	return batch.TokensOf(in, column, batch.Note{Key: batch.TokenizerNote, Value: tok.Fingerprint()})
}
