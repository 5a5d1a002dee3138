package parquetfile

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

var errLevelsCutOff = errors.New("its levels are cut off")

// split returns the definition levels of a decompressed page, none where it has none, and its values.
func (p *pages) split(h pageHeader, data []byte) (definitions, values []byte, err error) {
	if h.kind == dataPageV2 {
		data = data[h.repetition:]
		return data[:h.definition], data[h.definition:], nil
	}
	levels := func() (l []byte) {
		if len(data) < 4 || uint64(binary.LittleEndian.Uint32(data)) > uint64(len(data)-4) {
			err = errLevelsCutOff
			return nil
		}
		end := 4 + int(binary.LittleEndian.Uint32(data))
		l, data = data[4:end], data[end:]
		return l
	}
	if p.column.MaxRepetitionLevel() > 0 {
		levels()
	}
	if !p.required {
		definitions = levels()
	}
	return definitions, data, err
}

// checkLevels returns an error unless there are levels for so many values: runs of one level, and of packed ones.
func checkLevels(levels []byte, deepest int16, values int32) error {
	width := uint64(bits.Len16(uint16(deepest)))
	for left := uint64(values); ; {
		head, size := binary.Uvarint(levels)
		if size <= 0 || head < 2 || head > 1<<32 {
			return errLevelsCutOff
		}
		levels = levels[size:]
		count, bytes := head>>1, (width+7)/8
		if head&1 == 1 {
			count, bytes = count*8, count*width
		}
		if bytes > uint64(len(levels)) {
			if head&1 == 0 {
				return errLevelsCutOff
			}
			bytes = uint64(len(levels)) // of the last groups some writers leave out what is not used
			count = bytes * 8 / width
		}
		if count >= left {
			return nil
		}
		left, levels = left-count, levels[bytes:]
	}
}

// maxAllPresent is the length that allPresent has at most.
const maxAllPresent = 4 + binary.MaxVarintLen32 + 1

// allPresent returns the definition levels of a page without nulls: their length, and one run of ones.
func allPresent(values int32) []byte {
	run := append(binary.AppendUvarint(nil, uint64(values)<<1), 1)
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(run))), run...)
}
