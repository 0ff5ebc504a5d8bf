package api

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/web"
)

// column is one field of a body, found by reflection.
type column struct {
	name     string // JSON name, after those of the objects that it is nested in
	path     []int  // field by field
	optional bool   // left out of the JSON where it has no value
	number   bool   // a decimal number, although its JSON is a string
}

type columns []column

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// columnsOf gives the columns of a body type, in the order of its fields. The tag csv:"number" marks a text that holds
// a decimal number.
func columnsOf(t reflect.Type) columns {
	if !nests(t) {
		return columns{{name: "value"}}
	}
	var cs columns
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() && !f.Anonymous || tag == "-" {
			continue
		}
		c := column{name: tag, path: f.Index, optional: strings.Contains(options, "omit")}
		if tag == "" {
			c.name = f.Name
		}
		of := f.Type
		if of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if !nests(of) {
			c.number = f.Tag.Get("csv") == "number" || of == reflect.TypeFor[money.Rate]() || of == reflect.TypeFor[money.Amount]()
			cs = append(cs, c)
			continue
		}
		for _, inner := range columnsOf(of) {
			if !f.Anonymous || tag != "" {
				inner.name = c.name + "." + inner.name
			}
			inner.path = append([]int{i}, inner.path...)
			inner.optional = inner.optional || c.optional
			cs = append(cs, inner)
		}
	}
	return cs
}

// nests tells an object whose fields become columns of their own.
func nests(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(jsonMarshaler) && !reflect.PointerTo(t).Implements(textMarshaler)
}

// shownIn leaves out the optional columns that the rows have no value for, so that a field that a role may not see is
// not named either. Whether a role sees a field does not change from row to row. Without rows, out may give a sample of
// one.
func (cs columns) shownIn(rows reflect.Value, out any) columns {
	if s, ok := out.(interface{ sample() any }); ok && rows.Len() == 0 {
		rows = reflect.Append(reflect.MakeSlice(rows.Type(), 0, 1), reflect.ValueOf(s.sample()))
	}
	var shown columns
	for _, c := range cs {
		for i := 0; c.optional && i < rows.Len(); i++ {
			_, present := c.value(rows.Index(i))
			c.optional = !present
		}
		if !c.optional {
			shown = append(shown, c)
		}
	}
	return shown
}

// value finds the column's value in a row; there is none below a pointer to nothing, and an omitted zero is none either.
func (c column) value(row reflect.Value) (reflect.Value, bool) {
	for _, i := range c.path {
		if row.Kind() == reflect.Pointer {
			if row.IsNil() {
				return reflect.Value{}, false
			}
			row = row.Elem()
		}
		row = row.Field(i)
	}
	return row, !c.optional || !row.IsZero()
}

func (cs columns) writeHeader(b *bytes.Buffer) {
	for i, c := range cs {
		web.WriteCSVCell(b, i, c.name)
	}
	web.EndCSVLine(b)
}

func (cs columns) writeRow(b *bytes.Buffer, row reflect.Value) error {
	for i, c := range cs {
		text, err := c.cell(row)
		if err != nil {
			return err
		}
		web.WriteCSVCell(b, i, text)
	}
	web.EndCSVLine(b)
	return nil
}

// cell is the text of the row's value: that of its JSON, without the quotes of a text; empty for null.
func (c column) cell(row reflect.Value) (string, error) {
	v, _ := c.value(row)
	for v.IsValid() && v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if !v.IsValid() {
		return "", nil
	}
	marshals := v.Type().Implements(jsonMarshaler) || v.Type().Implements(textMarshaler)
	switch {
	case marshals:
	case v.Kind() == reflect.String:
		return c.text(v.String()), nil
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), nil
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v.Interface()); err != nil {
		return "", fmt.Errorf("column %s: %w", c.name, err)
	}
	encoded := bytes.TrimSpace(b.Bytes())
	if string(encoded) == "null" {
		return "", nil
	}
	if encoded[0] != '"' { // a number, a truth value, a list or an object, none of which is a formula
		return string(encoded), nil
	}
	var text string
	if err := json.Unmarshal(encoded, &text); err != nil {
		return "", fmt.Errorf("column %s: %w", c.name, err)
	}
	return c.text(text), nil
}

func (c column) text(s string) string {
	if c.number {
		return web.CSVNumber(s)
	}
	return web.CSVText(s)
}
