package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/sbinet/npyio"

	"github.com/pairstream/pairstream/model/pixel"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/stages"
)

// wholeRuns are whole runs, from a folder to .npy files, and the towers alone on the same pixels and tokens.
func wholeRuns(s *session) (table, []trial, error) {
	const n, rows = 128, 16
	threads := runtime.NumCPU()
	t := table{Name: "embed", Unit: "pairs/s", Notes: []string{
		fmt.Sprintf("A folder of %d JPEGs of 500×375 with captions into .npy files, in batches of %d; and both towers alone on the same", n, rows),
		"pixels and tokens. The peer reads by a DataLoader with a process for each thread, as clip-retrieval's inference does.",
	}}
	clip, dir, err := s.model()
	if err != nil {
		return t, nil, err
	}
	list, err := photographs(n)
	if err != nil {
		return t, nil, err
	}
	folder, out := filepath.Join(s.dir, "pairs"), filepath.Join(s.dir, "embeddings")
	for _, dir := range []string{folder, out} {
		if err := os.RemoveAll(dir); err != nil { // what another version of this program left would be embedded too
			return t, nil, err
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return t, nil, err
		}
	}
	size, width := 3*clip.ImageSize()*clip.ImageSize(), clip.ContextLength()
	pixels, ids := make([]float32, n*size), make([]int32, n*width)
	for i, caption := range captions(n) {
		name := filepath.Join(folder, fmt.Sprintf("%03d", i))
		if err := os.WriteFile(name+".jpg", list[i], 0o666); err != nil {
			return t, nil, err
		}
		if err := os.WriteFile(name+".txt", []byte(caption), 0o666); err != nil {
			return t, nil, err
		}
		if err := (pixel.Transform{}).Apply(pixels[i*size:(i+1)*size], list[i]); err != nil {
			return t, nil, err
		}
		clip.Tokenizer().Encode(ids[i*width:(i+1)*width], caption)
	}
	var contenders []contender
	for _, clip := range precisions(clip) {
		into := filepath.Join(out, clip.Precision().String())
		whole := ours(fmt.Sprintf("pairstream %v", clip.Precision()), threads, leastCosines[clip.Precision()], nil, func() error {
			pairs := pipeline.Rebatch(pipeline.From(&sources.Folder{Path: folder}), pipeline.Window{Rows: rows})
			vectors := stages.Embed{Model: clip}.Draw(pairs)
			return pipeline.Run(context.Background(), pipeline.Into(vectors, &sinks.Npy{Dir: into}))
		})
		whole.output = func() ([]float32, error) {
			if _, _, err := whole.run(0); err != nil {
				return nil, err
			}
			return readNpy(filepath.Join(into, "img_emb", "img_emb_0.npy"))
		}
		contenders = append(contenders, whole)
		images, texts := make([]float32, rows*clip.Embed()), make([]float32, rows*clip.Embed())
		towers := ours(fmt.Sprintf("its towers alone, %v", clip.Precision()), threads, 0, nil, func() error {
			for from := 0; from < n; from += rows {
				clip.EncodeImages(images, pixels[from*size:(from+rows)*size])
				clip.EncodeTexts(texts, ids[from*width:(from+rows)*width])
			}
			return nil
		})
		towers.ours = false // no column of ratios
		contenders = append(contenders, towers)
	}
	args := with(s.modelArgs(clip, dir, threads, rows), map[string]any{"folder": folder, "into": out, "type": "float32"})
	return t, []trial{{
		setting: plural(threads), units: n, width: clip.Embed(),
		contenders: s.against(contenders, job{"torch", "open_clip f32, DataLoader", "folder", exact, args}),
	}}, nil
}

func readNpy(path string) (values []float32, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	err = npyio.Read(f, &values)
	return values, err
}
