package model

// lookup finds a tensor by the name it has in the original checkpoints.
type lookup func(name string) []float32

// imageTower is a network that embeds pictures, with its weights.
type imageTower interface {
	// pack lays it out for inference in a precision. It calls done whenever it has done with some of the weights.
	pack(p Precision, done func()) imageEncoder
	// pictures is how many a call of encode may bring.
	pictures() int
}

// imageEncoder is an image tower laid out for inference. It may be used by many goroutines at once.
type imageEncoder interface {
	// encode embeds some pictures: pixels (N, 3, S, S) to dst (N, E). It may count on so many processors.
	encode(dst, pixels []float32, processors int)
}

// textTower is a network that embeds captions, with its weights.
type textTower interface {
	// pack lays it out for inference in a precision. It calls done whenever it has done with some of the weights.
	pack(p Precision, done func()) captionEncoder
	// tokens is how many a call of encode may bring, if it brings more than one caption.
	tokens() int
	// cut shortens row n to the tokens that its embedding depends on. It panics on an id outside the vocabulary.
	cut(n int, row []int32) []int32
}

// captionEncoder is a text tower laid out for inference. It may be used by many goroutines at once.
type captionEncoder interface {
	// encode embeds captions that cut has shortened, N of them to dst (N, E). It may count on so many processors.
	encode(dst []float32, captions [][]int32, processors int)
}
