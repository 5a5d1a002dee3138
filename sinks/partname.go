package sinks

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// partName returns the name of a lane's part that covers it from offset first on: pairs-LANE-OFFSET.parquet.
func partName(lane string, first int64) string {
	return fmt.Sprintf("pairs-%s-%020d.parquet", escapeLane(lane), first)
}

// parsePartName takes a name apart that partName may have made.
func parsePartName(name string) (escaped string, first int64, ok bool) {
	name, isPart := strings.CutPrefix(name, "pairs-")
	name, isParquet := strings.CutSuffix(name, ".parquet")
	dash := len(name) - 21
	if !isPart || !isParquet || dash < 0 || name[dash] != '-' {
		return "", 0, false
	}
	first, err := strconv.ParseInt(name[dash+1:], 10, 64)
	return name[:dash], first, err == nil && first >= 0
}

// maxLane is how much of a lane goes into the name of a file, which may have 255 bytes.
const maxLane = 120

// escapeLane returns a lane as it is in names. What is not a letter, digit, dot, dash or underscore is %XX; the rest of
// a long one is a hash of all.
func escapeLane(lane string) string {
	var b strings.Builder
	for i := 0; i < len(lane); i++ {
		switch c := lane[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() <= maxLane {
		return b.String()
	}
	return fmt.Sprintf("%s~%016x", b.String()[:maxLane-17], xxhash.Sum64String(lane))
}
