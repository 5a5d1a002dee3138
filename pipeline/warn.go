package pipeline

import "context"

// Warn tells the observers of a run what does not end it: what is tried again, what was lost by permission. The context
// is that with which the part was opened, or one made of it; Warn may be called until the part is closed.
func Warn(ctx context.Context, err error) {
	if warn, ok := ctx.Value(warnKey{}).(func(error)); ok {
		warn(err)
	}
}

type warnKey struct{}

// warning returns a context by which a step can warn.
func (r *run) warning(s *step) context.Context {
	return context.WithValue(r.ctx, warnKey{}, func(err error) { r.observe(Warned{s.node.name, err}) })
}
