package money_test

import (
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Money never passes through binary floating point: no such type, conversion or literal stands in this package, its
// tests included.
func TestNoFloats(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 5 {
		t.Fatalf("the package's files: %v, %v", files, err)
	}
	binary := regexp.MustCompile(`(?i)float(32|64)|bigfloat|complex(64|128)`)
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		var s scanner.Scanner
		s.Init(set.AddFile(name, -1, len(source)), source, nil, 0)
		for {
			pos, kind, literal := s.Scan()
			if kind == token.EOF {
				break
			}
			if kind == token.FLOAT || kind == token.IMAG || kind == token.IDENT && binary.MatchString(literal) {
				t.Errorf("%s: %s", set.Position(pos), literal)
			}
		}
		if s.ErrorCount != 0 {
			t.Errorf("%s does not scan", name)
		}
	}
}
