package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

const maxConfig = 1 << 20

// readConfig reads a configuration file whole.
func readConfig(dir, name string) ([]byte, error) {
	file, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxConfig+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxConfig {
		return nil, fmt.Errorf("more than %d bytes", maxConfig)
	}
	return text, nil
}

// side is the side of a square, which people write in many ways: 224, [224], [224, 224],
// {"height": 224, "width": 224} or {"shortest_edge": 224}.
type side struct {
	pixels int
	square bool // written as height and width
}

var errNotSquare = errors.New("want one number, or two that are the same")

func (s *side) UnmarshalJSON(text []byte) error {
	switch text[0] {
	case '[':
		var list []int
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		if len(list) < 1 || len(list) > 2 || list[0] != list[len(list)-1] {
			return fmt.Errorf("%s: %w", text, errNotSquare)
		}
		*s = side{list[0], len(list) == 2}
		return nil
	case '{':
		var form struct {
			Height, Width int
			Shortest      int `json:"shortest_edge"`
		}
		if err := json.Unmarshal(text, &form); err != nil {
			return err
		}
		if form.Height != form.Width {
			return fmt.Errorf("%s: %w", text, errNotSquare)
		}
		*s = side{max(form.Height, form.Shortest), form.Height != 0}
		return nil
	}
	s.square = false
	return json.Unmarshal(text, &s.pixels)
}

// fields reads a JSON object strictly: each member goes where into says, unless it is null; the inert ones are
// passed over; any other must be null, false, zero or empty, since it would change what the model computes.
func fields(object json.RawMessage, into map[string]any, inert ...string) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		return err
	}
	for _, name := range inert {
		delete(members, name)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		text, at := members[name], into[name]
		switch string(text) {
		case "null":
			continue
		case "false", "0", "0.0", `""`, "[]", "{}":
			if at == nil {
				continue
			}
		}
		if at == nil {
			return fmt.Errorf("%s: %s is not supported", name, text)
		}
		if err := json.Unmarshal(text, at); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
