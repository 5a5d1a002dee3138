package message

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// readPicture reads the picture of a path, which may not leave root: a directory, or the beginning of an HTTP address.
func readPicture(ctx context.Context, root, path string, most int64) ([]byte, error) {
	switch {
	case root == "":
		return nil, fmt.Errorf("%q is a path, and no root is given for paths", path)
	case strings.HasPrefix(root, "http://") || strings.HasPrefix(root, "https://"):
		return getPicture(ctx, root, path, most)
	}
	return openPicture(root, path, most)
}

// openPicture reads a file under a directory.
func openPicture(root, path string, most int64) ([]byte, error) {
	name := filepath.FromSlash(path)
	if filepath.IsAbs(name) {
		base, err := filepath.Abs(root)
		if err != nil {
			return nil, err
		}
		if name, err = filepath.Rel(base, name); err != nil {
			return nil, err
		}
	}
	if !filepath.IsLocal(name) {
		return nil, fmt.Errorf("%q is not a path within the folder %s", path, root)
	}
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	file, err := dir.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // not to wait for the writer of a FIFO
	var inner *fs.PathError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	if err != nil {
		return nil, fmt.Errorf("%q: %w", path, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is not a regular file", path)
	}
	return readAll(file, path, info.Size(), most)
}

// getPicture reads what an address under root leads to.
func getPicture(ctx context.Context, root, address string, most int64) ([]byte, error) {
	base, err := url.Parse(root)
	if err != nil {
		return nil, err
	}
	at, err := base.Parse(address)
	if err != nil {
		return nil, err
	}
	within := func(u *url.URL) error {
		inside := strings.HasPrefix(path.Clean("/"+u.Path), strings.TrimSuffix(base.Path, "/")+"/")
		if u.Scheme != base.Scheme || u.Host != base.Host || !inside {
			return fmt.Errorf("%s leads out of %s", u.Redacted(), base.Redacted())
		}
		return nil
	}
	if err := within(at); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{Timeout: pictureTimeout, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) == 10 {
			return errors.New("ten redirections")
		}
		return within(r.URL)
	}}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", at.Redacted(), response.Status)
	}
	return readAll(response.Body, at.Redacted(), response.ContentLength, most)
}

const pictureTimeout = 30 * time.Second

// readAll reads a picture that is said to have so many bytes, at most so many of them; -1 is not known.
func readAll(r io.Reader, name string, size, most int64) (data []byte, err error) {
	if size <= most {
		if data, err = io.ReadAll(io.LimitReader(r, most+1)); err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		size = int64(len(data))
	}
	switch {
	case size == 0:
		return nil, fmt.Errorf("%q is empty", name)
	case size > most:
		return nil, fmt.Errorf("%q has %d bytes: the limit is %d", name, size, most)
	}
	return data, nil
}
