package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/api"
	portaladmin "github.com/waypost/waypost/portal-admin"
)

// A file that the domain takes gets past the door, at both routes.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.Use(bodyLimit())
	e.POST("/*", func(c echo.Context) error {
		_, err := io.Copy(io.Discard, c.Request().Body)
		return err
	})
	for path, fits := range map[string]bool{api.ImportPath: true, portaladmin.ImportPath: true, "/admin/conversions": false} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(strings.Repeat("x", 2<<20))))
		if (w.Code == http.StatusOK) != fits {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
