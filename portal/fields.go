package portal

import "github.com/waypost/waypost/ui"

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
