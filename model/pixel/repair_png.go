package pixel

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// repairPNG returns a sound PNG of the chunks in head and the picture data, whose own chunks are cut or fail
// their checksums, or that nothing ends. Pillow looks past that: it takes the rows it needs, and only what does
// not inflate to them is an error. libpng would fill what it misses with black.
func repairPNG(head []byte, data [][]byte) ([]byte, error) {
	passes, size := pngPasses(head[len(pngSignature)+8:])
	rows := make([]byte, size)
	parts := make([]io.Reader, len(data))
	for i, p := range data {
		parts[i] = bytes.NewReader(p)
	}
	z, err := zlib.NewReader(io.MultiReader(parts...))
	if err == nil {
		_, err = io.ReadFull(z, rows)
	}
	if err == nil {
		// The checksum of the data counts where it follows the last row and is not cut.
		if _, end := z.Read(make([]byte, 1)); errors.Is(end, zlib.ErrChecksum) {
			err = end
		}
	}
	if err != nil {
		cut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		return nil, fmt.Errorf("png: %w: picture data: %v", truncatedOr(ErrCorrupt, cut), err)
	}
	rest := rows
	for _, p := range passes {
		for range p.rows {
			if rest[0] > 4 {
				return nil, fmt.Errorf("png: %w: filter %d", ErrCorrupt, rest[0])
			}
			rest = rest[p.bytes:]
		}
	}

	whole := bytes.NewBuffer(append(make([]byte, 0, len(head)+size+size>>12+64), head...))
	whole.WriteString("\x00\x00\x00\x00IDAT")
	stored, _ := zlib.NewWriterLevel(whole, zlib.NoCompression)
	stored.Write(rows)
	stored.Close()
	out := whole.Bytes()
	binary.BigEndian.PutUint32(out[len(head):], uint32(len(out)-len(head)-8))
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[len(head)+4:]))
	return append(out, "\x00\x00\x00\x00IEND\xae\x42\x60\x82"...), nil
}

// pngPass is a pass over an interlaced picture, or all of another: rows of bytes, each behind the number of its
// filter.
type pngPass struct{ rows, bytes int }

// pngPasses returns the passes of a header, and how many bytes they have together.
func pngPasses(ihdr []byte) (passes []pngPass, size int) {
	w, h := int(binary.BigEndian.Uint32(ihdr)), int(binary.BigEndian.Uint32(ihdr[4:]))
	bits := int(ihdr[8]) * [...]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[ihdr[9]]
	grid := [][4]int{{0, 0, 1, 1}} // first column and row, steps between columns and rows
	if ihdr[12] != 0 {
		grid = [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
	}
	for _, g := range grid {
		columns, rows := (w-g[0]+g[2]-1)/g[2], (h-g[1]+g[3]-1)/g[3]
		if columns > 0 && rows > 0 {
			p := pngPass{rows: rows, bytes: 1 + (columns*bits+7)/8}
			passes, size = append(passes, p), size+p.rows*p.bytes
		}
	}
	return passes, size
}
