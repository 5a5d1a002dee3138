package sources

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// A comparison is a condition on a column: width >= 256. A null meets none.
type comparison struct {
	column   string
	operator string
	literal  any // string, bool, int64 or float64
}

// comparisonText is a comparison, and the && behind it where another follows.
var comparisonText = regexp.MustCompile(`^\s*([^\s=!<>&"']+)\s*(==|!=|<=|>=|<|>)\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^\s&"']+)\s*(&&|$)`)

// parseWhere reads comparisons that are joined by &&. An empty text has none.
func parseWhere(text string) ([]comparison, error) {
	var all []comparison
	for rest, more := text, strings.TrimSpace(text) != ""; more; {
		match := comparisonText.FindStringSubmatch(rest)
		if match == nil {
			return nil, fmt.Errorf(`where %q: %q is no comparison such as width >= 256 or license == "cc-by"`, text, short(rest))
		}
		literal, err := parseLiteral(match[3])
		if err != nil {
			return nil, fmt.Errorf("where %q: %w", text, err)
		}
		all = append(all, comparison{match[1], match[2], literal})
		rest, more = rest[len(match[0]):], match[4] != ""
	}
	return all, nil
}

func parseLiteral(text string) (any, error) {
	switch text[0] {
	case '"':
		literal, err := strconv.Unquote(text)
		if err != nil {
			return nil, fmt.Errorf("%s is no string", text)
		}
		return literal, nil
	case '\'':
		return text[1 : len(text)-1], nil
	}
	if text == "true" || text == "false" {
		return text == "true", nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(f) {
		return f, nil
	}
	return nil, fmt.Errorf("%q is no number, string in quotes, true or false", text)
}

// check returns an error where a column of a type cannot be compared so.
func (c comparison) check(typ arrow.DataType) error {
	fits := false
	switch c.literal.(type) {
	case string:
		fits = typ.ID() == arrow.STRING
	case bool:
		fits = typ.ID() == arrow.BOOL && (c.operator == "==" || c.operator == "!=")
	default:
		switch typ.ID() {
		case arrow.INT32, arrow.INT64, arrow.UINT32, arrow.UINT64, arrow.FLOAT32, arrow.FLOAT64:
			fits = true
		}
	}
	if !fits {
		return fmt.Errorf("where: column %q of %v cannot be %s %v", c.column, typ, c.operator, c.literal)
	}
	return nil
}

// narrow sets keep to false for the rows that do not meet the condition. The column's type has been checked.
func (c comparison) narrow(keep []bool, column arrow.Array) {
	order := c.order(column)
	for i := range keep {
		keep[i] = keep[i] && column.IsValid(i) && c.met(order(i))
	}
}

// met reports whether the condition is, where a value is below, equal to or above the literal: -1, 0 or 1. NaN, which
// is none of these, is 2.
func (c comparison) met(order int) bool {
	switch c.operator {
	case "==":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order == -1
	case "<=":
		return order == -1 || order == 0
	case ">":
		return order == 1
	default:
		return order == 1 || order == 0
	}
}

// order returns how the values of a column compare with the literal.
func (c comparison) order(column arrow.Array) func(i int) int {
	switch a := column.(type) {
	case *array.String:
		literal := c.literal.(string)
		return func(i int) int { return strings.Compare(a.Value(i), literal) }
	case *array.Boolean:
		literal := c.literal.(bool)
		return func(i int) int {
			if a.Value(i) == literal {
				return 0
			}
			return 1
		}
	case *array.Int32:
		return func(i int) int { return c.orderInteger(int64(a.Value(i))) }
	case *array.Int64:
		return func(i int) int { return c.orderInteger(a.Value(i)) }
	case *array.Uint32:
		return func(i int) int { return c.orderInteger(int64(a.Value(i))) }
	case *array.Uint64:
		return func(i int) int {
			if v := a.Value(i); v > math.MaxInt64 {
				return orderFloat(float64(v), c.float())
			}
			return c.orderInteger(int64(a.Value(i)))
		}
	case *array.Float32: // as precise as the column, so that score >= 0.3 takes the 0.3 that is in the file
		literal := float64(float32(c.float()))
		return func(i int) int { return orderFloat(float64(a.Value(i)), literal) }
	default:
		f := column.(*array.Float64)
		return func(i int) int { return orderFloat(f.Value(i), c.float()) }
	}
}

func (c comparison) orderInteger(v int64) int {
	if literal, ok := c.literal.(int64); ok {
		return cmp.Compare(v, literal)
	}
	return orderFloat(float64(v), c.float())
}

func (c comparison) float() float64 {
	if n, ok := c.literal.(int64); ok {
		return float64(n)
	}
	return c.literal.(float64)
}

func orderFloat(v, literal float64) int {
	if math.IsNaN(v) {
		return 2
	}
	return cmp.Compare(v, literal)
}
