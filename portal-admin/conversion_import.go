package portaladmin

import (
	"net/http"
	"strings"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// ImportPath is the one route of the portal that takes a body as large as a file of changes.
const ImportPath = "/admin/conversions/import"

// importInput is the form that a file of changes comes with, uploaded or pasted.
type importInput struct {
	CSV   string `form:"csv,raw"`
	Quiet bool   `form:"quiet"`
	Apply bool   `form:"apply"`
}

// importView is the form, and below it what its lines would do.
type importView struct {
	action, csrf, back string
	in                 importInput
	faults             portal.Faults
	preview            *bulkView
}

func (v importView) field() ui.Field {
	return ui.Field{Name: "csv", Label: "Lines", Value: v.in.CSV, Error: v.faults["csv"], Mono: true, Rows: 10, Optional: true,
		Hint: "Or paste them. The first line names the columns, any of " + strings.Join(conversion.SheetColumns, ", ") + ". A list of conversions may keep its id and commission; leave its other columns out."}
}

func (a *admin) importForm(f *portal.Frame) error {
	if err := f.Actor.Require(account.PermissionManageConversions); err != nil {
		return err
	}
	return a.showImport(f, http.StatusOK, importView{})
}

func (a *admin) showImport(f *portal.Frame, status int, v importView) error {
	v.action, v.csrf, v.back = f.Path("/conversions/import"), f.CSRF, f.Path("/conversions")
	return f.Render(status, "Update conversions by CSV", "/conversions", importPage(v))
}

// importSheet shows what a file would do, and does it when asked again.
func (a *admin) importSheet(f *portal.Frame) error {
	var v importView
	err := f.Upload("file", conversion.MaxSheet, func(content []byte) { v.in.CSV = string(content) })
	if err == nil {
		uploaded := v.in.CSV
		if err = f.Bind(&v.in); uploaded != "" {
			v.in.CSV = uploaded
		}
		v.in.CSV = strings.ReplaceAll(v.in.CSV, "\r\n", "\n") // a form doubles the ends of lines, and a file must not grow by it
	}
	var result conversion.BulkResult
	if err == nil {
		result, err = a.Conversions.Import(f.Context(), f.Actor, conversion.ImportInput{CSV: v.in.CSV, Quiet: v.in.Quiet, DryRun: !v.in.Apply, Reasons: true})
	}
	if faults, ok := portal.FaultsOf(err); ok {
		if faults["csv"] == "" {
			faults["csv"] = anyOf(faults)
			delete(faults, "")
		}
		v.faults = faults
		return a.showImport(f, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	if v.in.Apply {
		return a.showDone(f, result, f.Path("/conversions"))
	}
	v.preview = &bulkView{button: ui.Button{Label: "Change " + portal.Counted(result.Changed, "conversion"), Look: ui.Primary, Submit: true, Off: result.Changed == 0}}
	if err := a.fillBulk(f, v.preview, result); err != nil {
		return err
	}
	return a.showImport(f, http.StatusOK, v)
}
