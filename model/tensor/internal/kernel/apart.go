package kernel

// A few columns of a left-hand side may be far larger than the others (outliers; LLM.int8, Dettmers et al. 2022). If they
// were rounded with the rest of a row, its steps would be theirs. So they stay out of the integer product: their weights
// are zero in it, and what they give is added in float32.

// apart is those columns.
type apart struct {
	columns []int
	weights []float32 // panels of (len(columns), 32)
}

// newApart makes room for the weights of columns, in so many panels.
func newApart(columns []int, panels int) apart {
	return apart{columns: columns, weights: aligned[float32](panels * len(columns) * panel)}
}

// take moves the weights of the columns apart out of column c of a panel of W, which is zero there afterwards.
func (a *apart) take(column []float32, index, c int) {
	for i, k := range a.columns {
		a.weights[(index*len(a.columns)+i)*panel+c] = column[k]
		column[k] = 0
	}
}

// gather copies the columns of rows from to to, in float32.
func (a *apart) gather(dst []float32, x *Rows, from, to int) []float32 {
	dst = dst[:0]
	if len(a.columns) == 0 {
		return dst
	}
	for i := from; i < to; i++ {
		row := x.Row(i)
		for _, k := range a.columns {
			dst = append(dst, row[k])
		}
	}
	return dst
}

// add adds the products of gathered rows, from row at on, to a tile of a panel.
func (a *apart) add(l *level, tile, gathered []float32, at, index int) {
	if n := len(a.columns); n > 0 {
		l.tileFloat32(len(tile)/panel, gathered[at*n:], n, a.weights[index*n*panel:], n, tile, panel, true)
	}
}
