// Package rules tests what the tree promises: who may import whom.
package rules

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/pairstream/pairstream/"

// allowed says what the packages below each path may import of this module. The longest path that fits decides.
// What is not listed may import everything: cmd and examples.
var allowed = map[string][]string{
	"pipeline":          {},
	"pipeline/batch":    {"pipeline"},
	"pipeline/observe":  {"pipeline"},
	"pipeline/pipetest": {"pipeline", "pipeline/batch"},
	"sources":           {"pipeline", "pipeline/batch", "sources"},
	"sources/scenes":    {},
	"sources/message":   {"pipeline/batch"},
	"sinks":             {"pipeline", "pipeline/batch", "sinks"},
	"stages":            {"pipeline", "pipeline/batch", "model", "loss"},
	"model":             {"model"},
	"model/train":       {"model", "loss"},
	"model/tiny":        {"model", "loss", "sources/scenes"},
	"loss":              {"model/tensor"},
	"internal":          {},
}

// doors says which packages may import a third party's client. Files within them are a matter of review.
var doors = map[string][]string{
	"github.com/segmentio/kafka-go":          {"internal/kafkaclient", "sources", "sinks"},
	"github.com/apache/arrow/go/v17/parquet": {"sources/internal/parquetfile", "sinks"},
	"gocloud.dev":                            {"internal/store"},
	"github.com/aws":                         {"internal/store"},
	"google.golang.org/api":                  {"internal/store"},
	"github.com/johannesboyne/gofakes3":      {"internal/storetest"},
	"github.com/fsouza/fake-gcs-server":      {"internal/storetest"},
	"github.com/h2non/bimg":                  {"model/pixel"},
	"github.com/rs/zerolog":                  {"pipeline/observe"},
	"github.com/apache/arrow/go/v17/arrow":   {"pipeline/batch", "pipeline/pipetest", "sources", "sinks", "stages", "cmd", "examples"},
	"github.com/spf13/cobra":                 {"cmd"},
	"github.com/schollz/progressbar":         {"pipeline/observe"},
	"gonum.org/v1/gonum":                     {"model", "loss", "stages", "cmd"},
	"gonum.org/v1/plot":                      {"cmd"},
	"github.com/twmb/franz-go":               {"internal/kafkatest", "examples/kafka"},
	"go.uber.org/goleak":                     {"pipeline/pipetest"},
}

func TestImports(t *testing.T) {
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", module+"...")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	type pkg struct {
		ImportPath string
		Imports    []string
	}
	packages := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; packages++ {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		from := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			if to, ours := strings.CutPrefix(imported, module); ours {
				if mayUse, ruled := rule(from); ruled && !anyBelow(to, mayUse) && !below(to, "internal") {
					t.Errorf("%s imports %s: it may only import %v", from, to, mayUse)
				}
				continue
			}
			if _, ruled := allowed[from]; from == "pipeline" && ruled && strings.Contains(imported, ".") {
				t.Errorf("pipeline imports %s: it may only import the standard library", imported)
			}
			for client, rooms := range doors {
				if below(imported, client) && !anyBelow(from, rooms) {
					t.Errorf("%s imports %s: only %v may", from, imported, rooms)
				}
			}
		}
	}
	if packages < 5 {
		t.Errorf("only %d packages found", packages)
	}
}

// rule returns what a package may import of this module.
func rule(path string) (mayUse []string, ruled bool) {
	for p := path; p != ""; {
		if mayUse, ruled = allowed[p]; ruled {
			return mayUse, true
		}
		i := strings.LastIndexByte(p, '/')
		p = p[:max(i, 0)]
	}
	return nil, false
}

func anyBelow(path string, roots []string) bool {
	for _, root := range roots {
		if below(path, root) {
			return true
		}
	}
	return false
}

// below reports whether a path is root or inside it.
func below(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}
