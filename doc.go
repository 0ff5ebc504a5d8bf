// Package waypost is the root of the module: it holds the test of the architecture. Start reading at ARCHITECTURE.md;
// the program is cmd/waypost.
package waypost
