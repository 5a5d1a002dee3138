package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"
)

// openPieces reads spiece.model, a sentencepiece model (ModelProto of sentencepiece_model.proto).
func openPieces(dir, name string) (*unigram, error) {
	file, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := readAll(file, maxJSON)
	if err != nil {
		return nil, err
	}
	return parsePieces([]byte(text))
}

func parsePieces(message []byte) (*unigram, error) {
	u := newUnigram()
	err := eachField(message, func(number protowire.Number, value field) error {
		switch number {
		case 1:
			return u.readPiece(value.bytes)
		case 2:
			return readTrainer(value.bytes)
		case 3:
			return u.readNormalizer(value.bytes)
		}
		return nil
	})
	if err == nil {
		err = u.finish()
	}
	return u, err
}

func (u *unigram) readPiece(message []byte) error {
	piece, score, kind := "", float32(0), pieceNormal
	err := eachField(message, func(number protowire.Number, value field) error {
		switch number {
		case 1:
			piece = string(value.bytes)
		case 2:
			score = math.Float32frombits(uint32(value.number))
		case 3:
			kind = int(value.number)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return u.add(piece, score, kind)
}

// readTrainer checks that the model is of the sort that is understood.
func readTrainer(message []byte) error {
	return eachField(message, func(number protowire.Number, value field) error {
		switch {
		case number == 3 && value.number != 1:
			return fmt.Errorf("model_type %d is not supported, want 1 (unigram)", value.number)
		case number == 24 && value.number != 0:
			return errors.New("treat_whitespace_as_suffix is not supported")
		case number == 35 && value.number != 0:
			return errors.New("byte_fallback is not supported")
		}
		return nil
	})
}

func (u *unigram) readNormalizer(message []byte) error {
	return eachField(message, func(number protowire.Number, value field) (err error) {
		switch number {
		case 2:
			u.rules, err = readCharsmap(value.bytes)
		case 4:
			u.trimSpaces = value.number != 0
		case 5:
			if value.number == 0 {
				err = errors.New("escape_whitespaces is off, which is not supported")
			}
		}
		return err
	})
}

// field is a value of a message.
type field struct {
	number uint64
	bytes  []byte
}

// eachField visits the fields of a message.
func eachField(message []byte, visit func(protowire.Number, field) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var value field
		switch kind {
		case protowire.VarintType:
			value.number, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(message)
			value.number = uint64(bits)
		case protowire.BytesType:
			value.bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if err := visit(number, value); err != nil {
			return err
		}
	}
	return nil
}
