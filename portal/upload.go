package portal

import (
	"errors"
	"io"
	"net/http"

	"github.com/waypost/waypost/domain/errs"
)

// Upload reads the file of a form's field and hands it to take; a form without one is no error. Call it before Bind: both
// read the same form. Errors: Invalid too_large at the field.
func (f *Frame) Upload(field string, most int64, take func(content []byte)) error {
	r := f.Echo.Request()
	if err := r.ParseMultipartForm(most + 1<<16); err != nil {
		if errors.Is(err, http.ErrNotMultipart) {
			return nil
		}
		return errs.Invalid("invalid_form", "the form could not be read: reload the page and send it again").Because(err)
	}
	r.PostForm = r.MultipartForm.Value
	header := r.MultipartForm.File[field]
	if len(header) == 0 || header[0].Size == 0 {
		return nil
	}
	if header[0].Size > most {
		return errs.Invalid("too_large", "the file is larger than %d kB", most>>10).At("body." + field)
	}
	file, err := header[0].Open()
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return errs.Invalid("invalid_form", "the file could not be read: send it again").Because(err)
	}
	take(content)
	return nil
}
