package batch

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

type allocatorKey struct{}

// WithAllocator returns a context in which batches are allocated by mem.
func WithAllocator(ctx context.Context, mem memory.Allocator) context.Context {
	return context.WithValue(ctx, allocatorKey{}, mem)
}

// Allocator returns the allocator of a context; Arrow's default where it has none.
func Allocator(ctx context.Context) memory.Allocator {
	if mem, ok := ctx.Value(allocatorKey{}).(memory.Allocator); ok {
		return mem
	}
	return memory.DefaultAllocator
}
