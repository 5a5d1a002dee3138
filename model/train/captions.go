package train

import "encoding/binary"

// numberCaptions gives each row of tokens (N, length) a number, the same to the same captions, and counts those that
// came before.
func numberCaptions(tokens []int32, length int) (numbers []int32, duplicates int) {
	known := map[string]int32{}
	var key []byte
	for from := 0; from < len(tokens); from += length {
		key = key[:0]
		for _, id := range tokens[from : from+length] {
			key = binary.LittleEndian.AppendUint32(key, uint32(id))
		}
		number, again := known[string(key)]
		if again {
			duplicates++
		} else {
			number = int32(len(known))
			known[string(key)] = number
		}
		numbers = append(numbers, number)
	}
	return numbers, duplicates
}
