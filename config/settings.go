package config

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strconv"
	"strings"
)

// source is where the comments stand that document the settings.
//
//go:embed config.go
var source string

// Setting is one environment variable, as the comment on its field explains it.
type Setting struct {
	Name    string
	Default string
	Doc     string
}

// Settings are all of them, in the order of the struct. A field without a comment shares that of the field above it.
func Settings() ([]Setting, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", source, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("read the settings' comments: %w", err)
	}
	var all []Setting
	ast.Inspect(file, func(n ast.Node) bool {
		t, ok := n.(*ast.TypeSpec)
		if !ok || t.Name.Name != "Config" {
			return true
		}
		doc, names := "", strings.NewReplacer(variables(t)...)
		for _, f := range t.Type.(*ast.StructType).Fields.List {
			tag := tagOf(f)
			if f.Doc != nil {
				doc = names.Replace(strings.Join(strings.Fields(f.Doc.Text()), " "))
			}
			if name := tag.Get("env"); name != "" {
				if rest, ok := strings.CutPrefix(doc, name+" is "); ok { // a comment begins with the name, a table has it already
					doc = strings.ToUpper(rest[:1]) + rest[1:]
				}
				all = append(all, Setting{Name: name, Default: tag.Get("envDefault"), Doc: doc})
			}
		}
		return false
	})
	return all, nil
}

// variables pairs each field's name with its variable, for comments that speak of fields.
func variables(t *ast.TypeSpec) []string {
	var pairs []string
	for _, f := range t.Type.(*ast.StructType).Fields.List {
		for _, name := range f.Names {
			if variable := tagOf(f).Get("env"); variable != "" {
				for _, end := range []string{" ", ";", ",", "."} { // whole words only
					pairs = append(pairs, name.Name+end, variable+end)
				}
			}
		}
	}
	return pairs
}

func tagOf(f *ast.Field) reflect.StructTag {
	if f.Tag == nil {
		return ""
	}
	text, _ := strconv.Unquote(f.Tag.Value) // the compiler has read it
	return reflect.StructTag(text)
}

// SettingsTable is the table of OPERATION.md.
func SettingsTable() (string, error) {
	all, err := Settings()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("| variable | default | meaning |\n| --- | --- | --- |\n")
	for _, s := range all {
		value := s.Default
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, value, strings.ReplaceAll(s.Doc, "|", `\|`))
	}
	return b.String(), nil
}
