package api

import (
	"context"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
)

type lintInput struct {
	Body struct {
		Kind string `json:"kind" enum:"destination,postback" doc:"Where the URL shall stand: an offer's destination_url, or the url of an affiliate's postback"`
		URL  string `json:"url" example:"https://shop.example/?ref={ClickID}" doc:"The URL, macros and all"`
	}
}

// lintBody is what can be said about a URL that can be saved.
type lintBody struct {
	Warnings []lintWarning `json:"warnings" doc:"What will not be filled, or is missing; empty where nothing is"`
	Macros   []lintMacro   `json:"macros" doc:"In the order of the URL"`
	Preview  string        `json:"preview" doc:"The URL filled with example values" example:"https://shop.example/?ref=01jd3w8q4g7e0h5r2m9v6x1c8k4t7yqz"`
}

type lintWarning struct {
	Code       string  `json:"code" enum:"unknown_macro,macro_case,macro_never_filled,foreign_macro,no_click_id_macro" doc:"What is wrong, for machines"`
	Piece      *string `json:"piece" nullable:"true" example:"{ClickID}" doc:"As it stands in the URL; null where something is missing"`
	Suggestion *string `json:"suggestion" nullable:"true" example:"{clickid}" doc:"What to write; null where nothing is known to fit"`
	Message    string  `json:"message" doc:"What is wrong and what to do, for people"`
}

func newLintWarnings(findings []click.Finding) []lintWarning {
	warnings := []lintWarning{}
	for _, f := range findings {
		warnings = append(warnings, lintWarning{f.Code, optionalText(f.Piece), optionalText(f.Suggestion), f.Message})
	}
	return warnings
}

type lintMacro struct {
	Text   string `json:"text" example:"{clickid}" doc:"As it stands in the URL"`
	Name   string `json:"name" example:"click_id" doc:"Our name for it; where it is unknown, as it is written"`
	Known  bool   `json:"known" doc:"There is a macro of this name"`
	Filled bool   `json:"filled" doc:"It is filled in this kind of URL; otherwise it stays as it is"`
}

// lintURL judges a URL as saving it would. One that cannot be saved is a field error.
func (s *service) lintURL(_ context.Context, _ account.Actor, in *lintInput) (*one[lintBody], error) {
	lint := click.LintDestinationURL
	if in.Body.Kind == "postback" {
		lint = click.LintPostbackURL
	}
	report, err := lint(in.Body.URL)
	if e, ok := errs.As(err); ok {
		return nil, e.At("body.url")
	}
	if err != nil {
		return nil, err
	}
	b := lintBody{Warnings: newLintWarnings(report.Findings), Macros: []lintMacro{}, Preview: report.Preview}
	for _, m := range report.Macros {
		b.Macros = append(b.Macros, lintMacro(m))
	}
	return &one[lintBody]{b}, nil
}
