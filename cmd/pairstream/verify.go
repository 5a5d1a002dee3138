package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pairstream/pairstream/sinks"
)

func verifyCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify DIR",
		Short: "Check a directory of Parquet parts: checksums, counts, gaps",
		Long: `Reads every part that "embed --sink parquet:DIR" has written: that its bytes are those that were written, that it has
the rows it says, that the parts of each lane follow one another without a gap, and that all were made in the same way.`,
		Example: `  pairstream verify embeddings/
  pairstream verify "s3://pairs/embeddings?region=eu-central-1"`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			report, err := sinks.Verify(c.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(c.OutOrStdout()).Encode(report)
			} else {
				for _, problem := range report.Problems {
					fmt.Fprintln(c.OutOrStdout(), problem)
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "%d parts of %d lanes: %d rows, %d rejects, %d problems\nmade with %s\n",
					len(report.Parts), report.Lanes, report.Rows, report.Rejects, len(report.Problems), report.Fingerprint)
			}
			if err == nil && len(report.Problems) > 0 {
				err = fmt.Errorf("%s: %d problems", args[0], len(report.Problems))
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the report with all parts as a JSON object")
	return c
}
