package tokenizer

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/rivo/uniseg"
)

// charsmap is a precompiled map from strings to what they are normalised to, as sentencepiece writes it: a double-array trie
// (github.com/s-yata/darts-clone) whose values are places in a list of strings that end in a zero byte.
type charsmap struct {
	units  []uint32
	values string
}

// readCharsmap reads the bytes of a map: the size of the trie, the trie, the list.
func readCharsmap(blob []byte) (*charsmap, error) {
	if len(blob) == 0 {
		return nil, nil
	}
	if len(blob) < 4 {
		return nil, errors.New("precompiled_charsmap is cut off")
	}
	size := int64(binary.LittleEndian.Uint32(blob))
	blob = blob[4:]
	if size%4 != 0 || size == 0 || size > int64(len(blob)) || len(blob) == int(size) || blob[len(blob)-1] != 0 {
		return nil, errors.New("precompiled_charsmap is damaged")
	}
	m := &charsmap{units: make([]uint32, size/4), values: string(blob[size:])}
	for i := range m.units {
		m.units[i] = binary.LittleEndian.Uint32(blob[4*i:])
	}
	return m, nil
}

// match calls found with each key that text begins with, the shortest first, until it returns false.
func (m *charsmap) match(text string, found func(n int, value string) bool) {
	const hasLeaf, label = 1 << 8, 1<<31 | 0xff
	offset := func(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }
	at := offset(m.units[0])
	for i := range len(text) {
		at ^= uint32(text[i])
		if int64(at) >= int64(len(m.units)) || m.units[at]&label != uint32(text[i]) {
			return
		}
		unit := m.units[at]
		at ^= offset(unit)
		if unit&hasLeaf == 0 {
			continue
		}
		if int64(at) >= int64(len(m.units)) {
			return
		}
		value := int64(m.units[at] & (1<<31 - 1))
		if value >= int64(len(m.values)) {
			return
		}
		by, _, _ := strings.Cut(m.values[value:], "\x00")
		if !found(i+1, by) {
			return
		}
	}
}

// longest returns what the longest key that text begins with is normalised to, and the key's length, 0 if there is none.
func (m *charsmap) longest(text string) (by string, n int) {
	m.match(text, func(length int, value string) bool {
		by, n = value, length
		return true
	})
	return by, n
}

// replace normalises a text as Hugging Face's tokenizers library does: by grapheme clusters if they are short, else by
// characters, of which it looks up the shortest key that they begin with and replaces all.
func (m *charsmap) replace(text string) string {
	var out strings.Builder
	one := func(part string) (by string, ok bool) {
		m.match(part, func(_ int, value string) bool {
			by, ok = value, true
			return false
		})
		return by, ok
	}
	for state := -1; text != ""; {
		var cluster string
		cluster, text, _, state = uniseg.FirstGraphemeClusterInString(text, state)
		if len(cluster) < 6 {
			if by, ok := one(cluster); ok {
				out.WriteString(by)
				continue
			}
		}
		for _, r := range cluster {
			char := string(r)
			if by, ok := one(char); ok {
				char = by
			}
			out.WriteString(char)
		}
	}
	return out.String()
}
