package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A machine is what the figures were measured on and with.
type machine struct {
	Date      string            `json:"date"`
	Processor string            `json:"processor"`
	Cores     int               `json:"cores"`
	System    string            `json:"system"`
	Load      string            `json:"load,omitempty"` // runnable threads at the start, over 1, 5 and 15 minutes
	Versions  map[string]string `json:"versions"`
}

func thisMachine() machine {
	m := machine{
		Date:      time.Now().UTC().Format(time.DateTime) + " UTC",
		Processor: processor(),
		Cores:     runtime.NumCPU(),
		System:    runtime.GOOS + "/" + runtime.GOARCH,
		Versions:  map[string]string{"go": strings.TrimPrefix(runtime.Version(), "go")},
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load = strings.Join(strings.Fields(string(load))[:3], " ")
	}
	return m
}

// processor is the name and the family of the processor where Linux tells them; a guest often knows no better name than
// its maker's.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	about := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan() && s.Text() != ""; {
		key, value, _ := strings.Cut(s.Text(), ":")
		about[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	if about["model name"] == "" {
		return runtime.GOARCH
	}
	return fmt.Sprintf("%s, family %s model %s", about["model name"], about["cpu family"], about["model"])
}

func (m machine) String() string {
	var versions []string
	for name, version := range m.Versions {
		versions = append(versions, name+" "+version)
	}
	slices.Sort(versions)
	s := fmt.Sprintf("%s: %s, %d cores, %s\n%s\n", m.Date, m.Processor, m.Cores, m.System, strings.Join(versions, ", "))
	if m.Load != "" {
		s += fmt.Sprintf("load average at the start: %s\n", m.Load)
	}
	return s
}
