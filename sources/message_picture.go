package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
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
	if filepath.IsAbs(path) {
		base, err := filepath.Abs(root)
		if err != nil {
			return nil, err
		}
		if path, err = filepath.Rel(base, path); err != nil {
			return nil, err
		}
	}
	return openPicture(root, path, most)
}

// openPicture reads a file under a directory.
func openPicture(root, path string, most int64) ([]byte, error) {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	f := files{root: dir}
	return f.read(filepath.ToSlash(path), most)
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
	if response.ContentLength > most {
		return nil, tooLarge(at.Redacted(), response.ContentLength, most)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	switch size := int64(len(data)); {
	case err != nil:
		return nil, err
	case size == 0:
		return nil, emptyFile(at.Redacted())
	case size > most:
		return nil, tooLarge(at.Redacted(), size, most)
	}
	return data, nil
}

const pictureTimeout = 30 * time.Second
