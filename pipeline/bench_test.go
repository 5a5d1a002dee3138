package pipeline_test

import (
	"context"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
)

// BenchmarkEmptyPipeline measures the engine alone: a batch through a source, a Tee, seven stages that do nothing, a
// Zip and a sink.
func BenchmarkEmptyPipeline(b *testing.B) {
	nothing := pipeline.StageFunc[numbers, numbers](func(_ context.Context, in numbers) (numbers, error) {
		in.Retain()
		return in, nil
	})
	first := func(_ context.Context, left, _ numbers) (numbers, error) {
		left.Retain()
		return left, nil
	}
	for _, workers := range []int{1, 4} {
		b.Run(map[int]string{1: "one worker", 4: "four workers"}[workers], func(b *testing.B) {
			var h heap
			left, right := pipeline.Tee(pipeline.From(&count{heap: &h, rows: b.N, each: 1}))
			for range 3 {
				left = pipeline.Through(left, nothing, pipeline.Workers(workers))
				right = pipeline.Through(right, nothing, pipeline.Workers(workers))
			}
			out := pipeline.Through(pipeline.Zip(left, right, first), nothing)
			b.ReportAllocs()
			if err := pipeline.Run(b.Context(), pipeline.Into(out, &keep{})); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "batches/s")
		})
	}
}
