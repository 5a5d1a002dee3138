//go:build !amd64

package kernel

func machineLevels() []*Level { return nil }
