package kernel

import (
	"fmt"
	"sync"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor/internal/pool"
)

// average is one call of Average. Its pieces are lines of y's pictures.
type average struct {
	y, x  blas32.General
	width int // of y's pictures
}

var averages = sync.Pool{New: func() any { return new(average) }}

// Average halves pictures: y (N·H/2·W/2, C) are the means of squares of 2×2 pixels of x (N·H·W, C), for an even height and
// width.
func Average(y, x blas32.General, height, width int) {
	if height%2 != 0 || width%2 != 0 || x.Rows%(height*width) != 0 || y.Rows != x.Rows/4 || y.Cols != x.Cols {
		panic(fmt.Sprintf("kernel: average of (%d, %d), pictures of %d×%d, to (%d, %d)", x.Rows, x.Cols, height, width, y.Rows, y.Cols))
	}
	job := averages.Get().(*average)
	*job = average{y: y, x: x, width: width / 2}
	pool.Run(y.Rows/job.width, job)
	*job = average{}
	averages.Put(job)
}

// Do computes one line.
func (j *average) Do(line int) {
	pixel := func(m blas32.General, i int) []float32 { return m.Data[i*m.Stride:][:m.Cols] }
	for i := range j.width {
		out, first := pixel(j.y, line*j.width+i), 4*line*j.width+2*i
		a, b := pixel(j.x, first), pixel(j.x, first+1)
		c, d := pixel(j.x, first+2*j.width), pixel(j.x, first+2*j.width+1)
		for k := range out {
			out[k] = float32((a[k]+b[k])+(c[k]+d[k])) / 4
		}
	}
}
