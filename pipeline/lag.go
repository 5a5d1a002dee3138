package pipeline

import "time"

// lagEvery is how often observers are told how far sources are behind.
const lagEvery = 10 * time.Second

// watchLag tells them while sources are read.
func (r *run) watchLag() {
	ticker := time.NewTicker(lagEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.observeLag()
		case <-r.reading.Done():
			return
		}
	}
}

func (r *run) observeLag() {
	for _, n := range r.graph {
		if l, ok := n.part.(Lagger); ok {
			r.observe(Lagging{r.step(n).index, l.Lag()})
		}
	}
}
