package kernel

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

// convolve is a convolution in float64, of one output.
func convolve(x blas32.General, weight, bias []float32, height, width, stride, picture, top, left, out int) (sum, size float64) {
	sum, size = float64(bias[out]), 1
	for c := range x.Cols {
		for k := range 9 {
			r, col := top*stride-1+k/3, left*stride-1+k%3
			if r < 0 || r >= height || col < 0 || col >= width {
				continue
			}
			v := float64(row(x, (picture*height+r)*width+col)[c])
			sum += v * float64(weight[(out*x.Cols+c)*9+k])
			size += v * v
		}
	}
	return sum, math.Sqrt(size)
}

// TestConvolution compares with sums in float64, over borders, strides, odd sides, channels that fill panels and that do
// not, and rows that are fewer than the windows.
func TestConvolution(t *testing.T) {
	tolerance := map[Precision]float64{Float32: 1e-5, Int16: 2e-3, Int8: 0.08}
	eachLevel(t, func(t *testing.T) {
		for _, p := range precisions {
			for _, size := range [][6]int{{1, 1, 1, 1, 1, 1}, {2, 4, 6, 3, 16, 2}, {1, 7, 5, 5, 33, 2}, {3, 9, 8, 32, 40, 1}, {1, 2, 1, 4, 3, 1}} {
				n, height, width, in, out, stride := size[0], size[1], size[2], size[3], size[4], size[5]
				weight, bias := random(1, out*in*9), random(2, out)
				c := PackConvolution(p, weight, bias, in, out, stride)
				outHeight, outWidth := (height+stride-1)/stride, (width+stride-1)/stride
				for _, apart := range []int{in, in + 3} {
					x, y := matrix(3, n*height*width, in, apart), matrix(4, n*outHeight*outWidth, out, out+1)
					c.Forward(y, x, height, width, c.NewRows(y.Rows), Epilogue{})
					for i := range y.Rows {
						for o := range out {
							want, size := convolve(x, weight, bias, height, width, stride, i/(outHeight*outWidth), i/outWidth%outHeight, i%outWidth, o)
							near(t, fmt.Sprint(p, size), i*out+o, row(y, i)[o], want, size, tolerance[p])
						}
					}
					few, again := NewRows(c.weights, 3), matrix(5, y.Rows, out, out+1)
					c.Forward(again, x, height, width, few, Epilogue{})
					for i := range y.Rows {
						same(t, "in parts", row(again, i), row(y, i))
					}
				}
			}
		}
	})
}

// TestConvolutionAlone checks that a picture's result depends neither on those beside it nor on the processors.
func TestConvolutionAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	const n, side, in, out = 5, 6, 12, 20
	eachLevel(t, func(t *testing.T) {
		for _, p := range precisions {
			c := PackConvolution(p, random(1, out*in*9), random(2, out), in, out, 1)
			x, want := matrix(3, n*side*side, in, in), matrix(4, n*side*side, out, out)
			runtime.GOMAXPROCS(3)
			c.Forward(want, x, side, side, c.NewRows(50), Epilogue{Activation: ReLU})
			runtime.GOMAXPROCS(1)
			for i := range n {
				one := blas32.General{Rows: side * side, Cols: in, Stride: in, Data: x.Data[i*side*side*in:]}
				got := matrix(5, side*side, out, out)
				c.Forward(got, one, side, side, c.NewRows(side*side), Epilogue{Activation: ReLU})
				same(t, fmt.Sprint(p, " picture ", i), got.Data, want.Data[i*side*side*out:(i+1)*side*side*out])
			}
		}
	})
}

// TestFinally checks the sum of a residual branch that ends in an activation.
func TestFinally(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		const m, in, out = 17, 20, 45
		w := Pack(Float32, random(1, in*out), random(2, out), in, out)
		x := rowsOf(w, m)
		want, got := matrix(3, m, out, out+2), matrix(3, m, out, out+2)
		w.Multiply(want, x, Epilogue{Add: true})
		for i := range m {
			ReLU.Apply(row(want, i), row(want, i))
		}
		w.Multiply(got, x, Epilogue{Add: true, Finally: ReLU})
		same(t, "sum", got.Data, want.Data)
	})
}

func TestAverage(t *testing.T) {
	const n, height, width, cols = 2, 4, 6, 5
	x, y := matrix(1, n*height*width, cols, cols+1), matrix(2, n*height*width/4, cols, cols+2)
	Average(y, x, height, width)
	for i := range y.Rows {
		picture, r, c := i/(height*width/4), i/(width/2)%(height/2), i%(width/2)
		for k := range cols {
			var sum float64
			for d := range 4 {
				sum += float64(row(x, (picture*height+2*r+d/2)*width+2*c+d%2)[k])
			}
			near(t, "mean", i*cols+k, row(y, i)[k], sum/4, 1, 1e-6)
		}
	}
}

func TestConvolutionPanics(t *testing.T) {
	c := PackConvolution(Float32, random(1, 9*2*3), nil, 2, 3, 1)
	rows := c.NewRows(4)
	for name, call := range map[string]func(){
		"weights":  func() { PackConvolution(Float32, random(1, 9), nil, 2, 3, 1) },
		"channels": func() { c.Forward(matrix(1, 4, 3, 3), matrix(1, 4, 3, 3), 2, 2, rows, Epilogue{}) },
		"pictures": func() { c.Forward(matrix(1, 5, 3, 3), matrix(1, 5, 2, 2), 2, 2, rows, Epilogue{}) },
		"outputs":  func() { c.Forward(matrix(1, 5, 3, 3), matrix(1, 4, 2, 2), 2, 2, rows, Epilogue{}) },
		"odd":      func() { Average(matrix(1, 1, 2, 2), matrix(1, 3, 2, 2), 3, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s do not panic", name)
				}
			}()
			call()
		}()
	}
}
