package parquetfile

import (
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// A Field is a column of the top of a schema, as far as it can be read. Leaves are what Column.Open takes.
type Field struct {
	Name string
	Type arrow.DataType // of a scalar, or of the elements of a list; nil where it cannot be read
	Leaf int            // of the scalar or the elements
	List bool

	IsPicture   bool // a struct of a picture's bytes, its path, or both
	Bytes, Path int  // their leaves; -1 where there is none
}

// Fields returns the columns of a file.
func (f *File) Fields() (fields []Field, err error) {
	err = f.Decode("schema", func() error {
		root := f.meta.Schema.Root()
		for i := range root.NumFields() {
			fields = append(fields, fieldOf(f.meta.Schema, root.Field(i)))
		}
		return nil
	})
	return fields, err
}

func fieldOf(s *schema.Schema, node schema.Node) Field {
	field := Field{Name: node.Name(), Bytes: -1, Path: -1}
	if !utf8.ValidString(field.Name) { // which a column in memory must be
		return field
	}
	if typ, leaf := scalarOf(s, node); typ != nil {
		field.Type, field.Leaf, field.List = typ, leaf, node.RepetitionType() == parquet.Repetitions.Repeated
		return field
	}
	group, ok := node.(*schema.GroupNode)
	if !ok || node.RepetitionType() == parquet.Repetitions.Repeated {
		return field
	}
	for i := range group.NumFields() {
		child := group.Field(i)
		typ, leaf := scalarOf(s, child)
		switch {
		case child.RepetitionType() == parquet.Repetitions.Repeated:
			if elements, ok := child.(*schema.GroupNode); ok && elements.NumFields() == 1 {
				typ, leaf = scalarOf(s, elements.Field(0))
			}
			if group.NumFields() == 1 && typ != nil && s.Column(leaf).MaxRepetitionLevel() == 1 {
				field.Type, field.Leaf, field.List = typ, leaf, true
			}
		case child.Name() == "bytes" && typ == arrow.BinaryTypes.Binary:
			field.Bytes, field.IsPicture = leaf, true
		case child.Name() == "path" && typ == arrow.BinaryTypes.String:
			field.Path, field.IsPicture = leaf, true
		}
	}
	return field
}

// scalarOf returns the type that values of a leaf are carried as, which has the bits of the physical one, and the leaf's
// index; nil where they cannot be.
func scalarOf(s *schema.Schema, node schema.Node) (typ arrow.DataType, leaf int) {
	primitive, ok := node.(*schema.PrimitiveNode)
	if !ok {
		return nil, -1
	}
	leaf = s.ColumnIndexByNode(node)
	switch primitive.PhysicalType() {
	case parquet.Types.Boolean:
		return arrow.FixedWidthTypes.Boolean, leaf
	case parquet.Types.Float:
		return arrow.PrimitiveTypes.Float32, leaf
	case parquet.Types.Double:
		return arrow.PrimitiveTypes.Float64, leaf
	case parquet.Types.ByteArray:
		switch node.LogicalType().(type) {
		case schema.StringLogicalType, schema.EnumLogicalType, schema.JSONLogicalType:
			return arrow.BinaryTypes.String, leaf
		case schema.NoLogicalType:
			return arrow.BinaryTypes.Binary, leaf
		}
	case parquet.Types.Int32:
		return integerOf(node.LogicalType(), arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Uint32), leaf
	case parquet.Types.Int64:
		return integerOf(node.LogicalType(), arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Uint64), leaf
	}
	return nil, -1
}

// integerOf returns the type of integers: narrow ones are as wide as they are in the file.
func integerOf(logical schema.LogicalType, signed, unsigned arrow.DataType) arrow.DataType {
	switch l := logical.(type) {
	case schema.NoLogicalType:
		return signed
	case *schema.IntLogicalType:
		if l.IsSigned() {
			return signed
		}
		return unsigned
	case schema.DateLogicalType:
		return arrow.FixedWidthTypes.Date32
	case *schema.TimestampLogicalType:
		typ := &arrow.TimestampType{Unit: arrow.Millisecond}
		switch l.TimeUnit() {
		case schema.TimeUnitMicros:
			typ.Unit = arrow.Microsecond
		case schema.TimeUnitNanos:
			typ.Unit = arrow.Nanosecond
		}
		if l.IsAdjustedToUTC() {
			typ.TimeZone = "UTC"
		}
		return typ
	}
	return nil
}
