package tokenizer

import "strconv"

// A Flavour says whose ids are wanted. The vocabulary is the same everywhere, and so are the ids of plain English.
// What differs is how other text is cleaned, and what becomes of captions that spell out a special token.
type Flavour uint8

const (
	// OpenAI is the original. Captions are repaired by ftfy (see the package's comment), HTML's character references
	// resolved, and letters lowered. The words <|startoftext|> and <|endoftext|> become Start and End.
	OpenAI Flavour = iota

	// OpenCLIP is SimpleTokenizer of open_clip 3.3.0. It differs in the special tokens, <start_of_text> and
	// <end_of_text>: the original's are ordinary text.
	OpenCLIP

	// HuggingFace is CLIPTokenizer of transformers 5.23.0, with tokenizers 0.23.3. Captions are composed (Unicode's
	// NFC) and letters lowered, nothing else. <|startoftext|> and <|endoftext|> become Start and End even
	// within a word, but not in capitals. Only here, marks that came with Unicode 10 or later are put in their order
	// where the package, whose tables are older, leaves several of them on one letter as they are.
	HuggingFace
)

// String returns the flavour's name.
func (f Flavour) String() string {
	switch f {
	case OpenAI:
		return "openai"
	case OpenCLIP:
		return "open_clip"
	case HuggingFace:
		return "huggingface"
	}
	return "flavour " + strconv.Itoa(int(f))
}

// specials are how captions spell Start and End, in lower case.
var specials = [...][2]string{
	OpenAI:      {"<|startoftext|>", "<|endoftext|>"},
	OpenCLIP:    {"<start_of_text>", "<end_of_text>"},
	HuggingFace: {"<|startoftext|>", "<|endoftext|>"},
}
