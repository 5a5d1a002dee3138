package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sbinet/npyio"

	"github.com/pairstream/pairstream/internal/testshared"
	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/sources/scenes"
)

// program runs the program in a folder of its own.
func program(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(t.Context(), args, strings.NewReader(stdin), &out, &err)
	return status, out.String(), err.String()
}

// drawn returns a folder of drawn scenes.
func drawn(t *testing.T, count int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "scenes")
	if err := scenes.WriteFolder(dir, 7, count, 64); err != nil {
		t.Fatal(err)
	}
	return dir
}

func readNpy(t *testing.T, path string) (values []float32, shape []int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := npyio.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Read(&values); err != nil {
		t.Fatal(err)
	}
	return values, r.Header.Descr.Shape
}

func TestExitStatus(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := drawn(t, 3)
	if err := model.Tiny().Save("bare"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove("bare/open_clip_config.json"), os.Rename("bare/open_clip_model.safetensors", "bare/model.safetensors")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   []string
		status int
		stderr string
	}{
		{[]string{"embed", "--source", dir, "--sink", "npy:out"}, 0, `"stored":3`},
		{[]string{"embed", "--source", "missing", "--sink", "npy:out"}, 1, `pairstream: source "missing"`},
		{[]string{"embed", "--source", dir, "--sink", "npy:out", "--model", "missing"}, 1, "pairstream: model missing"},
		{[]string{"embed", "--source", dir}, 2, `required flag(s) "sink" not set`},
		{[]string{"embed", "--source", "ftp:x", "--sink", "npy:out"}, 2, `--source: source "ftp:x"`},
		{[]string{"embed", "--source", dir, "--sink", "ftp:x"}, 2, `--sink: sink "ftp:x"`},
		{[]string{"embed", "--model", dir, "--activation", "relu", "--source", dir, "--sink", "npy:out"}, 2, `activation "relu" is neither`},
		{[]string{"embed", "--model", "bare", "--source", dir, "--sink", "npy:out"}, 2, "say it with --activation"},
		{[]string{"embed", "--model", "bare", "--activation", "quickgelu", "--source", dir, "--sink", "npy:other"}, 0, `"stored":3`},
		{[]string{"embed", "--sauce", dir}, 2, "unknown flag: --sauce"},
		{[]string{"embad"}, 2, `unknown command "embad"`},
		{[]string{"tokenize"}, 2, "texts or --jsonl"},
		{[]string{"classify", "--labels", "a,b", "--template", "no place", filepath.Join(dir, "x.png")}, 2, `template "no place" has no {}`},
	} {
		status, _, stderr := program(t, "", test.args...)
		if status != test.status || !strings.Contains(stderr, test.stderr) {
			t.Errorf("%v: exit status %d, not %d: %s", test.args, status, test.status, stderr)
		}
	}
}

func TestRejectsAreStatus3(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := drawn(t, 3)
	if err := os.WriteFile(filepath.Join(dir, "captions.tsv"), []byte("file\tcaption\nmissing.png\tnothing\nbad.png\tbad\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.png"), []byte("\x89PNG"), 0o666); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := program(t, "", "embed", "--source", dir, "--sink", "npy:out"); status != 3 || !strings.Contains(stderr, "2 rejected: see rejects.jsonl") {
		t.Errorf("exit status %d: %s", status, stderr)
	}
	lines, err := os.ReadFile("rejects.jsonl")
	if err != nil || bytes.Count(lines, []byte("\n")) != 2 || !bytes.Contains(lines, []byte("captions.tsv:2")) {
		t.Errorf("%s, %v", lines, err)
	}
	if status, _, stderr := program(t, "", "embed", "--source", dir, "--sink", "npy:out", "--rejects", ""); status != 1 || !strings.Contains(stderr, `row "missing.png"`) {
		t.Errorf("exit status %d: %s", status, stderr)
	}
}

func TestTraceShowsSevenSteps(t *testing.T) {
	t.Chdir(t.TempDir())
	status, stdout, stderr := program(t, "", "trace", "--source", drawn(t, 10), "--sink", "out.parquet", "--heatmap", "h.png")
	if status != 0 {
		t.Fatal(stderr)
	}
	for _, want := range []string{"1 ingest", "10 pairs", "2 preprocess", "10×3×224×224 float32", "3 tokenize", "10×77 int32",
		"49406", "4 encode images", "4 encode texts", "10×512", "5 normalize", "6 similarity", "10×10", "7 loss", "picture 0 shows", "right: ", "10 pairs: loss "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	if info, err := os.Stat("out.parquet"); err != nil || info.Size() < 10*2*512*4/2 {
		t.Errorf("embeddings: %v, %v", info, err)
	}
	picture, err := os.Open("h.png")
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	if _, err := png.Decode(picture); err != nil {
		t.Errorf("heatmap: %v", err)
	}

	status, stdout, stderr = program(t, "", "trace", "--source", drawn(t, 10), "--json")
	var trace struct {
		Steps []struct{ Step, In, Out string }
		Pairs int
		Loss  float64
	}
	if err := json.Unmarshal([]byte(stdout), &trace); status != 0 || err != nil || len(trace.Steps) != 8 || trace.Pairs != 10 || trace.Loss == 0 {
		t.Errorf("exit status %d, %v: %s%s", status, err, stdout, stderr)
	}
}

func TestClassify(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := drawn(t, 2)
	pictures, _ := filepath.Glob(filepath.Join(dir, "*.png"))
	if err := os.WriteFile("labels.txt", []byte("red circle\n\nblue star\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, labels := range []string{"labels.txt", "red circle, blue star"} {
		status, stdout, stderr := program(t, "", "classify", "--labels", labels, "--json", pictures[0])
		var got struct {
			ID          string
			Predictions []prediction
		}
		if err := json.Unmarshal([]byte(stdout), &got); status != 0 || err != nil {
			t.Fatalf("exit status %d, %v: %s", status, err, stderr)
		}
		if len(got.Predictions) != 2 || math.Abs(float64(got.Predictions[0].Probability+got.Predictions[1].Probability)-1) > 1e-5 ||
			got.Predictions[0].Probability < got.Predictions[1].Probability || got.ID != pictures[0] {
			t.Errorf("%+v", got)
		}
	}
}

// The model inside knows drawn shapes.
func TestClassifyDrawn(t *testing.T) {
	t.Chdir(t.TempDir())
	var shapes, pictures []string
	for _, shape := range scenes.Shapes() {
		shapes = append(shapes, shape.String())
	}
	want := make(map[string]string)
	for i := int64(0); len(pictures) < 20; i++ {
		s := scenes.New(21, i)
		if s.Arrangement != scenes.Alone {
			continue
		}
		name := fmt.Sprintf("%d.png", i)
		picture, err := s.PNG(224)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, picture, 0o666); err != nil {
			t.Fatal(err)
		}
		pictures, want[name] = append(pictures, name), s.Objects[0].Shape.String()
	}
	status, stdout, stderr := program(t, "", append([]string{"classify", "--json", "--labels", strings.Join(shapes, ",")}, pictures...)...)
	if status != 0 {
		t.Fatal(stderr)
	}
	right := 0
	for line := range strings.Lines(stdout) {
		var got struct {
			ID          string
			Predictions []prediction
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if got.Predictions[0].Label == want[got.ID] {
			right++
		}
	}
	if right < 17 {
		t.Errorf("%d of 20 shapes are right", right)
	}
}

func TestTokenizeGolden(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join("..", "..", "model", "tokenizer", "testdata", "tokens.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := program(t, string(golden), "tokenize", "--jsonl")
	if status != 0 {
		t.Fatal(stderr)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	differ := 0
	for i, line := range strings.Split(strings.TrimSpace(string(golden)), "\n") {
		var want struct {
			Cat string
			IDs []int32
		}
		var got []int32
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got[1:len(got)-1], want.IDs) && want.Cat != "mojibake" {
			if want.Cat != "mojibake_neg" {
				t.Errorf("line %d: %s\nnot %s", i+1, lines[i], line)
			}
			differ++
		}
	}
	t.Logf("%d of %d rows outside mojibake differ: all four need the reference's repair of encodings", differ, len(lines))
	if differ != 4 {
		t.Errorf("%d rows outside mojibake differ, not 4", differ)
	}
}

// The original implementation's results for the photographs, through the program's commands.
func TestReference(t *testing.T) {
	shared := testshared.Dir(t)
	reference := filepath.Join(shared, "reference", "tiny-openai")
	clip, list := filepath.Join(reference, "model"), "list:"+filepath.Join(shared, "photos", "captions.tsv")
	t.Chdir(t.TempDir())
	if status, _, stderr := program(t, "", "embed", "--model", clip, "--source", list, "--sink", "npy:out"); status != 0 {
		t.Fatal(stderr)
	}
	compare(t, filepath.Join("out", "img_emb", "img_emb_0.npy"), filepath.Join(reference, "image_embeddings.npy"), 1e-6)
	compare(t, filepath.Join("out", "text_emb", "text_emb_0.npy"), filepath.Join(reference, "text_embeddings.npy"), 1e-6)

	status, stdout, stderr := program(t, "", "score", "--model", clip, "--source", list, "--sink", "jsonl:scores.jsonl", "--matrix", "m.npy", "--json")
	var got, want totals
	if err := json.Unmarshal([]byte(stdout), &got); status != 0 || err != nil {
		t.Fatalf("exit status %d, %v: %s", status, err, stderr)
	}
	compare(t, "m.npy", filepath.Join(reference, "logits.npy"), 1e-5)
	text, err := os.ReadFile(filepath.Join(reference, "loss.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.Loss-want.Loss) > 1e-5 || math.Abs(got.Accuracy-want.Accuracy) > 1e-6 || math.Abs(got.LogitScale-want.LogitScale) > 1e-4 {
		t.Errorf("%+v, not %+v", got, want)
	}

	photos := filepath.Join(shared, "photos")
	args := []string{"preprocess", "--size", "96", "--out", "pixels.npy"}
	for _, name := range []string{"astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "camera.png", "moon.png"} {
		args = append(args, filepath.Join(photos, name))
	}
	if status, _, stderr := program(t, "", args...); status != 0 {
		t.Fatal(stderr)
	}
	compare(t, "pixels.npy", filepath.Join(reference, "pixels.npy"), 0)
}

// compare checks that an array is another's, up to a tolerance.
func compare(t *testing.T, got, want string, tolerance float64) {
	t.Helper()
	a, shape := readNpy(t, got)
	b, wantShape := readNpy(t, want)
	if !slices.Equal(shape, wantShape) {
		t.Fatalf("%s has the shape %v, not %v", got, shape, wantShape)
	}
	most := 0.0
	for i := range a {
		most = max(most, math.Abs(float64(a[i])-float64(b[i])))
	}
	t.Logf("%s: largest difference %.2g", filepath.Base(got), most)
	if !(most <= tolerance) {
		t.Errorf("%s differs by %v", got, most)
	}
}
