package portal

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/export"
	"github.com/waypost/waypost/ui"
	"github.com/waypost/waypost/web"
)

const filesPath = "/account/files"

// longSheet is how many rows an XLSX file has at most that somebody waits for.
const longSheet = 50_000

// fileRoutes are the pages of the files that are made in the background.
func (g *Group) fileRoutes() {
	g.GET(filesPath, g.files)
	g.Poll(filesPath+"/list", g.fileList)
	g.GET(filesPath+"/:id", g.fetchFile)
	g.POST(filesPath+"/:id/delete", g.deleteFile)
}

// orderSheet has the file made in the background that the request asks for, and leads to where it will be.
func (f *Frame) orderSheet(name string) error {
	if f.Viewing() {
		return errs.Invalid("too_many_rows", "there are more than %d rows, and so long an Excel file is made in the background, for its user alone: take the CSV file, or choose fewer days", f.portal.longSheet())
	}
	if f.Echo.Request().Header.Get("Sec-Fetch-Site") == "cross-site" { // a GET, so that no token shows who wants it
		return errs.Forbidden("forged_request", "another site led here, and a long Excel file is made for who asks for it: open the list and choose it in its Export menu")
	}
	page := *f.Echo.Request().URL
	page.Path = strings.TrimSuffix(strings.TrimSuffix(page.Path, ".xlsx"), "/file") // a link to it shows the page
	title := strings.ReplaceAll(name, "-", " ")
	_, err := f.portal.Exports.Order(f.Context(), f.Actor, export.Order{Path: page.RequestURI(), Format: export.XLSX,
		Title: strings.ToUpper(title[:1]) + title[1:]})
	if err != nil {
		return err
	}
	f.Flash(ui.OK, fmt.Sprintf("The file has more than %s rows, so it is made in the background. It will be here, and an e-mail tells you when it is ready.", Count(f.portal.longSheet())))
	return f.Redirect(f.Path(filesPath))
}

func (p *Portal) longSheet() int {
	if p.LongSheet > 0 {
		return p.LongSheet
	}
	return longSheet
}

// filesView is the list of files.
type filesView struct {
	f       *Frame
	files   []export.Export
	links   ui.PageLinks
	refresh string // address to ask again, while one is not over
}

func (g *Group) readFiles(f *Frame) (v filesView, err error) {
	var paging Paging
	if err := f.Query(&paging); err != nil {
		return v, err
	}
	list := domain.Slice[export.Export]{}
	if !f.Viewing() { // they are the user's own, not the party's
		if list, err = g.portal.Exports.List(f.Context(), f.Actor, paging.Slice()); err != nil {
			return v, err
		}
	}
	v = filesView{f: f, files: list.Items}
	if list.NextCursor != "" || paging.Cursor != "" {
		v.links = Pager(f.Path(filesPath), paging, paging, list, "file")
	}
	for _, e := range list.Items {
		if !e.State.Over() {
			v.refresh = URL(f.Path(filesPath+"/list"), paging)
		}
	}
	return v, nil
}

func (g *Group) files(f *Frame) error {
	v, err := g.readFiles(f)
	if err != nil {
		return err
	}
	return f.Page("Files", "/account", filesPage(v))
}

func (g *Group) fileList(f *Frame) error {
	v, err := g.readFiles(f)
	if err != nil {
		return err
	}
	return f.RenderPart(http.StatusOK, filesPart(v))
}

func exportID(f *Frame) (export.ID, error) {
	id, ok := domain.ParseUUID(f.Param("id"))
	if !ok {
		return export.ID{}, errs.NotFound("not_found", "you have no file with this id")
	}
	return export.ID{UUID: id}, nil
}

func (g *Group) fetchFile(f *Frame) error {
	id, err := exportID(f)
	if err != nil {
		return err
	}
	e, copyTo, err := g.portal.Exports.Open(f.Context(), f.Actor, id)
	if err != nil {
		return err
	}
	kind := web.CSVType
	if e.Format == export.XLSX {
		kind = web.SheetType
	}
	header := f.Echo.Response().Header()
	header.Set("Content-Length", fmt.Sprint(e.Size))
	header.Set("Content-Type", kind)
	header.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, e.FileName))
	f.Echo.Response().WriteHeader(http.StatusOK)
	if err := copyTo(patient{f.Echo.Response()}); err != nil {
		f.brokenOff(e.FileName, err)
	}
	return nil
}

func (g *Group) deleteFile(f *Frame) error {
	id, err := exportID(f)
	if err != nil {
		return err
	}
	if err := g.portal.Exports.Delete(f.Context(), f.Actor, id); err != nil {
		return err
	}
	f.Flash(ui.OK, "The file is deleted.")
	return f.Redirect(f.Path(filesPath))
}

func (v filesView) table() ui.Table {
	t := ui.Table{ID: "files-table", Name: "Files", Actions: true, Empty: noFiles(v.f), Columns: []ui.Column{{Label: "File", Wide: true}, {Label: "State"},
		{Label: "Size", Number: true, Hide: true}, {Label: "Asked for", Hide: true}, {Label: "Kept until", Hide: true}}}
	for _, e := range v.files {
		file := ui.Cell{Text: e.Title, Strong: true, Href: e.Path, Sub: strings.ToUpper(string(e.Format)), Narrow: v.f.Ago(e.CreatedAt)}
		if e.State == export.Failed {
			file.Sub += ": " + e.Reason
		}
		until, bytes := None, None
		if e.State == export.Ready {
			bytes = export.SizeText(e.Size)
		}
		if !e.ExpiresAt.IsZero() {
			until = v.f.Date(e.ExpiresAt)
		}
		t.Rows = append(t.Rows, ui.Row{ID: "file-" + e.ID.String(), Actions: fileButtons(v.f, e), Cells: []ui.Cell{file,
			{Body: ui.StatusBadge(ui.Files, string(e.State))}, {Text: bytes}, {Text: v.f.Ago(e.CreatedAt), Title: v.f.Exact(e.CreatedAt)}, {Text: until, Title: v.f.Exact(e.ExpiresAt)}}})
	}
	return t
}
