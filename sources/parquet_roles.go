package sources

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pairstream/pairstream/sources/internal/parquetfile"
)

// What columns of Parquet files are called beside what those of lists are. Pictures come before paths of pictures.
var (
	parquetImageNames   = append([]string{"image", "jpg", "jpeg", "png", "webp", "img", "picture", "image_bytes", "bytes"}, imageNames...)
	parquetCaptionNames = append(slices.Clone(captionNames), "captions", "texts", "sentences")
	parquetIDNames      = append(slices.Clone(idNames), "sample_id", "image_id", "__key__")
	// statusNames say why a picture is missing, as img2dataset has it.
	statusNames = []string{"status", "error_message"}
)

// parquetRoles say which columns are what: they are chosen by the first file, and hold for all.
type parquetRoles struct {
	image, caption string
	scalars        []arrow.Field // all other columns that are read
	id             int           // index into scalars; -1 where rows are numbered
	status         []int
	further        []int
	called         []arrow.Field // what further columns are called in a batch
	where          []comparison
	filters        []int // the columns of where
}

// choose chooses among the columns of a file.
func (p *Parquet) choose(fields []parquetfile.Field) (*parquetRoles, error) {
	image, err := pick(fields, p.ImageColumn, parquetImageNames, "ImageColumn", "image", isImage)
	if err != nil {
		return nil, err
	}
	caption, err := pick(fields, p.CaptionColumn, parquetCaptionNames, "CaptionColumn", "caption", isText)
	if err != nil {
		return nil, err
	}
	r := &parquetRoles{image: image.Name, caption: caption.Name, id: -1}
	id, err := pick(fields, p.IDColumn, parquetIDNames, "IDColumn", "id", isID)
	if err == nil {
		r.id = r.scalar(id)
	} else if p.IDColumn != "" {
		return nil, err
	}
	for _, name := range statusNames {
		if status, err := pick(fields, name, nil, "", "", isScalar); err == nil && status.Type.ID() == arrow.STRING {
			r.status = append(r.status, r.scalar(status))
		}
	}
	if err := r.chooseFurther(fields, p.Columns, id.Name); err != nil {
		return nil, err
	}
	if r.where, err = parseWhere(p.Where); err != nil {
		return nil, err
	}
	for _, c := range r.where {
		field, err := pick(fields, c.column, nil, "", "", isScalar)
		if err != nil {
			return nil, fmt.Errorf("where: %w", err)
		}
		if err := c.check(field.Type); err != nil {
			return nil, err
		}
		r.filters = append(r.filters, r.scalar(field))
	}
	return r, nil
}

// chooseFurther chooses the columns that ride along: the named ones, or all scalars without another role.
func (r *parquetRoles) chooseFurther(fields []parquetfile.Field, names []string, id string) error {
	if names == nil {
		for _, f := range fields {
			if isScalar(f) && f.Type.ID() != arrow.BINARY && f.Name != r.image && f.Name != r.caption && f.Name != id {
				names = append(names, f.Name)
			}
		}
	}
	if slices.Contains(names, r.image) {
		return fmt.Errorf("the picture's column %q cannot ride along too", r.image)
	}
	f, err := furtherOf(names)
	if err != nil {
		return err
	}
	for i, name := range f.names {
		field, err := pick(fields, names[f.indexes[i]], nil, "", "", isScalar)
		if err != nil {
			return err
		}
		r.further = append(r.further, r.scalar(field))
		r.called = append(r.called, arrow.Field{Name: name, Type: field.Type, Nullable: true})
	}
	return nil
}

// scalar returns the index of a column among the scalars, to which it adds new ones.
func (r *parquetRoles) scalar(f parquetfile.Field) int {
	if i := slices.IndexFunc(r.scalars, func(s arrow.Field) bool { return s.Name == f.Name }); i >= 0 {
		return i
	}
	r.scalars = append(r.scalars, arrow.Field{Name: f.Name, Type: f.Type})
	return len(r.scalars) - 1
}

// pick returns the column of a name, or the first of some that it may have, in any case, that fits.
func pick(fields []parquetfile.Field, name string, names []string, setting, option string, fits func(parquetfile.Field) bool) (parquetfile.Field, error) {
	if name != "" {
		i := slices.IndexFunc(fields, func(f parquetfile.Field) bool { return f.Name == name })
		if i < 0 {
			return parquetfile.Field{}, fmt.Errorf("no column %q among %s", name, quoted(fieldNames(fields)))
		}
		if !fits(fields[i]) {
			return parquetfile.Field{}, fmt.Errorf("column %q is of a type that is not supported there", name)
		}
		return fields[i], nil
	}
	for _, name := range names {
		for _, f := range fields {
			if strings.EqualFold(f.Name, name) && fits(f) {
				return f, nil
			}
		}
	}
	return parquetfile.Field{}, fmt.Errorf("none of the columns %s is one that is called %s: name one as %s (in an address: ?%s=)",
		quoted(fieldNames(fields)), strings.Join(names, ", "), setting, option)
}

func fieldNames(fields []parquetfile.Field) []string {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return names
}

func isScalar(f parquetfile.Field) bool { return f.Type != nil && !f.List }

func isText(f parquetfile.Field) bool {
	return f.Type != nil && (f.Type.ID() == arrow.STRING || f.Type.ID() == arrow.BINARY)
}

// isImage accepts pictures, and strings, which are paths.
func isImage(f parquetfile.Field) bool { return f.IsPicture || isText(f) && !f.List }

func isID(f parquetfile.Field) bool {
	return isScalar(f) && (isText(f) || arrow.IsInteger(f.Type.ID()))
}

// leaves are the columns of a file by their roles.
type leaves struct {
	bytes, path int // of pictures; -1 where there is none
	caption     int
	scalars     []int
}

// errOtherColumns is wrapped in the errors of files whose columns are not those of the first.
var errOtherColumns = errors.New("the columns are not those of the first file")

// find finds the columns in a file.
func (r *parquetRoles) find(fields []parquetfile.Field) (leaves, error) {
	image, err := pick(fields, r.image, nil, "", "", isImage)
	if err != nil {
		return leaves{}, fmt.Errorf("%w: %w", errOtherColumns, err)
	}
	l := leaves{bytes: image.Bytes, path: image.Path}
	switch {
	case image.IsPicture:
	case image.Type.ID() == arrow.STRING:
		l.path = image.Leaf
	default:
		l.bytes = image.Leaf
	}
	caption, err := pick(fields, r.caption, nil, "", "", isText)
	if err != nil {
		return leaves{}, fmt.Errorf("%w: %w", errOtherColumns, err)
	}
	l.caption = caption.Leaf
	for _, s := range r.scalars {
		field, err := pick(fields, s.Name, nil, "", "", isScalar)
		if err == nil && !arrow.TypeEqual(field.Type, s.Type) {
			err = fmt.Errorf("column %q is of %v, not %v", s.Name, field.Type, s.Type)
		}
		if err != nil {
			return leaves{}, fmt.Errorf("%w: %w", errOtherColumns, err)
		}
		l.scalars = append(l.scalars, field.Leaf)
	}
	return l, nil
}
