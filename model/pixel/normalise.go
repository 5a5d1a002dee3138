package pixel

// normalise writes (v/255 − mean)/std of planes, [3][n] bytes, to dst, [3][n], in the reference's float32 steps.
func normalise(dst []float32, planes []byte, mean, std [3]float32) {
	n := len(dst) / 3
	for c := range 3 {
		var level [256]float32
		for v := range level {
			level[v] = (float32(v)/255 - mean[c]) / std[c]
		}
		out := dst[c*n : (c+1)*n]
		for i, v := range planes[c*n:][:len(out)] {
			out[i] = level[v]
		}
	}
}
