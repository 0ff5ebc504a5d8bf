package api

import (
	"bytes"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// Document is the OpenAPI document for tests that hold answers against it: still closed to fields that it does not know.
func Document() *huma.OpenAPI { return newService(echo.New(), Deps{}).api.OpenAPI() }

// CSV is a slice of bodies as a file.
func CSV(rows any) (string, error) {
	var b bytes.Buffer
	part := reflect.ValueOf(rows)
	cs := columnsOf(part.Type().Elem()).shownIn(part, nil)
	cs.writeHeader(&b)
	for i := range part.Len() {
		if err := cs.writeRow(&b, part.Index(i)); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}
