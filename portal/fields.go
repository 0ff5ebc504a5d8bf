package portal

import (
	"strings"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/ui"
)

func emailField(value string, faults Faults) ui.Field {
	return ui.Field{Name: "email", Label: "E-mail address", Type: "email", Value: value, Autocomplete: "username", Focus: true, MaxLength: 400, Error: faults["email"]}
}

func codeField(faults Faults) ui.Field {
	return ui.Field{Name: "otp", Label: "Code", Autocomplete: "one-time-code", Focus: true, Mono: true, MaxLength: 40, Error: faults["otp"]}
}

func newPasswordFields(faults Faults) []ui.Field {
	return []ui.Field{
		{Name: "password", Label: "New password", Type: "password", Autocomplete: "new-password", Hint: "12 characters or more. A few words that only you would put together are easiest.",
			MaxLength: 1024, Error: faults["password"]},
		{Name: "again", Label: "The same once more", Type: "password", Autocomplete: "new-password", MaxLength: 1024, Error: faults["again"]},
	}
}

func changeFields(faults Faults) []ui.Field {
	current := ui.Field{Name: "current_password", Label: "Current password", Type: "password", Autocomplete: "current-password", MaxLength: 1024, Error: faults["current_password"]}
	return append([]ui.Field{current}, newPasswordFields(faults)...)
}

func renewField(faults Faults) ui.Field {
	return ui.Field{Name: "otp", ID: "renew-otp", Label: "Code of your app", Hint: "The recovery codes before are void then.", Autocomplete: "one-time-code", Mono: true, MaxLength: 40, Error: faults["otp"]}
}

func offFields(faults Faults) []ui.Field {
	return []ui.Field{
		{Name: "password", ID: "off-password", Label: "Password", Type: "password", Autocomplete: "current-password", MaxLength: 1024, Error: faults["password"]},
		{Name: "otp", ID: "off-otp", Label: "Code of your app, or a recovery code", Autocomplete: "one-time-code", Mono: true, MaxLength: 40, Error: faults["otp"]},
	}
}

func enrolFields(faults Faults) []ui.Field {
	return []ui.Field{
		{Name: "password", ID: "enrol-password", Label: "Your password", Hint: "So that nobody else locks you out.", Type: "password", Autocomplete: "current-password", MaxLength: 1024, Error: faults["password"]},
		{Name: "otp", ID: "enrol-otp", Label: "Code that the app shows", Autocomplete: "one-time-code", InputMode: "numeric", Mono: true, MaxLength: 40, Error: faults["otp"]},
	}
}

func endLabel(f *Frame, s account.OpenSession) string {
	if s.ID == f.Session.ID {
		return "Log out"
	}
	return "End"
}

func joinLines(lines []string) string { return strings.Join(lines, "\n") }
