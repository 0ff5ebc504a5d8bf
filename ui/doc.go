// Package ui is the kit of the portals: typed components, style sheet, scripts, and the built files that serve them.
package ui
