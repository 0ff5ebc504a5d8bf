package ui

import "testing"

func TestProblemsNameTheirFieldAndWhatWasTyped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field Field
		want  string
	}{
		{Field{Name: "commission", Label: "Commission", Value: "12,,5", Error: "Must be a number such as 12.50."}, "Commission: “12,,5” must be a number such as 12.50."},
		{Field{Name: "email", Label: "E-mail", Value: "clara@", Error: "Write the whole address."}, "E-mail: “clara@” is not accepted. Write the whole address."},
		{Field{Name: "name", Label: "Name", Error: "Must not be empty."}, "Name: Must not be empty."},
		{Field{Name: "password", Label: "Password", Type: "password", Value: "hunter2", Error: "Must be longer."}, "Password: Must be longer."},
		{Field{Name: "otp", Label: "Code", Autocomplete: "one-time-code", Value: "123456", Error: "Is not right."}, "Code: Is not right."},
		{Field{Name: "terms", Label: "Terms", Type: "checkbox", Value: "1", Error: "Must be accepted."}, "Terms: Must be accepted."},
		{Field{Name: "offer", Label: "Offer", Value: "12", Options: []Option{{Value: "12", Label: "Lumio"}}, Error: "Must be yours."}, "Offer: Must be yours."},
		{Field{Name: "list", Label: "Addresses", Value: " a\n b ", Error: "Must be addresses."}, "Addresses: “a b” must be addresses."},
	} {
		problems := Problems(c.field, Field{Name: "fine", Value: "x"})
		if len(problems) != 1 || problems[0].Field != c.field.Name || problems[0].said() != c.want {
			t.Errorf("%+v says %q, want %q", problems, problems[0].said(), c.want)
		}
	}
}
