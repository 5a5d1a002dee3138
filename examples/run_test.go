// Package examples runs the examples, as a reader would, without arguments.
package examples

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

func TestExamples(t *testing.T) {
	for name, says := range map[string]string{
		"kafka":       `^pairs → \S+/parts: 24 rows, 0 rejects, 0 problems\n$`,
		"parquet":     `^\S+/scenes.parquet → \S+/parts: 24 rows, 0 rejects, 0 problems\n$`,
		"embedfolder": `^\S+/scenes → \S+/embeddings\n$`,
	} {
		program := filepath.Join(t.TempDir(), name)
		if out, err := exec.Command("go", "build", "-o", program, "./"+name).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		run := exec.Command(program)
		run.Dir = t.TempDir()
		run.Env = append(run.Environ(), "TMPDIR="+t.TempDir())
		out, err := run.Output()
		if err != nil || !regexp.MustCompile(says).Match(out) {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}
