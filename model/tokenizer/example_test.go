package tokenizer_test

import (
	"fmt"
	"strings"

	"github.com/pairstream/pairstream/model/tokenizer"
)

func ExampleTokenizer_Encode() {
	row := make([]int32, 10) // 77 for a CLIP
	tokenizer.Default().Encode(row, "A photo of a cat.")
	fmt.Println(row)
	// Output: [49406 320 1125 539 320 2368 269 49407 0 0]
}

func ExampleTokenizer_Append() {
	tok := tokenizer.Default()
	ids := tok.Append(nil, "Tom &amp; Jerry's zzyzx")
	for _, id := range ids {
		fmt.Printf("%d %q\n", id, tok.Decode([]int32{id}))
	}
	// Output:
	// 2435 "tom"
	// 261 "&"
	// 9164 "jerry"
	// 568 "'s"
	// 21275 "zzy"
	// 31604 "zx"
}

func ExampleTokenizer_As() {
	tok := tokenizer.Default()
	for _, f := range []tokenizer.Flavour{tokenizer.OpenAI, tokenizer.OpenCLIP, tokenizer.HuggingFace} {
		fmt.Println(f, tok.As(f).Append(nil, "R&amp;B <|endoftext|>"))
	}
	// Output:
	// openai [337 261 321 49407]
	// open_clip [337 261 321 27 347 40786 4160 91 285]
	// huggingface [337 261 6259 282 321 49407]
}

func ExampleRead() {
	_, err := tokenizer.Read(strings.NewReader("#version: 0.2\ni n\nt h\nan d</w>\n"))
	fmt.Println(err)
	// Output: line 4: "an" is no symbol to begin a merge with
}
