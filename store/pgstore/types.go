package pgstore

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/money"
)

// textArray is a text[] column of a row. NULL reads as nil; nil is written as the empty array, for no column of ours
// takes NULL.
type textArray []string

// typeMaps remember how values are read and written; one serves one at a time.
var typeMaps = sync.Pool{New: func() any { return pgtype.NewMap() }}

// GormDataType keeps gorm from taking the slice for an association.
func (textArray) GormDataType() string { return "text[]" }

// Value implements driver.Valuer.
func (a textArray) Value() (driver.Value, error) {
	if a == nil {
		a = textArray{}
	}
	m := typeMaps.Get().(*pgtype.Map)
	defer typeMaps.Put(m)
	b, err := m.Encode(pgtype.TextArrayOID, pgtype.TextFormatCode, []string(a), nil)
	if err != nil {
		return nil, fmt.Errorf("write text[]: %w", err)
	}
	return string(b), nil
}

// Scan implements sql.Scanner.
func (a *textArray) Scan(src any) error {
	if src == nil {
		*a = nil
		return nil
	}
	var read []string
	m := typeMaps.Get().(*pgtype.Map)
	defer typeMaps.Put(m)
	if err := m.SQLScanner(&read).Scan(src); err != nil {
		return fmt.Errorf("read text[]: %w", err)
	}
	*a = read
	return nil
}

// jsonb is a jsonb column of a row that holds a T. NULL reads as the zero T.
type jsonb[T any] struct{ V T }

// GormDataType keeps gorm from taking the struct for an association.
func (jsonb[T]) GormDataType() string { return "jsonb" }

// Value implements driver.Valuer.
func (j jsonb[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(j.V)
	if err != nil {
		return nil, fmt.Errorf("write jsonb: %w", err)
	}
	return string(b), nil
}

// Scan implements sql.Scanner.
func (j *jsonb[T]) Scan(src any) error {
	var zero T
	j.V = zero
	var text []byte
	switch src := src.(type) {
	case nil:
		return nil
	case string:
		text = []byte(src)
	case []byte:
		text = src
	default:
		return fmt.Errorf("read jsonb: unexpected %T", src)
	}
	if err := json.Unmarshal(text, &j.V); err != nil {
		return fmt.Errorf("read jsonb: %w", err)
	}
	return nil
}

// uuid is a uuid column of a row; a pointer to one is a column that may be NULL.
type uuid domain.UUID

// GormDataType keeps gorm from taking the array for bytes.
func (uuid) GormDataType() string { return "uuid" }

// Value implements driver.Valuer.
func (u uuid) Value() (driver.Value, error) { return domain.UUID(u).String(), nil }

// Scan implements sql.Scanner.
func (u *uuid) Scan(src any) error {
	text, ok := src.(string)
	if b, isBytes := src.([]byte); isBytes {
		text, ok = string(b), true
	}
	id, valid := domain.ParseUUID(text)
	if !ok || !valid {
		return fmt.Errorf("read uuid: unexpected %T %q", src, text)
	}
	*u = uuid(id)
	return nil
}

// ScanUUID implements pgtype.UUIDScanner: native statements read the bytes.
func (u *uuid) ScanUUID(v pgtype.UUID) error {
	if !v.Valid {
		return errors.New("read uuid: unexpected NULL")
	}
	*u = v.Bytes
	return nil
}

// A numeric(20,8) column is a string field of its row, a *string where it may be NULL.

// readRate parses a numeric column.
func readRate(column string, text string) (money.Rate, error) {
	r, err := money.ParseRate(text)
	if err != nil {
		return money.Rate{}, fmt.Errorf("read %s %q: %w", column, text, err)
	}
	return r, nil
}

// readOptionalRate parses a numeric column that may be NULL.
func readOptionalRate(column string, text *string) (*money.Rate, error) {
	if text == nil {
		return nil, nil
	}
	r, err := readRate(column, *text)
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// writeOptionalRate renders a rate for a numeric column that may be NULL.
func writeOptionalRate(r *money.Rate) *string {
	if r == nil {
		return nil
	}
	s := r.String()
	return &s
}
