package model

import (
	"fmt"

	"github.com/pairstream/pairstream/model/tensor"
)

// text is the text tower.
type text struct {
	TextConfig
	rows            int       // tokens a call of encode may bring
	token, position []float32 // (Vocab, W), (Context, W)
	lnFinal         tensor.LayerNorm
	transformer     transformer
	proj            *tensor.Linear
}

func newText(cfg Config, get lookup) textTower {
	tx := cfg.Text
	return &text{
		TextConfig: tx,
		rows:       max(chunkRows, tx.Context),
		token:      get("token_embedding.weight"),
		position:   get("positional_embedding"),
		lnFinal:    norm(get, "ln_final"),
		transformer: newTransformer("transformer.resblocks", shape{
			width: tx.Width, layers: tx.Layers, heads: tx.Heads, mlp: tx.MLP, causal: true, activation: cfg.Activation,
		}, get),
		proj: projection(get("text_projection"), tx.Width, cfg.Embed),
	}
}

func (t *text) tokens() int { return t.rows }

// cut shortens row n to the tokens that its embedding depends on: up to the pooled one.
func (t *text) cut(n int, row []int32) []int32 {
	t.check(n, row)
	pool := 0
	for i, id := range row {
		if t.EndOfText != 0 {
			if int(id) == t.EndOfText {
				return row[:i+1]
			}
		} else if id > row[pool] {
			pool = i
		}
	}
	return row[:pool+1]
}

// check panics where a token of row n is outside the vocabulary.
func (t *text) check(n int, row []int32) {
	for i, id := range row {
		if id < 0 || int(id) >= t.Vocab {
			panic(fmt.Sprintf("model: row %d: token %d is %d, outside the vocabulary of %d", n, i, id, t.Vocab))
		}
	}
}

// embed writes the rows that a caption enters the blocks with: x (L, W), or longer.
func (t *text) embed(x []float32, ids []int32) {
	for i, id := range ids {
		row := x[i*t.Width : (i+1)*t.Width]
		copy(row, t.token[int(id)*t.Width:])
		tensor.Add(row, t.position[i*t.Width:(i+1)*t.Width])
	}
}

// run is a range of rows.
type run struct{ from, to int }

// split divides rows into runs of at most budget tokens, and at least one row.
func split(rows [][]int32, budget int) []run {
	var runs []run
	size := 0
	for i, row := range rows {
		if len(runs) == 0 || size+len(row) > budget {
			runs = append(runs, run{i, i})
			size = 0
		}
		size += len(row)
		runs[len(runs)-1].to = i + 1
	}
	return runs
}
