package pipeline_test

import (
	"regexp"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
)

func TestDrawingsThatCannotRun(t *testing.T) {
	var h heap
	from := func() pipeline.Stream[numbers] { return pipeline.From(&count{heap: &h, rows: 3, each: 1}) }
	into := func(s pipeline.Stream[numbers]) pipeline.Flow { return pipeline.Into(s, &keep{}) }
	for _, test := range []struct {
		name  string
		flows func() []pipeline.Flow
		want  string
	}{
		{"nothing", func() []pipeline.Flow { return nil }, `^pipeline: nothing to run$`},
		{"a stream read twice", func() []pipeline.Flow {
			s := from()
			return []pipeline.Flow{into(s), into(s)}
		}, `^pipeline: the stream of count \(graph_test.go:\d+\) is read by keep \(graph_test.go:\d+\) and by keep \(graph_test.go:\d+\): use Tee$`},
		{"a branch left open", func() []pipeline.Flow {
			a, _ := pipeline.Tee(from())
			return []pipeline.Flow{into(a)}
		}, `^pipeline: nobody reads a stream of tee \(graph_test.go:\d+\)$`},
		{"a branch not in the run", func() []pipeline.Flow {
			a, b := pipeline.Tee(from())
			into(b)
			return []pipeline.Flow{into(a)}
		}, `^pipeline: keep \(graph_test.go:\d+\) reads a stream of tee \(graph_test.go:\d+\) but is not part of this run$`},
		{"branches of two sources", func() []pipeline.Flow {
			return []pipeline.Flow{into(pipeline.Zip(from(), from(), sum))}
		}, `^pipeline: the branches of zip \(graph_test.go:\d+\) do not line up: they hold the batches of count \S+ and of count \S+$`},
		{"a branch regrouped", func() []pipeline.Flow {
			a, b := pipeline.Tee(from())
			return []pipeline.Flow{into(pipeline.Zip(pipeline.Rebatch(a, pipeline.Window{Rows: 2}), b, sum))}
		}, `^pipeline: the branches of zip \(graph_test.go:\d+\) do not line up: they hold the batches of rebatch \S+ and of count \S+$`},
		{"a flow twice", func() []pipeline.Flow {
			f := into(from())
			return []pipeline.Flow{f, f}
		}, `^pipeline: keep \(graph_test.go:\d+\) is given twice$`},
		{"a zero stream", func() []pipeline.Flow {
			return []pipeline.Flow{into(pipeline.Stream[numbers]{})}
		}, `^pipeline: keep \(graph_test.go:\d+\) reads a stream that no verb made$`},
		{"a zero flow", func() []pipeline.Flow { return []pipeline.Flow{{}} }, `^pipeline: a flow that Into did not make$`},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := pipeline.Run(t.Context(), test.flows()...)
			if err == nil || !regexp.MustCompile(test.want).MatchString(err.Error()) {
				t.Errorf("%v\nnot %s", err, test.want)
			}
		})
	}
}

func compose(in pipeline.Stream[numbers]) pipeline.Stream[numbers] {
	pipeline.Helper()
	return pipeline.Through(in, each(same), pipeline.Name("composed"))
}

func TestDraw(t *testing.T) {
	var h heap
	a, b := pipeline.Tee(pipeline.From(&count{heap: &h}))
	a = pipeline.Through(a, each(same), pipeline.Workers(4), pipeline.Name("square"))
	b = compose(b)
	got, err := pipeline.Draw(pipeline.Into(pipeline.Zip(a, b, sum), &keep{}))
	if err != nil {
		t.Fatal(err)
	}
	want := `1  count           graph_test.go:65
2  tee        1    graph_test.go:65
3  square ×4  2    graph_test.go:66
4  composed   2    graph_test.go:67
5  zip        3+4  graph_test.go:68
6  keep       5    graph_test.go:68
`
	if got != want {
		t.Errorf("drawn\n%snot\n%s", got, want)
	}
}
