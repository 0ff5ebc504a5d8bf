package server

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// release is set by the linker (-X) where the build has no repository to read its version from.
var release string

// Build tells which program this is.
type Build struct {
	Version  string // of the release; "devel" for a build from a work tree without one
	Revision string // of the source, "+changes" where the work tree was not clean; empty = not known
	Go       string
}

// Version reads what the compiler noted about this build.
func Version() Build {
	b := Build{Version: release, Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Version == "" {
		b.Version = strings.Trim(info.Main.Version, "()")
	}
	changes := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.Revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changes = "+changes"
		}
	}
	if b.Revision != "" {
		b.Revision += changes
	}
	return b
}

// String is the line that waypost --version prints.
func (b Build) String() string {
	text := "waypost " + b.Version
	if b.Revision != "" {
		text += " (" + b.Revision + ")"
	}
	return text + " " + b.Go
}
