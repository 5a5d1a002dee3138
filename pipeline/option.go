package pipeline

// An Option says how a step runs.
type Option func(*node)

// Workers lets n goroutines process a stage's batches side by side; they are handed on in the order they came in. The
// default is one.
func Workers(n int) Option { return func(s *node) { s.workers = max(n, 1) } }

// Name names a step in errors, logs and drawings. The default is made of its type: stages.EncodeImages is "encode
// images".
func Name(name string) Option { return func(s *node) { s.name = name } }
