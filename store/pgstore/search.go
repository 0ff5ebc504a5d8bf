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
	if err := scope.Check(); err != nil {
		return nil, err
	}
	offers, err := gorm.G[offerRow](s.db.orm(ctx)).Scopes(offersOf(scope), like(text, "name")).Order(closest(text)).Limit(most).Find(ctx)
	if err != nil {
		return nil, translate("search offers", err)
	}
	affiliates, err := gorm.G[affiliateRow](s.db.orm(ctx)).Scopes(affiliatesOf(scope), like(text, "name", "email")).Order(closest(text)).Limit(most).Find(ctx)
	if err != nil {
		return nil, translate("search affiliates", err)
	}
	advertisers, err := gorm.G[advertiserRow](s.db.orm(ctx)).Scopes(advertisersOf(scope), like(text, "name", "email")).Order(closest(text)).Limit(most).Find(ctx)
	if err != nil {
		return nil, translate("search advertisers", err)
	}
	var found []search.Result
	add := func(kind search.Kind, id int64, title, detail string) {
		found = append(found, search.Result{Kind: kind, ID: strconv.FormatInt(id, 10), Title: title, Detail: detail})
	}
	for _, r := range offers {
		add(search.KindOffer, r.ID, r.Name, r.Status)
	}
	for _, r := range affiliates {
		add(search.KindAffiliate, r.ID, r.Name, r.Status)
	}
	for _, r := range advertisers {
		add(search.KindAdvertiser, r.ID, r.Name, r.Status)
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

// closest orders: the very id, then names that begin with the text, then the newest.
func closest(text string) clause.OrderBy {
	return clause.OrderBy{Expression: clause.Expr{SQL: "id::text = ? DESC, name ILIKE ? DESC, id DESC",
		Vars: []any{text, likeEscapes.Replace(text) + "%"}, WithoutParentheses: true}}
}
