package message

import (
	"context"
	"fmt"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// Raw messages have a picture as their value and its caption in the header "caption". The id is in the header "id",
// else it is the key. Further columns are headers of their names.
type Raw struct{}

// MaxRows returns one.
func (Raw) MaxRows() int64 { return 1 }

// Decode returns the message as a row.
func (Raw) Decode(_ context.Context, m Message, want Wants) ([]Row, error) {
	row := Row{ID: m.KeyID(), Image: m.Value}
	text := func(key string) (string, bool) {
		value, ok := m.Header(key)
		if ok && row.Err == nil {
			row.Err = checkText(fmt.Sprintf("header %q", key), string(value))
		}
		return string(value), ok && row.Err == nil
	}
	if id, ok := text(batch.ID); ok {
		row.ID = id
	}
	caption, ok := text(batch.Caption)
	if !ok && row.Err == nil {
		row.Err = fmt.Errorf("no header %q", batch.Caption)
	}
	row.Caption = caption
	if len(m.Value) == 0 && row.Err == nil {
		row.Err = fmt.Errorf("the value is empty: no picture")
		if m.Value == nil {
			row.Err = errNullValue
		}
	}
	for _, column := range want.Columns {
		if value, ok := text(column); ok {
			row.set(column, value)
		}
	}
	return []Row{row}, nil
}
