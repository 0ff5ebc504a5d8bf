package pgstore

import (
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain/errs"
)

// What the stores of the catalogue have in common.

// forUpdate locks the rows that are read against other changes until the transaction ends. It lets pass the key locks
// of rows of the catalogue that refer to them, so that neither waits for the other; a DELETE takes its stronger lock by
// itself.
var forUpdate = clause.Locking{Strength: "NO KEY UPDATE"}

// changed translates the outcome of a statement that was to change one row.
func changed(deed string, rows int, err error) error {
	if err == nil && rows == 0 {
		return errs.NotFound("not_found", "there is nothing with this id")
	}
	return translate(deed, err)
}

// madeWithin is within of the time when rows were made.
func madeWithin(from, to time.Time) func(*gorm.Statement) { return within("created_at", from, to) }

// within narrows to rows whose column holds from, to, or a time between them, to itself excluded; a zero time is no
// bound. The column's name is a constant of the caller.
func within(column string, from, to time.Time) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		if !from.IsZero() {
			q.Where(column+" >= ?", from)
		}
		if !to.IsZero() {
			q.Where(column+" < ?", to)
		}
	}
}

// equals narrows to rows with this value in a column; the zero value is no bound. The column's name is a constant of
// the caller.
func equals[T comparable](column string, value T) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		var none T
		if value != none {
			q.Where(clause.Eq{Column: clause.Column{Name: column}, Value: value})
		}
	}
}

// likeEscapes keeps what a user searches for from being read as a pattern.
var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// named narrows to rows whose name holds the text, case ignored; an empty text is no bound.
func named(text string) func(*gorm.Statement) { return holding(text, "name") }

// holding narrows to rows that hold the text in one of the columns, case ignored; an empty text is no bound. The columns'
// names are constants of the caller.
func holding(text string, columns ...string) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		text = strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "") // no text to PostgreSQL
		if text == "" {
			return
		}
		values := make([]any, len(columns))
		for i := range values {
			values[i] = "%" + likeEscapes.Replace(text) + "%"
		}
		q.Where("("+strings.Join(columns, " ILIKE ? OR ")+" ILIKE ?)", values...)
	}
}
