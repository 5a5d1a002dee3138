package message_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/pairstream/pairstream/sources/message"
)

// header makes the headers of a message of keys and values in turns.
func header(pairs ...string) []message.Header {
	var headers []message.Header
	for i := 0; i < len(pairs); i += 2 {
		headers = append(headers, message.Header{Key: pairs[i], Value: []byte(pairs[i+1])})
	}
	return headers
}

type row = message.Row

// checkRows decodes a message and compares its rows. A row that is wanted with an error is one whose error contains
// that of the wanted one.
func checkRows(t *testing.T, d message.Decoder, m message.Message, columns []string, want ...row) {
	t.Helper()
	rows, err := d.Decode(t.Context(), m, message.Wants{Columns: columns, Picture: 1 << 20, Bytes: 1 << 20})
	if err != nil {
		rows = []row{{Err: err}}
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows, not %d: %v", len(rows), len(want), rows)
	}
	for i := range rows {
		if want[i].Err != nil {
			if rows[i].Err == nil || !strings.Contains(rows[i].Err.Error(), want[i].Err.Error()) {
				t.Errorf("row %d: error %v, not %v", i, rows[i].Err, want[i].Err)
			}
			if rows[i].ID != want[i].ID {
				t.Errorf("row %d: id %q, not %q", i, rows[i].ID, want[i].ID)
			}
			continue
		}
		if !reflect.DeepEqual(rows[i], want[i]) {
			t.Errorf("row %d is %+v, not %+v", i, rows[i], want[i])
		}
	}
}

// because is an error that is compared by its text.
func because(text string) error { return fmt.Errorf("%s", text) }

func TestRaw(t *testing.T) {
	for name, test := range map[string]struct {
		message message.Message
		columns []string
		want    row
	}{
		"id in the key": {
			message: message.Message{Key: []byte("17"), Value: []byte("jpeg"), Headers: header("caption", "a cat")},
			want:    row{ID: "17", Image: []byte("jpeg"), Caption: "a cat"},
		},
		"id in a header": {
			message: message.Message{Key: []byte("17"), Value: []byte("jpeg"), Headers: header("id", "18", "caption", "a cat")},
			want:    row{ID: "18", Image: []byte("jpeg"), Caption: "a cat"},
		},
		"a key that is no text": {
			message: message.Message{Key: []byte{0xff, 0}, Value: []byte("jpeg"), Headers: header("caption", "")},
			want:    row{Image: []byte("jpeg")},
		},
		"further columns": {
			message: message.Message{Value: []byte("jpeg"), Headers: header("caption", "a cat", "url", "old", "url", "new", "licence", "")},
			columns: []string{"url", "licence", "width"},
			want:    row{Image: []byte("jpeg"), Caption: "a cat", Further: map[string]string{"url": "new", "licence": ""}},
		},
		"no caption":      {message: message.Message{Key: []byte("17"), Value: []byte("jpeg")}, want: row{ID: "17", Err: because(`no header "caption"`)}},
		"empty value":     {message: message.Message{Key: []byte("17"), Value: []byte{}, Headers: header("caption", "a")}, want: row{ID: "17", Err: because("empty")}},
		"tombstone":       {message: message.Message{Key: []byte("17"), Headers: header("caption", "a")}, want: row{ID: "17", Err: because("tombstone")}},
		"caption no text": {message: message.Message{Value: []byte("jpeg"), Headers: header("caption", "\xff")}, want: row{Err: because("not UTF-8")}},
		"column no text":  {message: message.Message{Value: []byte("jpeg"), Headers: header("caption", "a", "url", "\xff")}, columns: []string{"url"}, want: row{Err: because("not UTF-8")}},
	} {
		t.Run(name, func(t *testing.T) { checkRows(t, message.Raw{}, test.message, test.columns, test.want) })
	}
}

func TestJSON(t *testing.T) {
	dir := t.TempDir()
	write := func(path, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("root/cats/17.jpg", "jpeg")
	write("root/empty.jpg", "")
	write("root/large.jpg", strings.Repeat("x", 1<<20+1))
	write("secret.jpg", "secret")
	if err := os.Symlink("../secret.jpg", filepath.Join(dir, "root/link.jpg")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "root/pipe.jpg"), 0o666); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "root")
	cat := row{ID: "17", Image: []byte("jpeg"), Caption: "a cat"}
	for name, test := range map[string]struct {
		value   string
		columns []string
		want    row
	}{
		"picture within":        {value: `{"id":"17","caption":"a cat","image":"anBlZw=="}`, want: cat},
		"escaped slash":         {value: `{"id":"17","caption":"a cat","image":"\/9gv"}`, want: row{ID: "17", Image: []byte{0xff, 0xd8, 0x2f}, Caption: "a cat"}},
		"number for an id":      {value: `{"id":17,"caption":"a cat","image":"anBlZw=="}`, want: cat},
		"id in the key":         {value: `{"caption":"a cat","image":"anBlZw=="}`, want: row{ID: "key", Image: []byte("jpeg"), Caption: "a cat"}},
		"path":                  {value: `{"id":"17","caption":"a cat","path":"cats/17.jpg"}`, want: cat},
		"absolute path":         {value: `{"id":"17","caption":"a cat","path":"` + root + `/cats/17.jpg"}`, want: cat},
		"url beside a picture":  {value: `{"id":"17","caption":"a cat","image":"anBlZw==","url":"https://example.com"}`, want: cat},
		"further columns":       {value: `{"id":"17","caption":"a cat","image":"anBlZw==","w":640,"url":"u\u00fc","none":null,"tags":["a"]}`, columns: []string{"w", "url", "none", "tags"}, want: row{ID: "17", Image: []byte("jpeg"), Caption: "a cat", Further: map[string]string{"w": "640", "url": "uü", "tags": `["a"]`}}},
		"not JSON":              {value: `{"id":`, want: row{Err: because("unexpected end")}},
		"an array":              {value: `[]`, want: row{Err: because("cannot unmarshal array")}},
		"null":                  {value: `null`, want: row{ID: "key", Err: because(`no field "caption"`)}},
		"not UTF-8":             {value: "{\"caption\":\"\xff\"}", want: row{Err: because("not UTF-8")}},
		"half a surrogate pair": {value: `{"id":"17","caption":"\ud83d","image":"anBlZw=="}`, want: row{ID: "17", Err: because("half a surrogate")}},
		"replacement character": {value: `{"id":"17","caption":"\uFFFD","image":"anBlZw=="}`, want: row{ID: "17", Image: []byte("jpeg"), Caption: "\uFFFD"}},
		"no caption":            {value: `{"id":"17","image":"anBlZw=="}`, want: row{ID: "17", Err: because(`no field "caption"`)}},
		"caption null":          {value: `{"id":"17","caption":null,"image":"anBlZw=="}`, want: row{ID: "17", Err: because("not a string")}},
		"no picture":            {value: `{"id":"17","caption":"a cat"}`, want: row{ID: "17", Err: because(`no field "image" or "path"`)}},
		"empty picture":         {value: `{"id":"17","caption":"a cat","image":""}`, want: row{ID: "17", Err: because("empty")}},
		"not base64":            {value: `{"id":"17","caption":"a cat","image":"*"}`, want: row{ID: "17", Err: because("illegal base64")}},
		"path up":               {value: `{"id":"17","caption":"a cat","path":"../secret.jpg"}`, want: row{ID: "17", Err: because("not a path within")}},
		"absolute path outside": {value: `{"id":"17","caption":"a cat","path":"` + dir + `/secret.jpg"}`, want: row{ID: "17", Err: because("not a path within")}},
		"link out":              {value: `{"id":"17","caption":"a cat","path":"link.jpg"}`, want: row{ID: "17", Err: because("path escapes")}},
		"a pipe":                {value: `{"id":"17","caption":"a cat","path":"pipe.jpg"}`, want: row{ID: "17", Err: because("not a regular file")}},
		"a directory":           {value: `{"id":"17","caption":"a cat","path":"cats"}`, want: row{ID: "17", Err: because("not a regular file")}},
		"no such file":          {value: `{"id":"17","caption":"a cat","path":"dog.jpg"}`, want: row{ID: "17", Err: because("no such file")}},
		"empty file":            {value: `{"id":"17","caption":"a cat","path":"empty.jpg"}`, want: row{ID: "17", Err: because("empty")}},
		"large file":            {value: `{"id":"17","caption":"a cat","path":"large.jpg"}`, want: row{ID: "17", Err: because("the limit is 1048576")}},
		"url, but a directory":  {value: `{"id":"17","caption":"a cat","url":"https://example.com/a.jpg"}`, want: row{ID: "17", Err: because("no such file")}},
	} {
		t.Run(name, func(t *testing.T) {
			m := message.Message{Key: []byte("key"), Value: []byte(test.value)}
			if test.want.Err != nil && test.want.ID == "" {
				m.Key = nil
			}
			checkRows(t, message.JSON{Root: root}, m, test.columns, test.want)
		})
	}
	t.Run("tombstone", func(t *testing.T) {
		checkRows(t, message.JSON{}, message.Message{}, nil, row{Err: because("tombstone")})
	})
	t.Run("path without a root", func(t *testing.T) {
		m := message.Message{Value: []byte(`{"id":"17","caption":"a cat","path":"cats/17.jpg"}`)}
		checkRows(t, message.JSON{}, m, nil, row{ID: "17", Err: because("no root")})
	})
	t.Run("by Python", func(t *testing.T) {
		m := message.Message{Value: readFile(t, "testdata/unicode.json")}
		checkRows(t, message.JSON{}, m, []string{"width", "url"},
			row{ID: "17", Image: []byte{0xff, 0xd8, 0x2f}, Caption: "a 🐈 “cat”", Further: map[string]string{"width": "640"}})
	})
}

func TestJSONThatNameAddresses(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("other")) }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/pairs/cats/17.jpg":
			w.Write([]byte("jpeg"))
		case "/pairs/moved.jpg":
			http.Redirect(w, r, "cats/17.jpg", http.StatusFound)
		case "/pairs/away.jpg":
			http.Redirect(w, r, other.URL+"/pairs/x.jpg", http.StatusFound)
		case "/pairs/up.jpg":
			http.Redirect(w, r, "/secret.jpg", http.StatusFound)
		case "/pairs/large.jpg":
			w.Write(make([]byte, 1<<20+1))
		case "/secret.jpg":
			w.Write([]byte("secret"))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	root := server.URL + "/pairs/"
	for path, want := range map[string]row{
		"cats/17.jpg":                {Image: []byte("jpeg")},
		root + "cats/17.jpg":         {Image: []byte("jpeg")},
		"moved.jpg":                  {Image: []byte("jpeg")},
		"away.jpg":                   {Err: because("leads out of")},
		"up.jpg":                     {Err: because("leads out of")},
		"../secret.jpg":              {Err: because("leads out of")},
		"%2e%2e/secret.jpg":          {Err: because("leads out of")},
		"/secret.jpg":                {Err: because("leads out of")},
		server.URL + "/pairs2/a.jpg": {Err: because("leads out of")},
		"//example.com/pairs/17.jpg": {Err: because("leads out of")},
		other.URL + "/pairs/17.jpg":  {Err: because("leads out of")},
		"file:///etc/passwd":         {Err: because("leads out of")},
		"none.jpg":                   {Err: because("404")},
		"large.jpg":                  {Err: because("the limit is 1048576")},
		"http://[":                   {Err: because("missing ']'")},
	} {
		t.Run(path, func(t *testing.T) {
			value, err := json.Marshal(map[string]string{"id": "17", "caption": "a cat", "url": path})
			if err != nil {
				t.Fatal(err)
			}
			want.ID, want.Caption = "17", "a cat"
			checkRows(t, message.JSON{Root: root}, message.Message{Value: value}, nil, want)
		})
	}
}

func TestArrow(t *testing.T) {
	for _, name := range []string{"plain", "lz4", "zstd"} {
		t.Run(name, func(t *testing.T) {
			m := message.Message{Value: readFile(t, "testdata/"+name+".arrows")}
			checkRows(t, message.Arrow{}, m, []string{"width", "url", "none"},
				row{ID: "a", Image: []byte("\xff\xd8one"), Caption: "one", Further: map[string]string{"width": "640", "url": "https://example.com/a"}},
				row{ID: "b", Image: []byte("\xff\xd8two"), Caption: "zwei ü", Further: map[string]string{"url": ""}},
				row{ID: "c", Err: because("null")},
				row{ID: "d", Err: because("the caption is null")})
		})
	}
	plain := readFile(t, "testdata/plain.arrows")
	for name, value := range map[string][]byte{
		"a tombstone":       nil,
		"nothing":           {},
		"text":              []byte("{\"id\":\"17\"}"),
		"a length of 4 GB":  {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"cut":               plain[:len(plain)-100],
		"cut in the schema": plain[:20],
		"something behind":  append(bytes.Clone(plain), 1, 2, 3, 4),
		"half of it":        plain[:len(plain)/2],
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := message.Arrow{}.Decode(t.Context(), message.Message{Value: value}, message.Wants{Picture: 1 << 20, Bytes: 1 << 20})
			if err == nil {
				t.Errorf("%d rows and no error", len(rows))
			}
		})
	}
	t.Run("more than may be decoded", func(t *testing.T) {
		zstd := readFile(t, "testdata/zstd.arrows")
		_, err := message.Arrow{}.Decode(t.Context(), message.Message{Value: zstd}, message.Wants{Bytes: 256})
		if err == nil || !strings.Contains(err.Error(), "may be decoded") {
			t.Errorf("%v", err)
		}
	})
}

// A byte of a message that is another is an error or a bad row, or is part of a value, but not the end of the process.
// Some lead Arrow's reader to allocate hundreds of gigabytes.
func TestArrowSurviveAnyByte(t *testing.T) {
	for name, step := range map[string]int{"plain": 1, "lz4": 23, "zstd": 23} {
		good := readFile(t, "testdata/"+name+".arrows")
		value := bytes.Clone(good)
		for i := 0; i < len(good); i += step {
			for _, other := range []byte{0, 1, 0x7f, 0x80, 0xff, good[i] ^ 4} {
				value[i] = other
				rows, err := message.Arrow{}.Decode(t.Context(), message.Message{Value: value}, message.Wants{Columns: []string{"width", "url"}, Picture: 1 << 20, Bytes: 1 << 20})
				if err == nil && len(rows) > 4 {
					t.Errorf("%s with %#x at %d: %d rows of 4", name, other, i, len(rows))
				}
			}
			value[i] = good[i]
		}
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// fuzzDecoder looks for messages that a decoder does not survive, or whose rows no batch could hold.
func fuzzDecoder(f *testing.F, d message.Decoder) {
	f.Fuzz(func(t *testing.T, key, value, caption []byte) {
		m := message.Message{Key: key, Value: value, Headers: []message.Header{{Key: "caption", Value: caption}}}
		rows, err := d.Decode(context.Background(), m, message.Wants{Columns: []string{"url"}, Picture: 1 << 20, Bytes: 1 << 20})
		if err == nil && int64(len(rows)) > d.MaxRows() {
			t.Errorf("%d rows", len(rows))
		}
		for _, r := range rows {
			if !utf8.ValidString(r.ID) {
				t.Errorf("id %q", r.ID)
			}
			if r.Err == nil && (len(r.Image) == 0 || !utf8.ValidString(r.Caption) || !utf8.ValidString(r.Further["url"])) {
				t.Errorf("row %+v", r)
			}
		}
	})
}

func FuzzRaw(f *testing.F) {
	f.Add([]byte("17"), []byte("jpeg"), []byte("a cat"))
	f.Add([]byte{0xff}, []byte{}, []byte{0xff})
	fuzzDecoder(f, message.Raw{})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte("17"), []byte(`{"id":17,"caption":"a cat","image":"`+base64.StdEncoding.EncodeToString([]byte("jpeg"))+`","url":"u"}`), []byte{})
	f.Add([]byte{}, []byte(`{"id":"17","caption":"\ud83d","image":"\/9gv"}`), []byte{})
	f.Add([]byte{}, readFile(f, "testdata/unicode.json"), []byte{})
	fuzzDecoder(f, message.JSON{})
}

func FuzzArrow(f *testing.F) {
	for _, name := range []string{"plain", "lz4", "zstd"} {
		f.Add([]byte{}, readFile(f, "testdata/"+name+".arrows"), []byte{})
	}
	fuzzDecoder(f, message.Arrow{})
}
