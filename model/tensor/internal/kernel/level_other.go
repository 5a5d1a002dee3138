//go:build !amd64

package kernel

func machineLevels() []*level { return nil }
