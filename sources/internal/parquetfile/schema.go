package parquetfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/apache/thrift/lib/go/thrift"
)

// maxDepth bounds how deep groups of a schema are nested.
const maxDepth = 64

// checkSchema walks a footer before it is decoded: arrow-go makes room for as many children as a group of the schema
// says it has, goes as deep as groups are nested, and takes a column of unknown repetition for one without nulls. The
// lengths of lists thrift itself compares with the bytes left.
func checkSchema(footer []byte) error {
	var children []int32 // of each group that is open, still to come
	element := func(p thrift.TProtocol) error {
		if n := len(children); n > 0 {
			children[n-1]--
		}
		var repetition, count int32
		numbers := map[int16]*int32{3: &repetition, 5: &count} // repetition_type, num_children
		err := eachField(p, func(id int16, typ thrift.TType) (bool, error) { return readI32(p, typ, numbers[id]) })
		if err != nil {
			return err
		}
		if repetition < 0 || repetition > 2 {
			return fmt.Errorf("a column of the unknown repetition %d", repetition)
		}
		if count < 0 || int(count) > len(footer) || len(children) == maxDepth {
			return fmt.Errorf("a group of %d columns, %d deep in the schema", count, len(children))
		}
		if count > 0 {
			children = append(children, count)
		}
		for len(children) > 0 && children[len(children)-1] == 0 {
			children = children[:len(children)-1]
		}
		return nil
	}
	p := compactProtocol(footer)
	return eachField(p, func(id int16, typ thrift.TType) (bool, error) {
		if id != 2 || typ != thrift.LIST { // schema
			return false, nil
		}
		_, count, err := p.ReadListBegin(context.Background())
		for i := 0; i < count && err == nil; i++ {
			err = element(p)
		}
		if err == nil && len(children) > 0 {
			err = errors.New("groups of the schema lack columns")
		}
		return true, err
	})
}

// compactProtocol reads thrift as Parquet has it.
func compactProtocol(p []byte) *thrift.TCompactProtocol {
	return thrift.NewTCompactProtocolConf(&thrift.TMemoryBuffer{Buffer: bytes.NewBuffer(p)}, &thrift.TConfiguration{})
}

// eachField reads a struct: field by field by a function, which leaves those that it does not know to be skipped.
func eachField(p thrift.TProtocol, field func(id int16, typ thrift.TType) (known bool, err error)) error {
	ctx := context.Background()
	if _, err := p.ReadStructBegin(ctx); err != nil {
		return err
	}
	for {
		_, typ, id, err := p.ReadFieldBegin(ctx)
		if err != nil {
			return err
		}
		if typ == thrift.STOP {
			return p.ReadStructEnd(ctx)
		}
		known, err := field(id, typ)
		if err == nil && !known {
			err = p.Skip(ctx, typ)
		}
		if err == nil {
			err = p.ReadFieldEnd(ctx)
		}
		if err != nil {
			return err
		}
	}
}
