package tensor

import "math"

// Normalize brings each row of x (T, W) to length 1, in y, which may be x. A row of zeros stays so.
func Normalize(y, x []float32, width int) {
	for ; len(x) > 0; x, y = x[width:], y[width:] {
		scale := over(length(x[:width]))
		for i, v := range x[:width] {
			y[i] = float32(float64(v) * scale)
		}
	}
}

// NormalizeBackward is the gradient of Normalize for x: dx = (dy - y·Σ dy·y) / |x|; dx may be dy.
func NormalizeBackward(dx, dy, x []float32, width int) {
	for ; len(x) > 0; dx, dy, x = dx[width:], dy[width:], x[width:] {
		scale := over(length(x[:width]))
		var along float64
		for i, v := range x[:width] {
			along += float64(dy[i]) * float64(v) * scale
		}
		for i, v := range x[:width] {
			dx[i] = float32((float64(dy[i]) - float64(v)*scale*along) * scale)
		}
	}
}

func length(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

// over is 1/v, but 0 of 0.
func over(v float64) float64 {
	if v == 0 {
		return 0
	}
	return 1 / v
}
