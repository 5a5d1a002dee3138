package sources

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/pairstream/pairstream/internal/store"
)

// readOnly opens a file for reading, and a FIFO too, without waiting for its writer.
const readOnly = os.O_RDONLY | syscall.O_NONBLOCK

// files reads the files of a folder, and none outside it: by no path and by no symbolic link.
type files struct {
	root   store.Root
	ctx    context.Context // that of opening the source: where it ends, so does reading
	buf    bytes.Buffer
	failed error // of a bucket, not for want of the file: what is wrong is not the row

	admit func(size int64) error // waits until a file may be held; nil: at once
}

// openRoot opens a folder, which may be in a bucket.
func openRoot(ctx context.Context, path string) (store.Root, error) {
	s, dir, err := store.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	root, err := s.OpenRoot(ctx, dir)
	if err != nil {
		return nil, pathError(path, err)
	}
	return root, nil
}

// read returns a file's bytes, valid until the next call. Paths are relative to the folder, with slashes.
func (f *files) read(path string, limit int64) ([]byte, error) {
	if !filepath.IsLocal(filepath.FromSlash(path)) {
		return nil, fmt.Errorf("%q is not a path within the folder %s", path, f.root.Name())
	}
	file, err := f.root.Open(f.ctx, path)
	if err != nil {
		return nil, f.blame(pathError(path, err))
	}
	defer file.Close()
	if info, err := file.Stat(); f.admit != nil && err == nil && info.Size() <= limit {
		if err := f.admit(info.Size()); err != nil {
			return nil, f.blame(pathError(path, err))
		}
	}
	return readFile(&f.buf, blamed{file, f}, path, limit)
}

// blame notes an error of a bucket that says nothing of the file.
func (f *files) blame(err error) error {
	if f.failed == nil && store.IsAddress(f.root.Name()) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) {
		f.failed = err
	}
	return err
}

// A blamed file tells where reading it fails.
type blamed struct {
	store.File
	files *files
}

func (b blamed) Read(p []byte) (int, error) {
	n, err := b.File.Read(p)
	if err != nil && err != io.EOF {
		_ = b.files.blame(err)
	}
	return n, err
}

// readFile reads a regular file of at most limit bytes into buf.
func readFile(buf *bytes.Buffer, file store.File, path string, limit int64) ([]byte, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, pathError(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is not a regular file", path)
	}
	if info.Size() == 0 {
		return nil, emptyFile(path)
	}
	if info.Size() > limit {
		return nil, tooLarge(path, info.Size(), limit)
	}
	buf.Reset()
	buf.Grow(int(info.Size()) + bytes.MinRead)
	if _, err := buf.ReadFrom(io.LimitReader(file, limit+1)); err != nil {
		return nil, pathError(path, err)
	}
	if int64(buf.Len()) > limit { // it grew
		return nil, tooLarge(path, int64(buf.Len()), limit)
	}
	return buf.Bytes(), nil
}

func emptyFile(path string) error { return fmt.Errorf("%q is empty", path) }

func tooLarge(path string, size, limit int64) error {
	return fmt.Errorf("%q has %d bytes: the limit is %d", path, size, limit)
}

// pathError says what is wrong with a path, without its options and without the system call that found out.
func pathError(path string, err error) error {
	path, _ = store.CutOptions(path)
	var e *fs.PathError
	if errors.As(err, &e) {
		err = e.Err
	}
	return fmt.Errorf("%q: %w", path, err)
}

// pictureTypes are the extensions of pictures, the one to take where a sample has several first.
var pictureTypes = []string{"jpg", "png", "jpeg", "webp", "gif"}

// checkName refuses names that cannot be an id.
func checkName(name string) error {
	if !utf8.ValidString(name) {
		return fmt.Errorf("the name %q is not UTF-8", name)
	}
	return nil
}

var (
	errNoCaption      = errors.New("it has no caption")
	errCaptionNotUTF8 = errors.New("the caption is not UTF-8")
)

// captionOf returns the caption that a .txt holds, without white space around it.
func captionOf(text []byte) (string, error) {
	text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	if !utf8.Valid(text) {
		return "", errCaptionNotUTF8
	}
	caption := strings.TrimSpace(string(text))
	if caption == "" {
		return "", errNoCaption
	}
	return caption, nil
}

// byteOrderMark is what some editors put before UTF-8.
const byteOrderMark = "\uFEFF"
