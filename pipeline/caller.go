package pipeline

import (
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"unicode"
)

var helpers sync.Map // names of functions that called Helper

// Helper marks the calling function as one that draws for its caller, so that errors name the line that called it.
func Helper() {
	var pc [1]uintptr
	runtime.Callers(2, pc[:])
	frame, _ := runtime.CallersFrames(pc[:]).Next()
	helpers.Store(plain(frame.Function), true)
}

// caller returns file:line of the nearest function outside the verbs that is no helper.
func caller() string {
	var pc [16]uintptr
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc[:])])
	for {
		frame, more := frames.Next()
		name := plain(frame.Function)
		_, helper := helpers.Load(name)
		if !more || !helper && !verbs[name] {
			return fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
		}
	}
}

// plain returns a function's name without type arguments: pipeline.From[...] is pipeline.From.
func plain(function string) string {
	name, _, _ := strings.Cut(function, "[")
	return name
}

// verbs holds the full names of the functions in this package that users draw with.
var verbs = func() map[string]bool {
	path := reflect.TypeFor[node]().PkgPath()
	names := map[string]bool{}
	for _, verb := range []string{"From", "Through", "Tee", "Zip", "Rebatch", "Into", "All"} {
		names[path+"."+verb] = true
	}
	return names
}()

// nameOf makes a step's name of its part's type: *sources.WebDataset is "web dataset".
func nameOf(part any) string {
	name := reflect.TypeOf(part).String()
	name = plain(name)
	name = name[strings.LastIndexByte(name, '.')+1:]
	var words strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			words.WriteByte(' ')
		}
		words.WriteRune(unicode.ToLower(r))
	}
	return words.String()
}
