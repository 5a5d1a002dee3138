package kernel

import (
	"fmt"
	"sync"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor/internal/pool"
)

// Convolution is a 3×3 convolution with a border of zeros, as products with rows of windows. Pictures are rows too, of a
// pixel's channels each: (N·H·W, C).
type Convolution struct {
	weights  *Weights // (O, 3·3·C)
	channels int
	stride   int
}

// windowBytes is about how much of the windows is laid out at a time: what is then multiplied is still in the cache, and
// there is work for several processors.
const windowBytes = 2 << 20

// PackConvolution copies weight (O, C, 3, 3), as PyTorch has it, and bias (O) into the form that products of a precision
// want.
func PackConvolution(p Precision, weight, bias []float32, channels, out, stride int) *Convolution {
	if len(weight) != out*channels*9 || stride < 1 {
		panic(fmt.Sprintf("kernel: convolution of %d channels to %d with %d weights and a stride of %d", channels, out, len(weight), stride))
	}
	turned := make([]float32, len(weight)) // (O, 3, 3, C), as windows are
	for o := range out {
		for c := range channels {
			for k := range 9 {
				turned[(o*9+k)*channels+c] = weight[(o*channels+c)*9+k]
			}
		}
	}
	return &Convolution{weights: Pack(p, turned, bias, 9*channels, out), channels: channels, stride: stride}
}

// NewRows makes rows for Forward to lay windows out in: for as many as there may be, if they are few.
func (c *Convolution) NewRows(most int) *Rows {
	return NewRows(c.weights, min(most, max(64, windowBytes/4/c.weights.in)))
}

// Forward computes y (N·⌈H/stride⌉·⌈W/stride⌉, O) from x (N·H·W, C), a part of the rows at a time. rows are from NewRows.
// An output depends on its window alone.
func (c *Convolution) Forward(y, x blas32.General, height, width int, rows *Rows, then Epilogue) {
	outHeight, outWidth := (height+c.stride-1)/c.stride, (width+c.stride-1)/c.stride
	n := x.Rows / (height * width)
	if x.Cols != c.channels || x.Rows != n*height*width || y.Rows != n*outHeight*outWidth || rows.cols != 9*c.channels {
		panic(fmt.Sprintf("kernel: convolution of %d channels from (%d, %d), pictures of %d×%d, to (%d, %d)", c.channels, x.Rows, x.Cols, height, width, y.Rows, y.Cols))
	}
	job := windowJobs.Get().(*windows)
	*job = windows{x: x, rows: rows, height: height, width: width, outHeight: outHeight, outWidth: outWidth, stride: c.stride}
	most := len(rows.float32s) / rows.stride
	for job.from = 0; job.from < y.Rows; job.from += most {
		job.n = min(most, y.Rows-job.from)
		pool.Run((job.n+windowPiece-1)/windowPiece, job)
		part := blas32.General{Rows: job.n, Cols: y.Cols, Stride: y.Stride, Data: y.Data[job.from*y.Stride:]}
		c.weights.Multiply(part, rows, then)
	}
	*job = windows{}
	windowJobs.Put(job)
}

// windowPiece is how many windows are one piece of work.
const windowPiece = 32

// windows lays out the windows around outputs from to from+n-1, and makes them ready for products.
type windows struct {
	x                   blas32.General
	rows                *Rows
	height, width       int
	outHeight, outWidth int
	stride              int
	from, n             int
}

var windowJobs = sync.Pool{New: func() any { return new(windows) }}

// Do does one piece.
func (j *windows) Do(piece int) {
	for i := piece * windowPiece; i < min(j.n, (piece+1)*windowPiece); i++ {
		at := j.from + i
		picture, row, col := at/(j.outHeight*j.outWidth), at/j.outWidth%j.outHeight, at%j.outWidth
		j.lay(j.rows.Row(i), picture*j.height, row*j.stride-1, col*j.stride-1)
		j.rows.quantise(i)
	}
}

// lay copies the window (3, 3, C) whose first pixel is at row and col of a picture whose rows start at first.
func (j *windows) lay(window []float32, first, row, col int) {
	channels := j.x.Cols
	left, right := max(col, 0), min(col+3, j.width)
	for y := row; y < row+3; y++ {
		line := window[:3*channels]
		window = window[3*channels:]
		if y < 0 || y >= j.height {
			clear(line)
			continue
		}
		clear(line[:(left-col)*channels])
		clear(line[(right-col)*channels:])
		pixels := j.x.Data[((first+y)*j.width+left)*j.x.Stride:]
		if j.x.Stride == channels {
			copy(line[(left-col)*channels:(right-col)*channels], pixels)
			continue
		}
		for x := left; x < right; x++ {
			copy(line[(x-col)*channels:(x-col+1)*channels], pixels[(x-left)*j.x.Stride:])
		}
	}
}

// In returns the channels that come in.
func (c *Convolution) In() int { return c.channels }

// Out returns the channels that come out.
func (c *Convolution) Out() int { return c.weights.out }
