package tokenizer

// alphabet holds the bytes in the order of their ids: first those that are printable in Latin-1, then the others.
var alphabet = func() (order []byte) {
	var rest []byte
	for c := range 256 {
		if '!' <= c && c <= '~' || '¡' <= c && c <= '¬' || '®' <= c && c <= 'ÿ' {
			order = append(order, byte(c))
		} else {
			rest = append(rest, byte(c))
		}
	}
	return append(order, rest...)
}()

// printable counts the bytes that stand for themselves in files.
const printable = 188

// byteIDs holds the id of each byte; letters the letter that files write for it, which is never a space.
var byteIDs, letters = func() (ids [256]int32, letters [256]rune) {
	for id, c := range alphabet {
		ids[c], letters[c] = int32(id), rune(c)
		if id >= printable {
			letters[c] = rune(256 + id - printable)
		}
	}
	return ids, letters
}()
