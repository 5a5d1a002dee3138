package kernel

// tileFloat32 computes C (m, 32) = A (m, steps) · B (steps, 32), or += with add; a step is one value of a row. Rows of
// A and C are lda and ldc apart.
func tileFloat32(m int, a []float32, lda int, b []float32, steps int, c []float32, ldc int, add bool) {
	for i := range m {
		row, out := a[i*lda:][:steps], (*[panel]float32)(c[i*ldc:])
		if !add {
			clear(out[:])
		}
		for k, v := range row {
			columns := (*[panel]float32)(b[k*panel:])
			for j, w := range columns {
				out[j] += float32(v * w) // rounded: not fused on some processors and not on others
			}
		}
	}
}

// tileInt16 computes C (m, 32) = A (m, 2·steps) · B (steps, 32, 2), or += with add; a step is two values of a row. The sum
// of the products is exact, so that steps are bounded by what fits an int32, and is rounded once.
func tileInt16(m int, a []int16, lda int, b []int16, steps int, c []float32, ldc int, add bool) {
	for i := range m {
		row := a[i*lda:][:2*steps]
		var sums [panel]int32
		for k := 0; k < len(row); k += 2 {
			v, w := int32(row[k]), int32(row[k+1])
			columns := (*[2 * panel]int16)(b[k*panel:])
			for j := range sums {
				sums[j] += v*int32(columns[2*j]) + w*int32(columns[2*j+1])
			}
		}
		out := (*[panel]float32)(c[i*ldc:])
		if !add {
			clear(out[:])
		}
		for j, sum := range sums {
			out[j] += float32(sum)
		}
	}
}

// tileInt8 computes C (m, 32) = A (m, 2·steps) · B (steps, 32, 2), or += with add; a step is two values of a row.
func tileInt8(m int, a []int16, lda int, b []int8, steps int, c []int32, ldc int, add bool) {
	for i := range m {
		row, out := a[i*lda:][:2*steps], (*[panel]int32)(c[i*ldc:])
		if !add {
			clear(out[:])
		}
		for k := 0; k < len(row); k += 2 {
			v, w := int32(row[k]), int32(row[k+1])
			columns := (*[2 * panel]int8)(b[k*panel:])
			for j := range out {
				out[j] += v*int32(columns[2*j]) + w*int32(columns[2*j+1])
			}
		}
	}
}

// addBias computes dst = tile + bias, or += with add, for some rows of 32.
func addBias(dst []float32, stride int, tile, bias []float32, rows int, add bool) {
	finish(dst, stride, rows, add, func(i, j int) float32 { return tile[i*panel+j] + bias[j] })
}

// scale computes dst = tile·(scale·weights) + bias, or += with add, for some rows of 32. There is a scale for each row;
// weights and bias have a value for each column.
func scale(dst []float32, stride int, tile, scale, weights, bias []float32, rows int, add bool) {
	finish(dst, stride, rows, add, func(i, j int) float32 {
		return float32(tile[i*panel+j]*float32(scale[i]*weights[j])) + bias[j]
	})
}

// dequantise computes dst = (src - zero·sums)·(scale·weights) + bias, or += with add, for some rows of 32. There is a scale
// and a zero point for each row; weights, sums and bias have a value for each column.
func dequantise(dst []float32, stride int, src []int32, scale []float32, zero []int32, weights []float32, sums []int32, bias []float32, rows int, add bool) {
	finish(dst, stride, rows, add, func(i, j int) float32 {
		exact := src[i*panel+j] - zero[i]*sums[j]
		return float32(float32(exact)*float32(scale[i]*weights[j])) + bias[j]
	})
}

// finish sets some rows of 32, or adds to them.
func finish(dst []float32, stride, rows int, add bool, value func(i, j int) float32) {
	for i := range rows {
		out := dst[i*stride:][:panel]
		for j := range out {
			v := value(i, j)
			if add {
				v += out[j]
			}
			out[j] = v
		}
	}
}

// store computes dst = alpha·tile + beta·dst on cols columns; with a beta of 0 it does not read dst.
func store(dst []float32, stride int, tile []float32, rows, cols int, alpha, beta float32) {
	for i := range rows {
		out := dst[i*stride:][:cols]
		for j, v := range tile[i*panel:][:cols] {
			v = float32(v * alpha) // rounded, as in tileFloat32
			if beta != 0 {
				v += float32(beta * out[j])
			}
			out[j] = v
		}
	}
}

// gather computes dst (rows, 32) from rows of src that are stride apart.
func gather(dst, src []float32, stride, rows int) {
	for r := range rows {
		copy(dst[r*panel:(r+1)*panel], src[r*stride:])
	}
}

// transpose computes dst (cols, rows), with rows ldd apart, from src (rows, cols), lds apart.
func transpose(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	for r := range rows {
		for c, v := range src[r*lds:][:cols] {
			dst[c*ldd+r] = v
		}
	}
}

// transposeRest does the same but for the first r rows and c columns, which are done if neither is 0.
func transposeRest(dst []float32, ldd int, src []float32, lds, rows, cols, r, c int) {
	if c == 0 {
		r = 0
	}
	if r > 0 && c < cols {
		transpose(dst[c*ldd:], ldd, src[c:], lds, r, cols-c)
	}
	if r < rows {
		transpose(dst[r:], ldd, src[r*lds:], lds, rows-r, cols)
	}
}
