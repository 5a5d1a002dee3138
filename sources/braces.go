package sources

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// maxShards bounds what braces can stand for.
const maxShards = 1 << 20

// braces expands {a,b} and {0000..0099} in a pattern, as shells do. Numbers are as wide as the wider of the two where
// either begins with a zero. Braces that say neither are text.
func braces(pattern string) ([]string, error) {
	open, end, choices := firstBrace(pattern)
	if open < 0 {
		return []string{pattern}, nil
	}
	rest, err := braces(pattern[end+1:])
	if err != nil {
		return nil, err
	}
	var all []string
	for _, choice := range choices {
		some, err := braces(choice)
		if err != nil {
			return nil, err
		}
		if len(all)+len(some)*len(rest) > maxShards {
			return nil, fmt.Errorf("%q stands for more than %d paths", pattern, maxShards)
		}
		for _, s := range some {
			for _, r := range rest {
				all = append(all, pattern[:open]+s+r)
			}
		}
	}
	return all, nil
}

// firstBrace returns where the first braces that mean something open and end, and what they stand for; -1 if none.
func firstBrace(pattern string) (open, end int, choices []string) {
	for open := strings.IndexByte(pattern, '{'); open >= 0; {
		if end, choices := closeBrace(pattern, open); choices != nil {
			return open, end, choices
		}
		next := strings.IndexByte(pattern[open+1:], '{')
		if next < 0 {
			break
		}
		open += 1 + next
	}
	return -1, -1, nil
}

// closeBrace returns where the brace at open ends, and what it stands for; nil where that is but text.
func closeBrace(pattern string, open int) (end int, choices []string) {
	depth, from := 0, open+1
	for i := open; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '{':
			depth++
		case c == ',' && depth == 1:
			choices = append(choices, pattern[from:i])
			from = i + 1
		case c == '}':
			if depth--; depth > 0 {
				continue
			}
			if choices == nil {
				return i, numbers(pattern[from:i])
			}
			return i, append(choices, pattern[from:i])
		}
	}
	return 0, nil
}

var numberRange = regexp.MustCompile(`^([0-9]{1,18})\.\.([0-9]{1,18})$`)

// numbers returns what 0000..0099 stands for, up or down, or the first of it where that is more than maxShards; nil where
// it is no range.
func numbers(text string) []string {
	match := numberRange.FindStringSubmatch(text)
	if match == nil {
		return nil
	}
	first, _ := strconv.ParseInt(match[1], 10, 64)
	last, _ := strconv.ParseInt(match[2], 10, 64)
	width := 0
	for _, m := range match[1:] {
		if len(m) > 1 && m[0] == '0' {
			width = max(len(match[1]), len(match[2]))
		}
	}
	step := int64(1)
	if last < first {
		step = -1
	}
	var all []string
	for n := first; n != last+step && len(all) <= maxShards; n += step {
		all = append(all, fmt.Sprintf("%0*d", width, n))
	}
	return all
}
