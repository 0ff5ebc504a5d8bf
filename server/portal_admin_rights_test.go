package server

import (
	"context"
	"fmt"
	"net/url"
)

// adminRights are below /admin: the network's catalogue.
var adminRights = map[string]portalRight{
	"GET ":                    {may: allOperators},
	"POST /view-as/:kind/:id": {may: managers, fresh: another},
	"GET /work":               {may: allOperators},
	"POST /work/access":       {may: managers, form: sends("offer", "$offers", "affiliate", "$affiliates", "status", "approved")},
	"POST /work/conversions":  {may: managers, form: sends("id", "$conversions", "status", "approved")},
	"GET /applications":       {may: allOperators},
	"POST /applications":      {may: managers, form: freshApplication},
	"GET /applications/:id":   {may: allOperators},
	"POST /applications/:id/approve": {may: managers, fresh: func(w *portalWorld, v visitor) (visitor, string) {
		return v, "/admin/applications/" + w.application(v.pair) + "/approve"
	}},
	"POST /applications/:id/reject": {may: managers, form: sends("reason", "no"), fresh: func(w *portalWorld, v visitor) (visitor, string) {
		return v, "/admin/applications/" + w.application(v.pair) + "/reject"
	}},

	"GET /advertisers":                         {may: allOperators},
	"GET /advertisers/new":                     {may: allOperators},
	"POST /advertisers/new":                    {may: managers, form: advertiserForm},
	"GET /advertisers/:id":                     {may: allOperators},
	"GET /advertisers/:id/settings":            {may: managers},
	"POST /advertisers/:id/settings":           {may: managers, form: advertiserForm},
	"POST /advertisers/:id/status":             {may: managers, form: sends("status", "active")},
	"POST /advertisers/:id/token":              {may: managers},
	"POST /advertisers/:id/delete":             {may: managers},
	"GET /advertisers/:id/offers":              {may: allOperators},
	"GET /advertisers/:id/tracking":            {may: allOperators},
	"GET /advertisers/:id/users":               {may: "A"},
	"POST /advertisers/:id/users":              {may: "A", form: sends("email", "i#@x.example", "name", "New")},
	"POST /advertisers/:id/users/:user/invite": {may: "A", fresh: userOf("advertisers", "invite")},
	"POST /advertisers/:id/users/:user/status": {may: "A", form: sends("status", "active"), fresh: userOf("advertisers", "status")},
	"GET /advertisers/:id/notes":               {may: allOperators},
	"POST /advertisers/:id/notes":              {may: managers, form: sends("text", "note #")},
	"POST /advertisers/:id/notes/:note/delete": {may: managers, fresh: newNoteFor("advertisers")},
	"GET /advertisers/:id/activity":            {may: allOperators},

	"GET /affiliates":                          {may: allOperators},
	"POST /affiliates":                         {may: managers, form: sends("id", "$affiliates", "status", "active")},
	"GET /affiliates/new":                      {may: allOperators},
	"POST /affiliates/new":                     {may: managers, form: affiliateForm},
	"GET /affiliates/:id":                      {may: allOperators},
	"GET /affiliates/:id/settings":             {may: allOperators},
	"POST /affiliates/:id/settings":            {may: managers, form: affiliateForm},
	"POST /affiliates/:id/status":              {may: managers, form: sends("status", "active")},
	"POST /affiliates/:id/delete":              {may: managers},
	"GET /affiliates/:id/offers":               {may: allOperators},
	"POST /affiliates/:id/offers":              {may: managers, form: sends("offer", "$offers", "status", "approved")},
	"GET /affiliates/:id/postbacks":            {may: allOperators},
	"POST /affiliates/:id/postbacks/:postback": {may: managers, form: sends("active", "1")},
	"GET /affiliates/:id/balance":              {may: allOperators},
	"GET /affiliates/:id/users":                {may: "A"},
	"POST /affiliates/:id/users":               {may: "A", form: sends("email", "i#@x.example", "name", "New")},
	"POST /affiliates/:id/users/:user/invite":  {may: "A", fresh: userOf("affiliates", "invite")},
	"POST /affiliates/:id/users/:user/status":  {may: "A", form: sends("status", "active"), fresh: userOf("affiliates", "status")},
	"GET /affiliates/:id/notes":                {may: allOperators},
	"POST /affiliates/:id/notes":               {may: managers, form: sends("text", "note #")},
	"POST /affiliates/:id/notes/:note/delete":  {may: managers, fresh: newNoteFor("affiliates")},
	"GET /affiliates/:id/activity":             {may: allOperators},

	"GET /offers":                             {may: allOperators},
	"POST /offers":                            {may: managers, form: sends("id", "$offers", "status", "active")},
	"GET /offers/new":                         {may: managers},
	"POST /offers/new":                        {may: managers, form: offerForm},
	"POST /offers/lint":                       {may: managers, form: sends("destination_url", "https://x.example/?c={click_id}")},
	"GET /offers/:id":                         {may: allOperators},
	"POST /offers/:id/status":                 {may: managers, form: sends("status", "active")},
	"POST /offers/:id/copy":                   {may: managers},
	"POST /offers/:id/delete":                 {may: managers},
	"GET /offers/:id/edit/:step":              {may: managers},
	"POST /offers/:id/edit/:step":             {may: managers, form: offerForm},
	"GET /offers/:id/goals":                   {may: allOperators},
	"GET /offers/:id/goals/new":               {may: managers},
	"POST /offers/:id/goals/new":              {may: managers, form: goalForm},
	"GET /offers/:id/goals/:goal":             {may: managers},
	"POST /offers/:id/goals/explain":          {may: allOperators, form: defaultGoalForm},
	"POST /offers/:id/goals/:goal":            {may: managers, form: defaultGoalForm},
	"POST /offers/:id/goals/:goal/delete":     {may: managers},
	"GET /offers/:id/access":                  {may: allOperators},
	"POST /offers/:id/access":                 {may: managers, form: sends("affiliate", "$affiliates", "status", "approved")},
	"GET /offers/:id/coupons":                 {may: allOperators},
	"POST /offers/:id/coupons":                {may: managers, form: sends("code", "code#", "affiliate", "$affiliates")},
	"POST /offers/:id/coupons/:coupon/active": {may: managers, form: sends("active", "1")},
	"POST /offers/:id/coupons/:coupon/delete": {may: managers, fresh: func(w *portalWorld, v visitor) (visitor, string) {
		var id int64
		w.must(w.db.Pool().QueryRow(context.Background(), `INSERT INTO coupons (code, offer_id, advertiser_id, affiliate_id, created_at, updated_at) VALUES ($1, $2, $3, $4, now(), now()) RETURNING id`,
			fmt.Sprintf("c%d", w.next()), w.number(v.pair, "offers"), w.number(v.pair, "advertisers"), w.number(v.pair, "affiliates")).Scan(&id))
		return v, fmt.Sprintf("/admin/offers/%s/coupons/%d/delete", w.ids[v.pair]["offers"], id)
	}},
	"GET /offers/:id/test":       {may: managers},
	"GET /offers/:id/test/click": {may: allOperators},
	"POST /offers/:id/test":      {may: managers, form: sends("affiliate", "$affiliates", "click_id", "$trace", "com", "5", "txid", "t#")},
	"GET /offers/:id/history":    {may: allOperators},
}

// adminTrafficRights are those of traffic and of the system.
var adminTrafficRights = map[string]portalRight{
	"GET /conversions":                {may: allOperators},
	"GET /conversions/new":            {may: managers},
	"POST /conversions/new":           {may: managers, form: sends("offer_id", "$offers", "affiliate_id", "$affiliates", "com", "5", "txid", "made#", "status", "approved")},
	"GET /conversions/import":         {may: managers},
	"POST /conversions/import":        {may: managers, form: sends("csv", "conversion_id,status\n01a1feb3-a330-71ec-8b71-0de6cca0363e,approved\n")},
	"POST /conversions/bulk":          {may: managers, form: sends("id", "$conversions", "status", "rejected", "reason", "no")},
	"POST /conversions/bulk/apply":    {may: managers, form: sends("id", "$conversions", "status", "approved")},
	"GET /conversions/:id":            {may: allOperators},
	"POST /conversions/:id":           {may: managers, form: sends("status", "approved")},
	"GET /clicks":                     {may: allOperators},
	"GET /postback-log":               {may: allOperators},
	"POST /postback-log/replay":       {may: managers, query: "?from=2026-01-01"},
	"GET /postback-log/:id":           {may: allOperators},
	"POST /postback-log/:id/replay":   {may: managers},
	"GET /deliveries":                 {may: allOperators},
	"POST /deliveries/resend":         {may: managers},
	"GET /deliveries/:id":             {may: allOperators},
	"POST /deliveries/:id/resend":     {may: managers},
	"GET /rates":                      {may: allOperators},
	"POST /rates":                     {may: "AF", form: sends("date", "2026-01-02", "base", "EUR", "quote", "USD", "rate", "1.1")},
	"GET /people":                     {may: "A"},
	"POST /people":                    {may: "A", form: sends("email", "p#@x.example", "name", "New", "role", "viewer")},
	"GET /people/roles":               {may: allOperators},
	"GET /people/:user":               {may: "A"},
	"POST /people/:user":              {may: "A", form: sends("name", "Other #", "role", "viewer", "status", "invited"), fresh: person("")},
	"POST /people/:user/invite":       {may: "A", fresh: person("/invite")},
	"POST /people/:user/factor":       {may: "A", fresh: person("/factor"), statuses: []int{200, 303, 409}},
	"POST /people/:user/sessions/end": {may: "A", fresh: person("/sessions/end"), statuses: []int{200, 303}},
	"GET /settings":                   {may: "A"},
	"POST /settings":                  {may: "A", form: sends("name", "Net #", "currency", "USD", "time_zone", "UTC", "advertisers_decide", "1")},
	"GET /settings/brand":             {may: allOperators},
	"GET /settings/sign-up":           {may: "A"},
	"POST /settings/sign-up":          {may: "A", form: sends("affiliate_sign_up", "1", "advertiser_sign_up", "1")},
	"POST /settings/logo":             {may: allOperators}, // without a file there is nothing to refuse
	"POST /settings/logo/delete":      {may: "A"},
	"GET /audit":                      {may: "A"},
	"GET /system":                     {may: "A"},
}

// person is a user who was invited, of the network or of the party of the path.
func person(deed string) func(w *portalWorld, v visitor) (visitor, string) {
	return func(w *portalWorld, v visitor) (visitor, string) {
		return v, fmt.Sprintf("/admin/people/%d%s", w.invited("viewer", "NULL", "NULL"), deed)
	}
}

func userOf(things, deed string) func(w *portalWorld, v visitor) (visitor, string) {
	return func(w *portalWorld, v visitor) (visitor, string) {
		id := w.invited("affiliate", w.ids[v.pair]["affiliates"], "NULL")
		if things == "advertisers" {
			id = w.invited("advertiser", "NULL", w.ids[v.pair]["advertisers"])
		}
		return v, fmt.Sprintf("/admin/%s/%s/users/%d/%s", things, w.ids[v.pair][things], id, deed)
	}
}

func (w *portalWorld) invited(role, affiliate, advertiser string) (id int64) {
	w.Helper()
	w.must(w.db.Pool().QueryRow(context.Background(), fmt.Sprintf(`INSERT INTO users (email, role, status, affiliate_id, advertiser_id, created_at, updated_at) VALUES ('invited%d@x.example', '%s', 'invited', %s, %s, now(), now()) RETURNING id`,
		w.next(), role, affiliate, advertiser)).Scan(&id))
	return id
}

func freshApplication(w *portalWorld, v visitor, pair int) url.Values {
	if w.still || v.role != 'A' && v.role != 'M' { // refused: one that is there already will do
		return url.Values{"id": {w.ids[pair]["applications"]}}
	}
	return url.Values{"id": {w.application(pair)}}
}

func advertiserForm(w *portalWorld, v visitor, pair int) url.Values {
	return sends("name", "Shop #", "email", "shop#@x.example", "status", "active", "currency", "USD", "override_percent", "0", "postback_auth", "token")(w, v, pair)
}

func affiliateForm(w *portalWorld, v visitor, pair int) url.Values {
	return sends("name", "Blog #", "email", "blog#@x.example", "status", "active", "currency", "USD", "fire", "specific")(w, v, pair)
}

func offerForm(w *portalWorld, v visitor, pair int) url.Values {
	return sends("advertiser", "$advertisers", "name", "Offer #", "destination_url", "https://x.example/?c={click_id}", "currency", "USD", "window_days", "30", "visibility", "private")(w, v, pair)
}

func goalForm(w *portalWorld, v visitor, pair int) url.Values {
	return sends("name", "Goal #", "alias", "goal#", "payout_model", "fixed", "payout_amount", "1", "revenue_model", "fixed", "revenue_amount", "2", "initial_status", "approved", "dedupe", "txid")(w, v, pair)
}

func defaultGoalForm(w *portalWorld, v visitor, pair int) url.Values {
	form := goalForm(w, v, pair)
	form.Set("is_default", "1")
	return form
}
