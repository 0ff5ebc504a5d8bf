package main

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// TestMain lets the test's program be the ceiling too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ceilingArg {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestOptions(t *testing.T) {
	t.Parallel()
	o, err := parseOptions([]string{"-seconds", "0.5", "-click-conns", "8, 16", "-only", "click,delivery"})
	if err != nil || o.length != 500*time.Millisecond || len(o.clickConns) != 2 || o.clickConns[1] != 16 || len(o.only) != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, args := range [][]string{{"-only", "clicks"}, {"-rounds", "0"}, {"-click-conns", ""}, {"x"}, {"-seconds", "-1"},
		{"-stored", "1"}, {"-paced", "1ms"}, {"-markdown", "/dev/null"}, {"-markdown", "missing.md"}} {
		if _, err := parseOptions(args); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
	if got := fmt.Sprint(names([]string{"cold", "click"})); got != "[click cold]" {
		t.Errorf("the parts run as %s", got)
	}
}

// The document of the repository has a place for every part.
func TestTheDocumentHasAllBlocks(t *testing.T) {
	t.Parallel()
	if err := checkMarkdown("../docs/performance.md", names(nil)); err != nil {
		t.Error(err)
	}
}
