package conversion

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

// Bounds of a file of changes.
const (
	MaxSheet      = 2 << 20 // bytes
	MaxSheetLines = 10_000  // beside the first, which names the columns
)

// SheetColumns are what a file of changes may hold; each at most once, in any order.
var SheetColumns = []string{"conversion_id", "txid", "advertiser_id", "status", "reason", "val", "com", "revenue"}

// sheetNames are other names of columns: those that lists of conversions have.
var sheetNames = map[string]string{"id": "conversion_id", "commission": "com"}

// SheetLine is one line of a file of changes, as far as it can be read without looking anything up.
type SheetLine struct {
	Line         int // where it begins, from 1
	ID           ID  // zero where the line names a txid
	TxID         string
	AdvertiserID advertiser.ID
	Edit         EditInput
	Fault        *errs.Error
}

// ReadSheet reads a file of changes: RFC 4180, the first line names the columns. A line's own fault stands in it; what
// keeps the whole file from being read is an error: empty_file, too_large, too_many, invalid_csv, unknown_column,
// missing_column, invalid_text.
func ReadSheet(text string) ([]SheetLine, error) {
	switch {
	case len(text) > MaxSheet:
		return nil, errs.Invalid("too_large", "a file has at most %d MiB", MaxSheet>>20).At("body.csv")
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return nil, errs.Invalid("invalid_text", "the file must be UTF-8").At("body.csv")
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	r.FieldsPerRecord = -1 // told by line
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errs.Invalid("empty_file", "the file is empty; its first line names the columns").At("body.csv")
	}
	if err != nil {
		return nil, brokenCSV(err)
	}
	columns, err := readHead(head)
	if err != nil {
		return nil, err
	}
	var lines []SheetLine
	for {
		record, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return lines, nil
		case err != nil:
			return nil, brokenCSV(err)
		case len(lines) == MaxSheetLines:
			return nil, errs.Invalid("too_many", "a file has at most %d lines; split it", MaxSheetLines).At("body.csv")
		}
		line := SheetLine{}
		line.Line, _ = r.FieldPos(0)
		if len(record) != len(head) {
			line.Fault = errs.Invalid("wrong_number_of_fields", "has %d fields; the first line has %d", len(record), len(head))
		} else {
			line.read(func(column string) string {
				if i, ok := columns[column]; ok {
					return plain(record[i])
				}
				return ""
			})
		}
		lines = append(lines, line)
	}
}

func brokenCSV(err error) error {
	line, what := 0, err.Error()
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		line, what = parse.Line, parse.Err.Error()
	}
	return errs.Invalid("invalid_csv", "line %d is no CSV (RFC 4180): %s", line, what).At("body.csv")
}

// plain is a cell's text. Our own files put an apostrophe before what a spreadsheet would take for a formula.
func plain(cell string) string {
	cell = strings.TrimSpace(cell)
	if rest, ok := strings.CutPrefix(cell, "'"); ok && rest != "" && strings.ContainsRune("=+-@\t\r", rune(rest[0])) {
		return rest
	}
	return cell
}

func readHead(head []string) (map[string]int, error) {
	columns := map[string]int{}
	for i, name := range head {
		name = strings.ToLower(plain(name))
		name = cmp.Or(sheetNames[name], name)
		if !slices.Contains(SheetColumns, name) {
			return nil, errs.Invalid("unknown_column", "line 1: there is no column %q; a file may have %s", cut(name, 50), strings.Join(SheetColumns, ", ")).At("body.csv")
		}
		if _, twice := columns[name]; twice {
			return nil, errs.Invalid("unknown_column", "line 1: the column %s stands there twice", name).At("body.csv")
		}
		columns[name] = i
	}
	_, byID := columns["conversion_id"]
	_, byTxID := columns["txid"]
	if !byID && !byTxID {
		return nil, errs.Invalid("missing_column", "line 1: the file needs the column conversion_id, or txid").At("body.csv")
	}
	_, status := columns["status"]
	_, val := columns["val"]
	_, com := columns["com"]
	_, revenue := columns["revenue"]
	if !status && !val && !com && !revenue {
		return nil, errs.Invalid("missing_column", "line 1: the file needs the column status, val, com or revenue").At("body.csv")
	}
	return columns, nil
}

// read fills the line from its cells; the first fault is told.
func (l *SheetLine) read(cell func(column string) string) {
	fault := func(code, format string, args ...any) {
		if l.Fault == nil {
			l.Fault = errs.Invalid(code, format, args...)
		}
	}
	l.TxID, l.Edit.Reason = cell("txid"), cell("reason")
	if text := cell("conversion_id"); text != "" {
		id, ok := domain.ParseUUID(strings.ToLower(text))
		if !ok {
			fault("invalid_id", "conversion_id is no id of a conversion")
		}
		l.ID, l.TxID = ID{id}, ""
	} else if l.TxID == "" {
		fault("required", "names neither conversion_id nor txid")
	}
	if text := cell("advertiser_id"); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id <= 0 {
			fault("invalid_id", "advertiser_id is no id of an advertiser")
		}
		l.AdvertiserID = advertiser.ID(id)
	}
	if text := cell("status"); text != "" {
		status := Status(strings.ToLower(text))
		if !status.Valid() {
			fault("invalid_status", "status must be approved, pending, hold, rejected or trash")
		}
		l.Edit.Status = &status
	}
	for _, n := range [...]struct {
		column string
		into   **money.Rate
	}{{"val", &l.Edit.Val}, {"com", &l.Edit.Commission}, {"revenue", &l.Edit.Revenue}} {
		text := cell(n.column)
		if text == "" {
			continue
		}
		rate, err := money.ParseTyped(text)
		if e, ours := errs.As(err); ours {
			fault(e.Code, "%s: %s", n.column, e.Message)
		}
		*n.into = &rate
	}
	if l.Edit.Status == nil && !l.Edit.correction() {
		fault("required", "has neither status, val, com nor revenue")
	}
}

// ImportInput is a file of changes.
type ImportInput struct {
	CSV    string
	Quiet  bool // affiliate postbacks do not learn of it
	DryRun bool
	// Reasons asks CheckReason of each line.
	Reasons bool
}

// Import changes the conversions that a file names, line by line as Bulk does, or tells what it would do. A line that
// cannot be done keeps none of the others. Errors: those of ReadSheet, and those of ChangeStatus for the file as a whole.
func (s *Service) Import(ctx context.Context, actor account.Actor, in ImportInput) (BulkResult, error) {
	approve := StatusApproved
	if err := s.mayEdit(ctx, actor, EditInput{Status: &approve, Quiet: in.Quiet}); err != nil { // the least that a line can ask for
		return BulkResult{}, err
	}
	lines, err := ReadSheet(in.CSV)
	if err != nil {
		return BulkResult{}, err
	}
	list, err := s.resolve(ctx, actor, lines, in)
	if err != nil {
		return BulkResult{}, fmt.Errorf("read file of changes: %w", err)
	}
	return s.changeMany(ctx, actor, list, in.Quiet, in.DryRun)
}

// resolve finds the conversions of lines that name a txid, and refuses lines that the actor may not ask for or that
// repeat another.
func (s *Service) resolve(ctx context.Context, actor account.Actor, lines []SheetLine, in ImportInput) ([]wanted, error) {
	own, party := actor.Scope().Advertiser()
	var texts []string
	for _, l := range lines {
		if l.Fault == nil && l.TxID != "" {
			texts = append(texts, l.TxID)
		}
	}
	known, err := s.d.Store.ByTxID(ctx, actor.Scope(), texts)
	if err != nil {
		return nil, err
	}
	list := make([]wanted, len(lines))
	first := map[ID]int{}
	for i, l := range lines {
		l.Edit.Quiet, l.Edit.Reason = in.Quiet, cut(withoutControl(l.Edit.Reason), maxValue)
		w := wanted{line: l.Line, id: l.ID, edit: l.Edit, fault: l.Fault}
		if w.fault == nil && party && (l.Edit.correction() || *l.Edit.Status != StatusApproved && *l.Edit.Status != StatusRejected) {
			w.fault = errs.Forbidden("forbidden", "an advertiser can approve or reject a conversion, nothing else")
		}
		if w.fault == nil && in.Reasons {
			w.fault, _ = errs.As(CheckReason(l.Edit))
		}
		if w.fault == nil && l.TxID != "" {
			w.id, w.fault = pick(known[l.TxID], cmp.Or(l.AdvertiserID, advertiser.ID(own)))
		}
		if w.fault == nil {
			if before, twice := first[w.id]; twice {
				w.fault = errs.Invalid("duplicate_line", "names the conversion of line %d again", before)
			} else {
				first[w.id] = l.Line
			}
		}
		list[i] = w
	}
	return list, nil
}

// TxIDHolder is a conversion that has a txid.
type TxIDHolder struct {
	ID           ID
	AdvertiserID advertiser.ID
}

// pick finds the one conversion that a txid means.
func pick(holders []TxIDHolder, of advertiser.ID) (ID, *errs.Error) {
	var found []TxIDHolder
	for _, h := range holders {
		if of == 0 || h.AdvertiserID == of {
			found = append(found, h)
		}
	}
	switch len(found) {
	case 0:
		return ID{}, errs.NotFound("not_found", "there is no conversion with this txid")
	case 1:
		return found[0].ID, nil
	}
	return ID{}, errs.Conflict("ambiguous_txid", "%d conversions have this txid: name advertiser_id, or conversion_id", len(found))
}
