package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pairstream/pairstream/model/pixel"
	"github.com/pairstream/pairstream/model/tokenizer"
)

// tokens makes rows of ids of captions.
func tokens(s *session) (table, []trial, error) {
	const n, context = 1000, 77
	t := table{Name: "tokenizer", Unit: "captions/s", Notes: []string{
		fmt.Sprintf("%d captions into rows of %d ids in an array, on one thread.", n, context),
	}}
	list := captions(n)
	file := filepath.Join(s.dir, "captions.json")
	text, err := json.Marshal(list)
	if err != nil {
		return t, nil, err
	}
	if err := os.WriteFile(file, text, 0o666); err != nil {
		return t, nil, err
	}
	// Where one runs in a checkout, the vocabulary of the packages that bring none is ours.
	merges, err := filepath.Abs("model/tokenizer/merges.txt.gz")
	if err != nil {
		return t, nil, err
	}
	args := map[string]any{"captions": file, "context": context, "merges": merges}
	tok, ids := tokenizer.Default(), make([]int32, n*context)
	us := ours("pairstream", 1, 1, nil, func() error {
		for i, caption := range list {
			tok.Encode(ids[i*context:(i+1)*context], caption)
		}
		return nil
	})
	us.output = func() ([]float32, error) { // as floats, which ids are small enough for
		_, _, err := us.run(0)
		floats := make([]float32, len(ids))
		for i, id := range ids {
			floats[i] = float32(id)
		}
		return floats, err
	}
	return t, []trial{{
		setting: "1 thread", units: n, width: context, contenders: s.against([]contender{us},
			job{"python", "tokenizers", "tokenizers", same, args},
			job{"python", "transformers", "transformers", same, args},
			job{"torch", "open_clip", "tokenize", same, args},
		),
	}}, nil
}

// same is the cosine of equal rows, but for the rounding of the cosine itself.
const same = 1 - 1e-12

// pictures makes pixels of JPEGs.
func pictures(s *session) (table, []trial, error) {
	const n = 16
	t := table{Name: "preprocessing", Unit: "images/s"}
	list, err := photographs(n)
	if err != nil {
		return t, nil, err
	}
	dir, size, total := filepath.Join(s.dir, "photographs"), pixel.DefaultSize, 0
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return t, nil, err
	}
	files := make([]string, n)
	for i, encoded := range list {
		total += len(encoded)
		files[i] = filepath.Join(dir, fmt.Sprintf("%02d.jpg", i))
		if err := os.WriteFile(files[i], encoded, 0o666); err != nil {
			return t, nil, err
		}
	}
	t.Notes = []string{
		fmt.Sprintf("JPEGs in memory, 500×375, %d kB each, into normalised %d×%d float32, on one thread.", total/n/1000, size, size),
	}
	values := 3 * size * size
	pixels := make([]float32, n*values)
	args := map[string]any{"files": files, "size": size}
	apply := func(with pixel.Transform) func() error {
		return func() error {
			for i, encoded := range list {
				if err := with.Apply(pixels[i*values:(i+1)*values], encoded); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return t, []trial{{
		setting: "1 thread", units: n, width: values, contenders: s.against([]contender{
			ours("pairstream", 1, 1, &pixels, apply(pixel.Transform{})),
		},
			job{"torch", "Pillow + torchvision", "preprocess", exact, args},
			job{"python", "Pillow + NumPy", "preprocess", exact, args},
		),
	}}, nil
}
