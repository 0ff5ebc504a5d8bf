package api

import (
	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// Document is the OpenAPI document for tests that hold answers against it: still closed to fields that it does not know.
func Document() *huma.OpenAPI { return newService(echo.New(), Deps{}).api.OpenAPI() }
