package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/pairstream/pairstream/model/tokenizer"
)

func tokenizeCommand() *cobra.Command {
	var dir string
	var jsonl bool
	c := &cobra.Command{
		Use:   "tokenize TEXT... | --jsonl < FILE",
		Short: "Step 3 alone: the ids of texts, one JSON array a line",
		Long: `Prints the ids of each text as a JSON array, from start to end of text, neither cut nor padded.

With --jsonl it reads lines from standard input: a JSON string, or an object with "text", or with "hex", the text's
bytes in hexadecimal.`,
		Example: `  pairstream tokenize "a photo of a cat"
  pairstream tokenize --jsonl < captions.jsonl`,
		Args: func(c *cobra.Command, args []string) error {
			if jsonl == (len(args) > 0) {
				return fmt.Errorf("texts or --jsonl, one of them")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			t, err := openTokenizer(dir)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(c.OutOrStdout())
			if jsonl {
				err = tokenizeLines(t, c.InOrStdin(), out)
			}
			for _, text := range args {
				printTokens(t, text, out)
			}
			if flushed := out.Flush(); err == nil {
				err = flushed
			}
			return err
		},
	}
	c.Flags().StringVar(&dir, "model", "", "directory of a CLIP whose vocabulary to use (default: CLIP's own)")
	c.Flags().BoolVar(&jsonl, "jsonl", false, "read JSON lines from standard input")
	return c
}

func openTokenizer(dir string) (*tokenizer.Tokenizer, error) {
	if dir == "" {
		return tokenizer.Default(), nil
	}
	return tokenizer.Open(dir)
}

// maxLine bounds a line of input.
const maxLine = 16 << 20

func tokenizeLines(t *tokenizer.Tokenizer, in io.Reader, out *bufio.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		text, err := parseText(lines.Bytes())
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		printTokens(t, text, out)
	}
	return lines.Err()
}

// parseText reads a JSON string, or an object with "text" or "hex".
func parseText(line []byte) (string, error) {
	var text string
	if err := json.Unmarshal(line, &text); err == nil {
		return text, nil
	}
	var object struct{ Text, Hex *string }
	if err := json.Unmarshal(line, &object); err != nil {
		return "", err
	}
	switch {
	case object.Hex != nil:
		raw, err := hex.DecodeString(*object.Hex)
		return string(raw), err
	case object.Text != nil:
		return *object.Text, nil
	}
	return "", fmt.Errorf(`neither "text" nor "hex"`)
}

// printTokens prints a text's ids. A write error stays with out until it is flushed.
func printTokens(t *tokenizer.Tokenizer, text string, out *bufio.Writer) {
	line := []byte{'['}
	for i, id := range t.AppendWhole(nil, text) {
		if i > 0 {
			line = append(line, ',')
		}
		line = strconv.AppendInt(line, int64(id), 10)
	}
	_, _ = out.Write(append(line, ']', '\n'))
}
