package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"

	"github.com/pairstream/pairstream/model"
)

// exact is the cosine of float32 that is summed in another order.
const exact = 0.99999

// Cosines that 16 and 8 bits reach on random weights. They tell a wrong graph, not a good quantisation.
const (
	in16Bits = 0.999
	in8Bits  = 0.95
)

const largest = 32 // batch

// images encodes pictures.
func images(s *session) (table, []trial, error) {
	t := table{Name: "image tower", Unit: "images/s", Notes: []string{
		"ViT-B/32, random weights, pixels that are ready. GFLOP/s counts the whole tower, whatever was really computed.",
	}}
	clip, dir, err := s.model()
	if err != nil {
		return t, nil, err
	}
	size, embed := clip.ImageSize(), clip.Embed()
	pixels := make([]float32, largest*3*size*size)
	for i, r := 0, rand.New(rand.NewPCG(1, 1)); i < len(pixels); i++ {
		pixels[i] = 4*r.Float32() - 2
	}
	file := filepath.Join(s.dir, "pixels.f32")
	if err := writeFloats(file, pixels); err != nil {
		return t, nil, err
	}
	clips := precisions(clip)
	var trials []trial
	for _, threads := range threadCounts() {
		for _, n := range []int{1, 16, largest} {
			args := func(more map[string]any) map[string]any {
				a := s.modelArgs(clip, dir, threads, n)
				a["pixels"], a["size"] = file, size
				return with(a, more)
			}
			trials = append(trials, trial{
				setting: fmt.Sprintf("batch %d, %s", n, plural(threads)), units: float64(n), width: embed,
				operations: float64(n) * operations(clip.Config()),
				contenders: s.against(ourTowers(threads, clips, n*embed, func(clip *model.CLIP, dst []float32) {
					clip.EncodeImages(dst, pixels[:n*3*size*size])
				}),
					job{"ort", "ONNX Runtime f32", "image", exact, args(map[string]any{"file": "image.f32.onnx"})},
					job{"ort", "ONNX Runtime int8", "image", in8Bits, args(map[string]any{"file": "image.int8.onnx"})},
					job{"torch", "open_clip f32", "image", exact, args(map[string]any{"type": "float32"})},
					job{"torch", "open_clip bf16", "image", in16Bits, args(map[string]any{"type": "bfloat16"})},
				),
			})
		}
	}
	return t, trials, nil
}

// texts encodes the same captions in batches of different sizes: some take longer than others.
func texts(s *session) (table, []trial, error) {
	clip, dir, err := s.model()
	if err != nil {
		return table{}, nil, err
	}
	context, embed, total := clip.ContextLength(), clip.Embed(), 0
	tokens := make([]int32, largest*context)
	for i, caption := range captions(largest) {
		total += len(clip.Tokenizer().Append(nil, caption)) + 2
		clip.Tokenizer().Encode(tokens[i*context:(i+1)*context], caption)
	}
	t := table{Name: "text tower", Unit: "captions/s", Notes: []string{
		fmt.Sprintf("ViT-B/32, random weights, captions of %.1f tokens in the mean with start and end.", float64(total)/largest),
		"77: rows padded to 77 tokens, as in the exports that people run; cut: as long as the batch's longest.",
	}}
	file := filepath.Join(s.dir, "tokens.f32")
	floats := make([]float32, len(tokens))
	for i, id := range tokens {
		floats[i] = float32(id)
	}
	if err := writeFloats(file, floats); err != nil {
		return t, nil, err
	}
	clips := precisions(clip)
	var trials []trial
	for _, threads := range threadCounts() {
		for _, n := range []int{1, largest} {
			args := func(more map[string]any) map[string]any {
				a := s.modelArgs(clip, dir, threads, n)
				a["tokens"], a["context"] = file, context
				return with(a, more)
			}
			ort := func(name, file string, cut bool, least float64) job {
				return job{"ort", "ONNX Runtime " + name, "text", least, args(map[string]any{"file": file, "cut": cut})}
			}
			trials = append(trials, trial{
				setting: fmt.Sprintf("batch %d, %s", n, plural(threads)), units: largest, width: embed,
				contenders: s.against(ourTowers(threads, clips, largest*embed, func(clip *model.CLIP, dst []float32) {
					for i := 0; i < largest; i += n {
						clip.EncodeTexts(dst[i*embed:(i+n)*embed], tokens[i*context:(i+n)*context])
					}
				}),
					ort("f32, 77", "text77.f32.onnx", false, exact),
					ort("f32, cut", "text.f32.onnx", true, exact),
					ort("int8, 77", "text77.int8.onnx", false, in8Bits),
					ort("int8, cut", "text.int8.onnx", true, in8Bits),
					job{"torch", "open_clip f32, 77", "text", exact, args(map[string]any{"type": "float32"})},
					job{"torch", "open_clip bf16, 77", "text", in16Bits, args(map[string]any{"type": "bfloat16"})},
				),
			})
		}
	}
	return t, trials, nil
}

// precisions are a model in all precisions there are, the exact one first.
func precisions(clip *model.CLIP) []*model.CLIP {
	return []*model.CLIP{clip, clip.WithPrecision(model.Int16), clip.WithPrecision(model.Int8)}
}

// leastCosines are what our precisions have to reach.
var leastCosines = map[model.Precision]float64{model.Float32: 1, model.Int16: in16Bits, model.Int8: in8Bits}

// ourTowers are we, once for each precision. encode fills dst, of so many values.
func ourTowers(threads int, clips []*model.CLIP, values int, encode func(clip *model.CLIP, dst []float32)) []contender {
	contenders := make([]contender, len(clips))
	for i, clip := range clips {
		dst := make([]float32, values)
		contenders[i] = ours(fmt.Sprintf("pairstream %v", clip.Precision()), threads, leastCosines[clip.Precision()], &dst, func() error {
			encode(clip, dst)
			return nil
		})
	}
	return contenders
}

// model opens the ViT-B/32 that all use. Its weights are drawn and saved by the first run.
func (s *session) model() (*model.CLIP, string, error) {
	dir := filepath.Join(s.dir, "ViT-B-32")
	if s.clip != nil {
		return s.clip, dir, nil
	}
	clip, err := model.Open(dir)
	if err != nil {
		cfg, err := model.Preset("ViT-B-32")
		if err != nil {
			return nil, "", err
		}
		clip = model.New(cfg, 1)
		if err := clip.Save(dir); err != nil {
			return nil, "", err
		}
	}
	s.clip = clip
	return clip, dir, nil
}

func (s *session) modelArgs(clip *model.CLIP, dir string, threads, n int) map[string]any {
	return map[string]any{
		"model": dir, "exports": filepath.Join(s.dir, "exports-"+clip.Fingerprint()), "threads": threads, "batch": n,
	}
}

// operations counts the additions and multiplications in the products of an image tower for one picture.
func operations(cfg model.Config) float64 {
	c := cfg.Image
	patches := float64((c.Size / c.Patch) * (c.Size / c.Patch))
	n, w, mlp := patches+1, float64(c.Width), float64(c.MLP)
	block := n*(4*w*w+2*w*mlp) + 2*n*n*w
	return 2 * (patches*float64(3*c.Patch*c.Patch)*w + float64(c.Layers)*block + w*float64(cfg.Embed))
}

// threadCounts are 1 and 2, or as many as there are.
func threadCounts() []int {
	if runtime.NumCPU() == 1 {
		return []int{1}
	}
	return []int{1, 2}
}

// setThreads limits Go to so many processors until the returned function is called.
func setThreads(n int) (restore func()) {
	before := runtime.GOMAXPROCS(n)
	return func() { runtime.GOMAXPROCS(before) }
}
