package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// file makes a safetensors file of a header and so many bytes of data.
func file(header string, size int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	data = append(data, header...)
	for i := range size {
		data = append(data, byte(i))
	}
	return data
}

func TestParse(t *testing.T) {
	f, err := Parse("m.safetensors", file(`{"__metadata__":{"format":"pt"},
		"b":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},
		"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},
		"none":{"dtype":"BF16","shape":[3,0],"data_offsets":[12,12]},
		"ids":{"dtype":"I64","shape":[1],"data_offsets":[12,20]}}   `, 20))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Names(), []string{"a", "b", "ids", "none"}; !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
	if f.Metadata()["format"] != "pt" {
		t.Errorf("metadata %v", f.Metadata())
	}
	b, _ := f.Tensor("b")
	values, err := b.Floats()
	if err != nil {
		t.Fatal(err)
	}
	want := []float32{math.Float32frombits(0x07060504), math.Float32frombits(0x0b0a0908)}
	if !slices.Equal(values, want) || b.Len() != 2 || !slices.Equal(b.Shape, []int{2, 1}) {
		t.Errorf("b is %v %v, want [2 1] %v", b.Shape, values, want)
	}
	ids, _ := f.Tensor("ids")
	if _, err := ids.Floats(); err == nil || err.Error() != "m.safetensors: tensor ids: dtype I64, want F32, F16 or BF16" {
		t.Errorf("floats of ids: %v", err)
	}
	if _, ok := f.Tensor("c"); ok {
		t.Error("found a tensor that is not there")
	}
}

func TestParseErrors(t *testing.T) {
	one := func(entry string) []byte { return file(`{"w":`+entry+`}`, 8) }
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "0 bytes are too few"},
		{"short length", []byte{1, 0, 0, 0}, "4 bytes are too few"},
		{"huge header", binary.LittleEndian.AppendUint64(nil, 1<<60), "header of 1152921504606846976 bytes, more than"},
		{"header past the end", append(binary.LittleEndian.AppendUint64(nil, 10), "{}"...), "header of 10 bytes, but only 2 follow"},
		{"no header", file("", 3), "does not begin with {"},
		{"pickle", []byte("PK\x03\x04\x00\x00\x08\x08archive"), "not a safetensors file?"},
		{"array", file("[]", 0), "does not begin with {"},
		{"not UTF-8", file("{\"\xff\":1}", 0), "not valid UTF-8"},
		{"cut short", file(`{"w":`, 0), "EOF"},
		{"something behind", file(`{} {}`, 0), "after the end"},
		{"twice", file(`{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), `"w" appears twice`},
		{"metadata twice", file(`{"__metadata__":{},"__metadata__":{}}`, 0), `"__metadata__" appears twice`},
		{"metadata of numbers", file(`{"__metadata__":{"a":1}}`, 0), "__metadata__"},
		{"unknown field", one(`{"dtype":"F32","shape":[2],"data_offsets":[0,8],"stride":1}`), "tensor w: json: unknown field"},
		{"no dtype", one(`{"shape":[2],"data_offsets":[0,8]}`), `tensor w: unknown dtype ""`},
		{"unknown dtype", one(`{"dtype":"F31","shape":[2],"data_offsets":[0,8]}`), `tensor w: unknown dtype "F31"`},
		{"no shape", one(`{"dtype":"F32","data_offsets":[0,8]}`), "tensor w: shape []"},
		{"nine dimensions", one(`{"dtype":"F32","shape":[2,1,1,1,1,1,1,1,1],"data_offsets":[0,8]}`), "want 0 to 8 dimensions"},
		{"negative", one(`{"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]}`), "tensor w: shape [-2 -1] has a negative dimension"},
		{"fraction", one(`{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}`), "tensor w: json"},
		{"too large", one(`{"dtype":"F32","shape":[65536,65536,65536,65536],"data_offsets":[0,8]}`), "tensor w: shape [65536 65536 65536 65536] is too large"},
		{"no offsets", one(`{"dtype":"F32","shape":[2]}`), "tensor w: data_offsets []"},
		{"three offsets", one(`{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}`), "tensor w: data_offsets [0 8 8]"},
		{"offset past the end", one(`{"dtype":"F32","shape":[3],"data_offsets":[0,12]}`), "tensor w: data_offsets [0 12] outside the 8 bytes"},
		{"offsets backwards", one(`{"dtype":"F32","shape":[1],"data_offsets":[8,4]}`), "tensor w: data_offsets [8 4]"},
		{"negative offset", one(`{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}`), "tensor w: json"},
		{"size of another dtype", one(`{"dtype":"F16","shape":[2],"data_offsets":[0,8]}`), "tensor w: data_offsets [0 8] hold 8 bytes, but F16 [2] takes 4"},
		{"gap at the start", one(`{"dtype":"F32","shape":[1],"data_offsets":[4,8]}`), "tensor w begins at byte 4"},
		{"gap at the end", one(`{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`), "8 bytes of data, but the tensors end at 4"},
		{"overlap", file(`{"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12), "tensor w begins at byte 4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse("m.safetensors", test.data)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "m.safetensors: ") {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("error of more than one line: %v", err)
			}
		})
	}
}

// TestHalf compares all half-precision numbers with NumPy's:
//
//	python -c "import numpy as n; x=n.arange(65536).astype('u2').view('f2'); y=x[~n.isnan(x)].astype('<f4').tobytes();
//	h=0xcbf29ce484222325
//	for b in y: h=((h^b)*0x100000001b3)%2**64
//	print('%016x'%h)"
func TestHalf(t *testing.T) {
	const want = "a7a575fd4882f925"
	h := fnv.New64a()
	for i := range 1 << 16 {
		v := half(uint16(i))
		if math.IsNaN(float64(v)) {
			continue
		}
		h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("hash %s of all numbers, want %s", got, want)
	}
	if v := half(0x7e00); !math.IsNaN(float64(v)) {
		t.Errorf("0x7e00 is %v, want NaN", v)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	var buf bytes.Buffer
	values := []float32{1, -2, 0.5, float32(math.Inf(1)), 0, 3}
	err := Write(&buf, []Tensor{
		FromFloats("scale", nil, values[:1]),
		FromFloats("none", []int{0}, nil),
		FromFloats("w", []int{3, 2}, values),
	}, map[string]string{"format": "pt"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, want := range map[string][]float32{"scale": values[:1], "none": nil, "w": values} {
		tensor, ok := f.Tensor(name)
		if !ok {
			t.Fatalf("no tensor %s", name)
		}
		if got, err := tensor.Floats(); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %v, %v; want %v", name, got, err, want)
		}
	}
	if w, _ := f.Tensor("w"); w.File() != "m.safetensors" || w.Dtype != F32 || !slices.Equal(w.Shape, []int{3, 2}) {
		t.Errorf("w is %s %s %v", w.File(), w.Dtype, w.Shape)
	}

	twice := []Tensor{FromFloats("w", []int{1}, values[:1]), FromFloats("w", []int{1}, values[:1])}
	if err := Write(&buf, twice, nil); err == nil || err.Error() != `tensor name "w" is taken` {
		t.Errorf("writing a name twice: %v", err)
	}
}

// TestFloatsUnaligned reads F32 data that does not lie on a multiple of four bytes.
func TestFloatsUnaligned(t *testing.T) {
	want := []float32{1.5, -2.25}
	for shift := range 4 {
		header := `{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}` + strings.Repeat(" ", shift)
		data := file(header, 0)
		for _, v := range want {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		f, err := Parse("m", data)
		if err != nil {
			t.Fatal(err)
		}
		w, _ := f.Tensor("w")
		if got, err := w.Floats(); err != nil || !slices.Equal(got, want) {
			t.Errorf("shifted by %d: %v, %v; want %v", shift, got, err, want)
		}
	}
}

func TestOpenShards(t *testing.T) {
	const index = "model.safetensors.index.json"
	shard := func(names ...string) []byte {
		var tensors []Tensor
		for i, name := range names {
			tensors = append(tensors, FromFloats(name, []int{1}, []float32{float32(i)}))
		}
		var buf bytes.Buffer
		if err := Write(&buf, tensors, nil); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	for _, test := range []struct{ name, index, want string }{
		{"good", `{"metadata":{"total_size":12},"weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors"}}`, ""},
		{"not listed", `{"weight_map":{"a":"1.safetensors"}}`, "tensor b stands in 1.safetensors, which the index does not say"},
		{"elsewhere", `{"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"2.safetensors"}}`, "tensor b stands in 1.safetensors, which"},
		{"missing", `{"weight_map":{"a":"1.safetensors","b":"1.safetensors","d":"1.safetensors"}}`, "tensor d is missing in 1.safetensors"},
		{"no file", `{"weight_map":{"a":"3.safetensors"}}`, "no such file"},
		{"outside", `{"weight_map":{"a":"../1.safetensors"}}`, `tensor a: shard "../1.safetensors" is not a file name`},
		{"itself", `{"weight_map":{"a":"` + index + `"}}`, "header of"},
		{"empty", `{"weight_map":{}}`, "weight_map is empty"},
		{"not JSON", `x`, "invalid character"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, data := range map[string][]byte{
				"1.safetensors": shard("a", "b"),
				"2.safetensors": shard("c"),
				index:           []byte(test.index),
			} {
				if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			f, err := Open(filepath.Join(dir, index))
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), index+": ") {
					t.Errorf("error %v, want %q in it", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if got, want := f.Names(), []string{"a", "b", "c"}; !slices.Equal(got, want) {
				t.Errorf("names %v, want %v", got, want)
			}
			if b, _ := f.Tensor("b"); b.File() != "1.safetensors" {
				t.Errorf("b stands in %s", b.File())
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	short := filepath.Join(dir, "short.safetensors")
	if err := os.WriteFile(short, []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		short:                         "short.safetensors: 3 bytes are too few for a safetensors file",
		dir:                           dir + ": not a regular file",
		filepath.Join(dir, "no.such"): "open " + filepath.Join(dir, "no.such") + ": no such file or directory",
	} {
		if _, err := Open(path); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// FuzzParse feeds damaged files: any answer but a panic will do, and what parses must read and write back.
func FuzzParse(f *testing.F) {
	f.Add(file(`{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8))
	f.Add(file(`{"v":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]},"w":{"dtype":"BF16","shape":[],"data_offsets":[4,6]}}`, 6))
	f.Add(file(`{"v":{"dtype":"I64","shape":[0,9],"data_offsets":[0,0]}}  `, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("fuzz", data)
		if err != nil {
			return
		}
		var tensors []Tensor
		for _, name := range file.Names() {
			tensor, _ := file.Tensor(name)
			if values, err := tensor.Floats(); err == nil && len(values) != tensor.Len() {
				t.Fatalf("%s: %d values, want %d", name, len(values), tensor.Len())
			}
			tensors = append(tensors, *tensor)
		}
		var buf bytes.Buffer
		if err := Write(&buf, tensors, file.Metadata()); err != nil {
			t.Fatal(err)
		}
		again, err := Parse("again", buf.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range tensors {
			got, ok := again.Tensor(want.Name)
			if !ok || !bytes.Equal(got.data, want.data) || !slices.Equal(got.Shape, want.Shape) || got.Dtype != want.Dtype {
				t.Fatalf("tensor %q came back as %+v", want.Name, got)
			}
		}
	})
}

func TestFloat16(t *testing.T) {
	for h := range 1 << 16 {
		v := half(uint16(h))
		if v != v {
			if got := half(narrow(v)); got == got {
				t.Fatalf("NaN %04x becomes %v", h, got)
			}
			continue
		}
		if got := narrow(v); got != uint16(h) {
			t.Fatalf("%v is %04x, and becomes %04x", v, h, got)
		}
		next := half(uint16(h + 1))
		if h&0x7fff >= 0x7bff {
			continue
		}
		even := uint16(h + h&1) // a value halfway between two becomes the even one
		if got := narrow((v + next) / 2); got != even {
			t.Fatalf("halfway between %v and %v becomes %04x, want %04x", v, next, got, even)
		}
	}
	if narrow(65520) != 0x7c00 || narrow(65519) != 0x7bff || narrow(-1e30) != 0xfc00 {
		t.Error("the largest are not rounded as they should be")
	}
	values := []float32{1, -2.5, 0x1p-24, 3e-8}
	tensor := FromFloats16("a", []int{4}, values)
	got, err := tensor.Floats()
	if err != nil || !slices.Equal(got, []float32{1, -2.5, 0x1p-24, 0x1p-24}) || tensor.Dtype != F16 {
		t.Errorf("%s %v, %v", tensor.Dtype, got, err)
	}
}
