package ui

import "github.com/a-h/templ"

func (c ConfirmBox) look() Look {
	if c.Safe {
		return Primary
	}
	return Danger
}

func (m MenuItem) attrs() templ.Attributes {
	return Button{Dialog: m.Dialog, Fill: m.Fill, Action: m.Action}.attrs()
}

func closeButton() Button { return Button{Label: "Cancel", Close: true} }
