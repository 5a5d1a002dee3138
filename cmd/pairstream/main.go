// Pairstream streams image–caption pairs through CLIP: from files into embeddings, similarities and loss.
//
// Each file holds one command; run.go holds what they share.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitFailed  = 1
	exitUsage   = 2
	exitRejects = 3 // finished, but some rows were rejected
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// gcPercent is how much garbage may come to a heap before it is collected. It is nearly all batches, which have no
// pointers and cost nothing to mark, so that collecting four times as often takes no time, and half the memory.
const gcPercent = 25

// run runs the program and returns its exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	running := false
	root := &cobra.Command{
		Use:               "pairstream",
		Short:             "Stream image–caption pairs through CLIP",
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.AddCommand(traceCommand(), embedCommand(), scoreCommand(), classifyCommand(), preprocessCommand(), tokenizeCommand(),
		publishCommand(), verifyCommand(), trainCommand())
	for _, c := range root.Commands() {
		command := c.RunE
		c.RunE = func(c *cobra.Command, args []string) error {
			running = true // what was typed is in order, as far as cobra can tell
			return command(c, args)
		}
	}
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	command, err := root.ExecuteContextC(ctx)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errRejects):
		return exitRejects
	case !running || errors.As(err, &usage):
		fmt.Fprintf(stderr, "pairstream: %v\nSee '%s --help'.\n", err, command.CommandPath())
		return exitUsage
	default:
		fmt.Fprintf(stderr, "pairstream: %v\n", err)
		return exitFailed
	}
}

// A usageError is a mistake in what the user typed.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errRejects says that a command finished with rejects, and has said so.
var errRejects = errors.New("finished with rejects")
