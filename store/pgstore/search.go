package pgstore

import (
	"context"
	"strconv"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/search"
)

// Search finds things by id or name; it implements search.Store.
type Search struct{ db *DB }

// Search is the finder of the command palette.
func (db *DB) Search() Search { return Search{db} }

var _ search.Store = Search{}

// Named implements search.Store, each kind by the narrowing of its own lists.
func (s Search) Named(ctx context.Context, scope account.Scope, text string, most int) ([]search.Result, error) {
	var found []search.Result
	for _, kind := range []search.Kind{search.KindOffer, search.KindAffiliate, search.KindAdvertiser} {
		some, err := s.Choices(ctx, scope, search.Choice{Kind: kind, Text: text}, most)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

// Choices implements search.Store.
func (s Search) Choices(ctx context.Context, scope account.Scope, c search.Choice, most int) ([]search.Result, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var found []search.Result
	add := func(id int64, title, detail string) {
		found = append(found, search.Result{Kind: c.Kind, ID: strconv.FormatInt(id, 10), Title: title, Detail: detail})
	}
	switch c.Kind {
	case search.KindOffer:
		seen := offersOf(scope)
		if c.Past {
			seen = offersOnceOf(scope)
		}
		rows, err := gorm.G[offerRow](s.db.orm(ctx)).Scopes(seen, like(c.Text, "name")).Order(closest(c.Text)).Limit(most).Find(ctx)
		if err != nil {
			return nil, translate("search offers", err)
		}
		for _, r := range rows {
			add(r.ID, r.Name, r.Status)
		}
	case search.KindAffiliate:
		rows, err := gorm.G[affiliateRow](s.db.orm(ctx)).Scopes(affiliatesOf(scope), like(c.Text, "name", "email")).Order(closest(c.Text)).Limit(most).Find(ctx)
		if err != nil {
			return nil, translate("search affiliates", err)
		}
		for _, r := range rows {
			add(r.ID, r.Name, r.Status)
		}
	case search.KindAdvertiser:
		rows, err := gorm.G[advertiserRow](s.db.orm(ctx)).Scopes(advertisersOf(scope), like(c.Text, "name", "email")).Order(closest(c.Text)).Limit(most).Find(ctx)
		if err != nil {
			return nil, translate("search advertisers", err)
		}
		for _, r := range rows {
			add(r.ID, r.Name, r.Status)
		}
	}
	return found, nil
}

// like narrows to rows whose id begins with the text, or that hold it in one of the columns, case ignored. The columns'
// names are constants of the caller.
func like(text string, columns ...string) func(*gorm.Statement) {
	pattern := likeEscapes.Replace(text) + "%"
	return func(q *gorm.Statement) {
		condition, values := "id::text LIKE ?", []any{pattern}
		for _, column := range columns {
			condition += " OR " + column + " ILIKE ?"
			values = append(values, "%"+pattern)
		}
		q.Where("("+condition+")", values...)
	}
}

// closest orders: the very id, the very name, names that begin with the text, then the newest.
func closest(text string) clause.OrderBy {
	return clause.OrderBy{Expression: clause.Expr{SQL: "id::text = ? DESC, name ILIKE ? DESC, name ILIKE ? DESC, id DESC",
		Vars: []any{text, likeEscapes.Replace(text), likeEscapes.Replace(text) + "%"}, WithoutParentheses: true}}
}
