package message

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// JSON messages are objects:
//
//	{"id": "17", "caption": "a cat", "image": "/9j/4AAQ…"}      the picture as base64
//	{"id": "17", "caption": "a cat", "path": "cats/17.jpg"}     under Root
//
// Without "id" the id is the key. A number is as good as its text. Further columns are fields of their names: strings
// as they are, null as null, anything else as its JSON.
type JSON struct {
	// Root is a directory, or the beginning of an HTTP address that ends in a slash, below which pictures may be named
	// by "path", or else by "url". Paths may leave it neither by ".." nor by a link nor by a redirection; addresses
	// begin with it. Where it is empty, pictures are in the messages.
	Root string
}

// MaxRows returns one.
func (JSON) MaxRows() int64 { return 1 }

// Decode returns the object as a row.
func (d JSON) Decode(ctx context.Context, m Message, want Wants) ([]Row, error) {
	if m.Value == nil {
		return nil, errNullValue
	}
	if !utf8.Valid(m.Value) {
		return nil, errors.New("the value is not UTF-8")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(m.Value, &fields); err != nil {
		return nil, err
	}
	row := Row{ID: m.KeyID()}
	if _, ok := fields[batch.ID]; ok {
		if id, err := textOf(fields, batch.ID); err == nil {
			row.ID = id
		} else {
			row.Err = err
		}
	}
	if row.Err == nil {
		row.Caption, row.Err = textOf(fields, batch.Caption)
	}
	if row.Err == nil {
		row.Image, row.Err = d.picture(ctx, fields, want.Picture)
	}
	for _, column := range want.Columns {
		if value, ok := fields[column]; ok && string(value) != "null" {
			text := string(value)
			if value[0] == '"' {
				var err error
				if text, err = textOf(fields, column); err != nil && row.Err == nil {
					row.Err = err
				}
			}
			row.set(column, text)
		}
	}
	return []Row{row}, nil
}

// picture returns the picture that an object holds or names.
func (d JSON) picture(ctx context.Context, fields map[string]json.RawMessage, most int64) ([]byte, error) {
	if value, ok := fields[batch.Image]; ok {
		return decodeBase64(value)
	}
	for _, name := range []string{"path", "url"} {
		if _, ok := fields[name]; ok {
			path, err := textOf(fields, name)
			if err != nil {
				return nil, err
			}
			return readPicture(ctx, d.Root, path, most)
		}
	}
	return nil, errors.New(`no field "image" or "path"`)
}

// decodeBase64 returns what a JSON string stands for.
func decodeBase64(value json.RawMessage) ([]byte, error) {
	text := value
	if len(text) < 2 || text[0] != '"' {
		return nil, errors.New(`field "image" is not a string`)
	}
	text = text[1 : len(text)-1]
	if bytes.IndexByte(text, '\\') >= 0 { // "\/" is allowed
		var unescaped string
		if err := json.Unmarshal(value, &unescaped); err != nil {
			return nil, err
		}
		text = []byte(unescaped)
	}
	image, err := base64.StdEncoding.AppendDecode(nil, text)
	if err == nil && len(image) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return nil, fmt.Errorf(`field "image": %w`, err)
	}
	return image, nil
}

// textOf returns a field that is a string or a number.
func textOf(fields map[string]json.RawMessage, name string) (string, error) {
	value, ok := fields[name]
	switch {
	case !ok:
		return "", fmt.Errorf("no field %q", name)
	case value[0] == '-' || value[0] >= '0' && value[0] <= '9':
		return string(value), nil
	case value[0] != '"':
		return "", fmt.Errorf("field %q is not a string", name)
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return "", fmt.Errorf("field %q: %w", name, err)
	}
	// A half of a surrogate pair, "\ud83d", is decoded as U+FFFD without a word.
	if strings.ContainsRune(text, utf8.RuneError) &&
		!bytes.ContainsRune(value, utf8.RuneError) && !bytes.Contains(bytes.ToLower(value), []byte(`\ufffd`)) {
		return "", fmt.Errorf("field %q has half a surrogate pair", name)
	}
	return text, nil
}
