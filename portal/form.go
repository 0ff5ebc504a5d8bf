package portal

import (
	"encoding"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
)

// Bind reads a sent form into a struct whose fields name theirs by the tag form:"name". Fields are texts, truth values (a
// checkbox that is sent is true), whole numbers, encoding.TextUnmarshaler, and slices of these; what was not sent stays
// as it is. Texts lose the blanks around them, unless tagged form:"password,raw". Errors: Invalid with the fields at
// fault; in still holds all that was readable, to show the form again.
func (f *Frame) Bind(in any) error {
	r := f.Echo.Request()
	if r.PostForm == nil {
		if err := r.ParseForm(); err != nil {
			return errs.Invalid("invalid_form", "the form could not be read: reload the page and send it again").Because(err)
		}
	}
	return decode(r.PostForm, in, "form", "body.")
}

// Query reads the filters of a list from the address, by the tag query:"name", as Bind does.
func (f *Frame) Query(in any) error {
	return decode(f.Echo.QueryParams(), in, "query", "query.")
}

func decode(values url.Values, in any, tag, location string) error {
	target := reflect.ValueOf(in)
	if target.Kind() != reflect.Pointer || target.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("decode form: %T is no pointer to a struct", in)
	}
	var faults *errs.Error
	each(target.Elem(), tag, func(name string, raw bool, field reflect.Value) {
		sent, ok := values[name]
		if !ok {
			return
		}
		if err := set(field, sent, raw); err != nil {
			if faults == nil {
				faults = errs.Invalid("invalid_form", "some of what was sent cannot be read")
			}
			faults.Fields = append(faults.Fields, errs.Field{Location: location + name, Code: "invalid_value", Message: err.Error()})
		}
	})
	if p, ok := in.(interface{ faults(string) []errs.Field }); ok { // a Period is embedded
		if fields := p.faults(location); len(fields) > 0 {
			if faults == nil {
				faults = errs.Invalid("invalid_form", "a day of the period cannot be read: write it as 2026-11-30")
			}
			faults.Fields = append(faults.Fields, fields...)
		}
	}
	if faults != nil {
		return faults
	}
	return nil
}

// each visits the tagged fields of a struct, those of embedded ones too.
func each(s reflect.Value, tag string, visit func(name string, raw bool, field reflect.Value)) {
	for i := range s.NumField() {
		field := s.Type().Field(i)
		name, option, _ := strings.Cut(field.Tag.Get(tag), ",")
		switch {
		case field.Anonymous && name == "" && field.Type.Kind() == reflect.Struct:
			each(s.Field(i), tag, visit)
		case name != "" && field.IsExported():
			visit(name, option == "raw", s.Field(i))
		}
	}
}

func set(field reflect.Value, sent []string, raw bool) error {
	if field.Kind() == reflect.Slice && field.Type().Elem().Kind() != reflect.Uint8 {
		all := reflect.MakeSlice(field.Type(), 0, len(sent))
		for _, one := range sent {
			if one == "" {
				continue
			}
			element := reflect.New(field.Type().Elem()).Elem()
			if err := set(element, []string{one}, raw); err != nil {
				return err
			}
			all = reflect.Append(all, element)
		}
		field.Set(all)
		return nil
	}
	text := sent[len(sent)-1] // a hidden field may stand before a checkbox
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return fmt.Errorf("must be readable text")
	}
	if !raw {
		text = strings.TrimSpace(text)
	}
	if reader, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if text == "" {
			return nil
		}
		return reader.UnmarshalText([]byte(text))
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Bool:
		field.SetBool(text != "" && text != "0" && text != "false" && text != "off")
	case reflect.Int, reflect.Int64:
		if text == "" {
			field.SetInt(0)
			return nil
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("must be a whole number")
		}
		field.SetInt(n)
	default:
		return fmt.Errorf("cannot be read")
	}
	return nil
}

// Paging is embedded in the filter of a list.
type Paging struct {
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit"`
}

// Slice is the part of the list that is asked for.
func (p Paging) Slice() domain.Page {
	if p.Limit < 0 || p.Limit > domain.MaxLimit {
		p.Limit = 0
	}
	return domain.Page{Limit: p.Limit, Cursor: p.Cursor}
}

// URL is an address with the filter in its query, empty fields left out, and pairs of name and value set over it: the
// next part of a list is URL(path, filter, "cursor", next), and a filter chip's × URL(path, filter, "offer", "", "cursor", "").
func URL(path string, filter any, pairs ...string) string {
	values := url.Values{}
	if filter != nil {
		s := reflect.Indirect(reflect.ValueOf(filter))
		settable := reflect.New(s.Type()).Elem()
		settable.Set(s)
		each(settable, "query", func(name string, _ bool, field reflect.Value) {
			for _, text := range texts(field) {
				values.Add(name, text)
			}
		})
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			values.Del(pairs[i])
		} else {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

func texts(v reflect.Value) (all []string) {
	if v.IsZero() {
		return nil
	}
	if writer, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := writer.MarshalText()
		if err != nil {
			return nil
		}
		return []string{string(text)}
	}
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			all = append(all, texts(v.Index(i))...)
		}
	case reflect.Bool:
		return []string{"1"}
	default:
		return []string{fmt.Sprint(v.Interface())}
	}
	return all
}
