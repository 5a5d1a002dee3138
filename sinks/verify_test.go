package sinks_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/sinks"
)

// someParts writes a directory of three parts of one lane and one of another, with rejects.
func someParts(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	s := &vectorParts{Dir: dir, PartBytes: onePart}
	sinks.SetDisk(s, sinks.NoSync)
	rejects := s.Rejects()
	open(t, t.Context(), s)
	putRejects(t, t.Context(), rejects, from("a", 1)...)
	put(t, t.Context(), s, from("a", 0, 2)...)
	put(t, t.Context(), s, upTo("a", 3, 6)...)
	put(t, t.Context(), s, upTo("a", 6, 9)...)
	put(t, t.Context(), s, from("b", 0)...)
	if err := errors.Join(s.Close(), rejects.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func verify(t testing.TB, dir string) sinks.Report {
	t.Helper()
	report, err := sinks.Verify(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestVerify(t *testing.T) {
	dir := someParts(t)
	report := verify(t, dir)
	if len(report.Problems) > 0 || len(report.Parts) != 4 || report.Lanes != 2 || report.Rows != 9 || report.Rejects != 1 || report.Fingerprint != "model=a" {
		t.Errorf("%+v", report)
	}
	first := report.Parts[0]
	if info, err := os.Stat(filepath.Join(dir, first.Name)); err != nil || first.Size != info.Size() || len(first.Checksum) != 16 ||
		first.Lane != "a" || first.First != 0 || first.Next != 3 || first.Rows != 2 || first.Rejects != 1 {
		t.Errorf("%+v", first)
	}
	if report := verify(t, t.TempDir()); len(report.Parts)+len(report.Problems) > 0 {
		t.Errorf("an empty directory: %+v", report)
	}
	if _, err := sinks.Verify(t.Context(), filepath.Join(dir, "missing")); err == nil {
		t.Error("verified a directory that is not there")
	}
}

// Every bit counts: of rows, of page headers, of the footer, of the checksum itself.
func TestVerifyFindsFlippedBits(t *testing.T) {
	name := "pairs-a-00000000000000000000.parquet" // with rows and a reject
	whole := []byte(read(t, filepath.Join(someParts(t), name)))
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range whole {
		bit := byte(1) << random.IntN(8)
		whole[i] ^= bit
		if err := os.WriteFile(path, whole, 0o666); err != nil {
			t.Fatal(err)
		}
		if report := verify(t, dir); len(report.Problems) == 0 || !strings.Contains(report.Problems[0], path) || strings.Contains(report.Problems[0], "\n") {
			t.Errorf("byte %d of %d, bit %02x: %q", i, len(whole), bit, report.Problems)
		}
		whole[i] ^= bit
	}
}

func TestVerifyFindsTruncatedParts(t *testing.T) {
	dir := someParts(t)
	path := filepath.Join(dir, verify(t, dir).Parts[1].Name)
	whole := []byte(read(t, path))
	for n := 0; n < len(whole); n += 31 {
		if err := os.WriteFile(path, whole[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		if report := verify(t, dir); len(report.Problems) == 0 || !strings.Contains(report.Problems[0], path) {
			t.Errorf("%d of %d bytes: %q", n, len(whole), report.Problems)
		}
	}
}

func TestVerifyFindsWhatIsOutOfPlace(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(dir string, parts []sinks.Part) error
		want string
	}{
		"a part is gone": {func(dir string, parts []sinks.Part) error {
			return os.Remove(filepath.Join(dir, parts[1].Name))
		}, `pairs-a-00000000000000000006.parquet: the part of lane "a" before it ends at offset 2, not 5`},
		"the first is gone": {func(dir string, parts []sinks.Part) error {
			return os.Remove(filepath.Join(dir, parts[0].Name))
		}, `pairs-a-00000000000000000003.parquet: offsets 0 to 2 of lane "a" are in no part`},
		"a part is there twice": {func(dir string, parts []sinks.Part) error {
			return os.Link(filepath.Join(dir, parts[1].Name), filepath.Join(dir, "pairs-a-00000000000000000004.parquet"))
		}, `pairs-a-00000000000000000004.parquet is the part pairs-a-00000000000000000003.parquet by another name`},
		"a part of another run is in the way": {func(dir string, parts []sinks.Part) error {
			return os.Rename(filepath.Join(dir, parts[3].Name), filepath.Join(dir, parts[1].Name))
		}, `pairs-a-00000000000000000003.parquet is the part pairs-b-00000000000000000000.parquet by another name`},
		"another file": {func(dir string, parts []sinks.Part) error {
			return os.WriteFile(filepath.Join(dir, "other.parquet"), []byte("PAR1PAR1"), 0o666)
		}, "other.parquet: "},
		"a part of other rows": {func(dir string, parts []sinks.Part) error {
			other := filepath.Join(dir, "other")
			s := &vectorParts{Dir: other}
			v := rowsAt(t.Context(), "b", from("c", 0)...)
			defer v.Release()
			open(t, t.Context(), s)
			if err := errors.Join(s.Write(t.Context(), v), s.Close()); err != nil {
				return err
			}
			const name = "pairs-c-00000000000000000000.parquet"
			return os.Rename(filepath.Join(other, name), filepath.Join(dir, name))
		}, `pairs-c-00000000000000000000.parquet: rows made with "model=b" after rows made with "model=a"`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := someParts(t)
			if err := c.harm(dir, verify(t, dir).Parts); err != nil {
				t.Fatal(err)
			}
			if problems := verify(t, dir).Problems; len(problems) == 0 || !strings.Contains(fmt.Sprint(problems), c.want) {
				t.Errorf("%q, not %s", problems, c.want)
			}
		})
	}
}

// FuzzVerify reads directories of one part that may be anything.
func FuzzVerify(f *testing.F) {
	dir := someParts(f)
	for _, p := range verify(f, dir).Parts {
		f.Add([]byte(read(f, filepath.Join(dir, p.Name))))
	}
	f.Add([]byte("PAR1\xff\xff\xff\x7fPAR1"))
	f.Fuzz(func(t *testing.T, file []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "pairs-a-00000000000000000000.parquet"), file, 0o666); err != nil {
			t.Fatal(err)
		}
		verify(t, dir)
		s := &vectorParts{Dir: dir}
		sinks.SetDisk(s, sinks.NoSync)
		if err := s.Open(t.Context()); err == nil {
			s.Resume(t.Context(), "a")
			s.Abort()
		}
	})
}

// A part whose lane was written by a case-blind file system's other name is refused, not overwritten.
func TestPartsRefuseAPartOfAnotherLane(t *testing.T) {
	dir := someParts(t)
	if err := os.Rename(filepath.Join(dir, "pairs-b-00000000000000000000.parquet"), filepath.Join(dir, "pairs-c-00000000000000000000.parquet")); err != nil {
		t.Fatal(err)
	}
	s := &vectorParts{Dir: dir}
	open(t, t.Context(), s)
	defer s.Abort()
	want := `pairs-c-00000000000000000000.parquet is a part of lane "b" from offset 0 on, not of "c" from 0`
	if _, _, err := s.Resume(t.Context(), "c"); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Error(err)
	}
	v := rowsAt(t.Context(), "a", from("c", 0)...)
	defer v.Release()
	if err := s.Write(t.Context(), v); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Error(err)
	}
}
