package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/export"
	"github.com/waypost/waypost/web"
)

const tagExports = "Files"

func (s *service) exportRoutes() {
	register(s, op{"list-exports", http.MethodGet, "/exports", "List files made in the background", tagExports, 0, nil}, s.listExports)
	register(s, op{"create-export", http.MethodPost, "/exports", "Have the file of a list or report made", tagExports, 201, []int{409}}, s.createExport)
	register(s, op{"get-export", http.MethodGet, "/exports/{id}", "Read how far a file is", tagExports, 0, nil}, s.getExport)
	register(s, op{"get-export-file", http.MethodGet, "/exports/{id}/file", "Fetch a file", tagExports, 0, []int{409}}, s.exportFile)
	register(s, op{"delete-export", http.MethodDelete, "/exports/{id}", "Delete a file", tagExports, 204, nil}, s.deleteExport)
}

// exportBody is a file that is made in the background.
type exportBody struct {
	ID        string        `json:"id" doc:"Id of the file"`
	Path      string        `json:"path" doc:"The list or report of your portal that it holds"`
	Format    export.Format `json:"format" enum:"csv,xlsx" doc:"Kind of the file"`
	Title     string        `json:"title" doc:"What it is called on the page of files and in the mail"`
	ByMail    bool          `json:"by_mail" doc:"Whether the file itself goes by mail, where it has at most 5 MiB"`
	State     export.State  `json:"state" enum:"waiting,making,ready,failed" doc:"How far it is"`
	Reason    *string       `json:"reason" nullable:"true" doc:"Why it failed, in words"`
	FileName  *string       `json:"file_name" nullable:"true" doc:"Of a ready one"`
	Size      *int64        `json:"size" nullable:"true" doc:"Bytes of a ready one"`
	CreatedAt time.Time     `json:"created_at" doc:"When it was asked for"`
	ReadyAt   *time.Time    `json:"ready_at" nullable:"true" doc:"When it was ready"`
	ExpiresAt *time.Time    `json:"expires_at" nullable:"true" doc:"When it is removed: 7 days after it was ready or failed"`
}

func newExportBody(e export.Export) exportBody {
	b := exportBody{ID: e.ID.String(), Path: e.Path, Format: e.Format, Title: e.Title, ByMail: e.ByMail, State: e.State, CreatedAt: moment(e.CreatedAt),
		ReadyAt: optionalTime(e.ReadyAt), ExpiresAt: optionalTime(e.ExpiresAt)}
	switch e.State {
	case export.Ready:
		b.FileName, b.Size = &e.FileName, &e.Size
	case export.Failed:
		b.Reason = &e.Reason
	}
	return b
}

type exportList struct{ Paging }

func (s *service) listExports(ctx context.Context, actor account.Actor, in *exportList) (*list[exportBody], error) {
	found, err := s.Exports.List(ctx, actor, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, newExportBody), nil
}

type exportCreate struct {
	Body struct {
		Path   string        `json:"path" maxLength:"4096" doc:"A list or report of your portal with its query, as in the browser: /admin/conversions?status=approved"`
		Format export.Format `json:"format" enum:"csv,xlsx" doc:"Kind of the file"`
		Title  string        `json:"title" maxLength:"480" doc:"What it is for people, at most 120 characters"`
		ByMail bool          `json:"by_mail,omitempty" doc:"true: the file itself goes by mail, where it has at most 5 MiB; otherwise a link does"`
	}
}

func (s *service) createExport(ctx context.Context, actor account.Actor, in *exportCreate) (*one[exportBody], error) {
	e, err := s.Exports.Order(ctx, actor, export.Order{Path: in.Body.Path, Format: in.Body.Format, Title: in.Body.Title, ByMail: in.Body.ByMail})
	if err != nil {
		return nil, err
	}
	return &one[exportBody]{newExportBody(e)}, nil
}

type exportID struct {
	ID string `path:"id" maxLength:"64" doc:"Id of the file"`
}

func (in exportID) id() (export.ID, error) {
	id, ok := domain.ParseUUID(in.ID)
	if !ok {
		return export.ID{}, noSuch("file")
	}
	return export.ID{UUID: id}, nil
}

func (s *service) getExport(ctx context.Context, actor account.Actor, in *exportID) (*one[exportBody], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	e, err := s.Exports.Get(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	return &one[exportBody]{newExportBody(e)}, nil
}

func (s *service) deleteExport(ctx context.Context, actor account.Actor, in *exportID) (*noBody, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return nil, s.Exports.Delete(ctx, actor, id)
}

// exportFile sends a file as it was made. One that is deleted on the way breaks the connection off.
func (s *service) exportFile(ctx context.Context, actor account.Actor, in *exportID) (*huma.StreamResponse, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	e, copyTo, err := s.Exports.Open(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		kind := web.CSVType
		if e.Format == export.XLSX {
			kind = web.SheetType
		}
		ctx.SetHeader("Content-Type", kind)
		ctx.SetHeader("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, e.FileName))
		ctx.SetHeader("Content-Length", strconv.FormatInt(e.Size, 10))
		ctx.SetStatus(http.StatusOK)
		if err := copyTo(patientWriter{s, humaecho.Unwrap(ctx).Response(), ctx.BodyWriter()}); err != nil {
			s.Log.WarnContext(ctx.Context(), "file broken off", "export_id", e.ID.String(), "error", err.Error())
			panic(http.ErrAbortHandler)
		}
	}}, nil
}

// patientWriter gives a client time for each part of a file, in place of one deadline for all.
type patientWriter struct {
	s        *service
	response http.ResponseWriter
	to       io.Writer
}

// Write implements io.Writer.
func (p patientWriter) Write(b []byte) (int, error) {
	// An adapter without deadlines, such as a test's, has none to move.
	_ = http.NewResponseController(p.response).SetWriteDeadline(p.s.Clock.Now().Add(exportPatience))
	return p.to.Write(b)
}

// documentFile tells about an answer that is a file.
func documentFile(operation *huma.Operation) {
	of := func(example string) *huma.MediaType {
		return &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}, Example: example}
	}
	operation.Responses = map[string]*huma.Response{strconv.Itoa(http.StatusOK): {Description: http.StatusText(http.StatusOK),
		Content: map[string]*huma.MediaType{"text/csv": of("id,status\r\n12,approved\r\n"), web.SheetType: of("PK…")},
		Headers: map[string]*huma.Header{"Content-Disposition": {Description: "Name of the file", Schema: &huma.Schema{Type: huma.TypeString}}}}}
}
