package sinks

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// An appender appends value i of an array as JSON.
type appender func(dst []byte, i int) ([]byte, error)

// objectAppender appends row i of columns as an object.
//
// It stands in for arrow's array.RecordToJSON, which sorts the columns by name, mends text that is not UTF-8 without a
// word, and writes embeddings at a quarter of the pace.
func objectAppender(fields []arrow.Field, columns []arrow.Array) appender {
	keys := make([][]byte, len(columns))
	values := make([]appender, len(columns))
	for i, c := range columns {
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		keys[i] = append(appendString([]byte{before}, fields[i].Name), ':')
		values[i] = valueAppender(c)
	}
	return func(dst []byte, row int) ([]byte, error) {
		if len(columns) == 0 {
			return append(dst, "{}"...), nil
		}
		for i, value := range values {
			var err error
			if dst, err = value(append(dst, keys[i]...), row); err != nil {
				return dst, fmt.Errorf("column %q: %w", fields[i].Name, err)
			}
		}
		return append(dst, '}'), nil
	}
}

// valueAppender appends the values of an array, and null for those that are null.
func valueAppender(a arrow.Array) appender {
	value := presentAppender(a)
	if a.NullN() == 0 {
		return value
	}
	return func(dst []byte, i int) ([]byte, error) {
		if a.IsNull(i) {
			return append(dst, "null"...), nil
		}
		return value(dst, i)
	}
}

// presentAppender appends the values of an array that are not null.
func presentAppender(a arrow.Array) appender {
	switch a := a.(type) {
	case *array.Float32:
		return func(dst []byte, i int) ([]byte, error) { return appendFloat(dst, float64(a.Value(i)), 32), nil }
	case *array.Float64:
		return func(dst []byte, i int) ([]byte, error) { return appendFloat(dst, a.Value(i), 64), nil }
	case *array.Float16:
		return func(dst []byte, i int) ([]byte, error) {
			return appendFloat(dst, float64(a.Value(i).Float32()), 32), nil
		}
	case *array.Int32:
		return func(dst []byte, i int) ([]byte, error) { return strconv.AppendInt(dst, int64(a.Value(i)), 10), nil }
	case *array.Int64:
		return func(dst []byte, i int) ([]byte, error) { return strconv.AppendInt(dst, a.Value(i), 10), nil }
	case array.StringLike:
		return func(dst []byte, i int) ([]byte, error) {
			if text := a.Value(i); utf8.ValidString(text) {
				return appendString(dst, text), nil
			}
			return dst, errNotUTF8
		}
	case array.ListLike:
		return listAppender(a)
	case *array.Struct:
		fields := make([]arrow.Array, a.NumField())
		for i := range fields {
			fields[i] = a.Field(i)
		}
		return objectAppender(a.DataType().(*arrow.StructType).Fields(), fields)
	case *array.Dictionary:
		values := valueAppender(a.Dictionary())
		return func(dst []byte, i int) ([]byte, error) { return values(dst, a.GetValueIndex(i)) }
	}
	return func(dst []byte, i int) ([]byte, error) {
		value, err := json.Marshal(a.GetOneForMarshal(i))
		return append(dst, value...), err
	}
}

var errNotUTF8 = errors.New("not UTF-8")

func listAppender(a array.ListLike) appender {
	element := valueAppender(a.ListValues())
	return func(dst []byte, i int) ([]byte, error) {
		from, to := a.ValueOffsets(i)
		dst = append(dst, '[')
		for j := int(from); j < int(to); j++ {
			if j > int(from) {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = element(dst, j); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	}
}

// appendFloat appends the shortest decimal that is a float of so many bits; null where it is not finite. Like
// JavaScript, it goes over to exponents below 1e-6 and from 1e21.
func appendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	format := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, bits)
}

// appendString appends text, which is UTF-8, in quotes.
func appendString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	done := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			const hex = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(dst, text[done:]...), '"')
}
