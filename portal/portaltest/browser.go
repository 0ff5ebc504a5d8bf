package portaltest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/web"
)

// Browser is a logged-in person. It keeps cookies.
type Browser struct {
	n       *Network
	User    account.User
	token   string
	cookies map[string]string
}

func key(kind string, i int) string { return kind + strconv.Itoa(i) }

// AddUser makes an active user without a password. name is any; Browser(name) is its browser.
func (n *Network) AddUser(name string, u account.User) account.User {
	n.Helper()
	if n.users == nil {
		n.users = map[string]account.User{}
	}
	u.Email, u.Status, u.CreatedAt, u.UpdatedAt = name+"@users.example", account.UserStatusActive, n.Now, n.Now
	if u.TimeZone == "" {
		u.TimeZone = "UTC"
	}
	n.must(n.DB.Accounts().InsertUser(context.Background(), &u))
	n.users[name] = u
	return u
}

// Affiliate is the browser of a user of Voss Media (0) or Blog & Sons (1).
func (n *Network) Affiliate(i int) *Browser { return n.Browser(key("affiliate", i)) }

// Advertiser is the browser of a user of Lumio (0) or Kettle (1).
func (n *Network) Advertiser(i int) *Browser { return n.Browser(key("advertiser", i)) }

// Operator is the browser of an operator.
func (n *Network) Operator(r account.Role) *Browser { return n.Browser(string(r)) }

// Nobody is a browser that is not logged in.
func (n *Network) Nobody() *Browser { return &Browser{n: n, cookies: map[string]string{}} }

// Browser is the one of a user of AddUser; it is logged in when it is first asked for.
func (n *Network) Browser(name string) *Browser {
	n.Helper()
	if b := n.browsers[name]; b != nil {
		return b
	}
	u, ok := n.users[name]
	if !ok {
		n.Fatalf("there is no user %q", name)
	}
	token, err := n.Accounts.StartBrowser(context.Background(), u, "192.0.2.1", "portaltest")
	n.must(err)
	b := &Browser{n: n, User: u, token: token, cookies: map[string]string{"waypost_session": token}}
	n.browsers[name] = b
	return b
}

// Actor is who the browser's user is to a service.
func (b *Browser) Actor() account.Actor { return b.User.Actor("192.0.2.1") }

// Get opens a page.
func (b *Browser) Get(path string) *Page { b.n.Helper(); return b.send("GET", path, nil, nil) }

// Part asks for the part of a page that goes into the element with this id, as htmx does.
func (b *Browser) Part(path, target string) *Page {
	b.n.Helper()
	return b.send("GET", path, nil, http.Header{"Hx-Request": {"true"}, "Hx-Request-Type": {"partial"}, "Hx-Target": {"div#" + target}})
}

// GetFromElsewhere opens a page by a link of another site.
func (b *Browser) GetFromElsewhere(path string) *Page {
	b.n.Helper()
	return b.send("GET", path, nil, http.Header{"Sec-Fetch-Site": {"cross-site"}})
}

// Post sends a form with its CSRF field.
func (b *Browser) Post(path string, form url.Values) *Page {
	b.n.Helper()
	with := url.Values{web.CSRFField: {web.CSRFToken(b.token)}}
	for name, values := range form {
		with[name] = values
	}
	return b.send("POST", path, with, http.Header{"Sec-Fetch-Site": {"same-origin"}})
}

// PostForged sends a form without one.
func (b *Browser) PostForged(path string, form url.Values) *Page {
	b.n.Helper()
	return b.send("POST", path, form, http.Header{"Sec-Fetch-Site": {"same-origin"}})
}

func (b *Browser) send(method, path string, form url.Values, header http.Header) *Page {
	b.n.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, PublicURL+path, body)
	r.RemoteAddr = "192.0.2.1:1234"
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Accept", "text/html")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	rec := httptest.NewRecorder()
	b.n.Echo.ServeHTTP(rec, r)
	for _, cookie := range rec.Result().Cookies() {
		if b.cookies[cookie.Name] = cookie.Value; cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		}
	}
	return &Page{n: b.n, b: b, what: method + " " + path, Status: rec.Code, Header: rec.Header(), Body: rec.Body.String()}
}

// Page is an answer.
type Page struct {
	n      *Network
	b      *Browser
	what   string
	Status int
	Header http.Header
	Body   string

	root *html.Node
}

// Is wants this status; with 4xx and 5xx as with any other.
func (p *Page) Is(status int) *Page {
	p.n.Helper()
	if p.Status != status {
		p.n.Fatalf("%s: status %d, want %d\n%.3000s\n%s", p.what, p.Status, status, p.Text(), p.n.Log)
	}
	return p
}

// To wants a redirect to this path, and follows it.
func (p *Page) To(path string) *Page {
	p.n.Helper()
	if location := p.Header.Get("Location"); p.Status != http.StatusSeeOther || location != path {
		p.n.Fatalf("%s: status %d to %q, want 303 to %q\n%.3000s\n%s", p.what, p.Status, location, path, p.Text(), p.n.Log)
	}
	return p.b.Get(path)
}

// Shows wants texts to stand on the page, blanks between words counting as one.
func (p *Page) Shows(texts ...string) *Page {
	p.n.Helper()
	for _, text := range texts {
		if !strings.Contains(p.Text(), text) {
			p.n.Errorf("%s: %q is not on the page:\n%s", p.what, text, p.Text())
		}
	}
	return p
}

// Lacks wants texts to stand nowhere in the answer, attributes included.
func (p *Page) Lacks(texts ...string) *Page {
	p.n.Helper()
	for _, text := range texts {
		if strings.Contains(p.Body, text) || strings.Contains(p.Text(), text) {
			p.n.Errorf("%s: %q must not be on the page:\n%s", p.what, text, p.Text())
		}
	}
	return p
}

// LacksMarkup wants texts not to stand in the answer as they are; escaped they may.
func (p *Page) LacksMarkup(texts ...string) *Page {
	p.n.Helper()
	for _, text := range texts {
		if i := strings.Index(p.Body, text); i >= 0 {
			p.n.Errorf("%s: %q is markup: …%.200s", p.what, text, p.Body[max(0, i-100):])
		}
	}
	return p
}

var blanks = regexp.MustCompile(`\s+`)

// Text is what the page says, without markup.
func (p *Page) Text() string {
	var said strings.Builder
	walk(p.Root(), func(node *html.Node) {
		if node.Type == html.TextNode && (node.Parent == nil || node.Parent.Data != "style" && node.Parent.Data != "script") {
			if node.PrevSibling == nil || node.PrevSibling.Data != "wbr" { // which is within a word
				said.WriteByte(' ')
			}
			said.WriteString(node.Data)
		}
	})
	return strings.TrimSpace(blanks.ReplaceAllString(said.String(), " "))
}

// Root is the parsed answer.
func (p *Page) Root() *html.Node {
	p.n.Helper()
	if p.root == nil {
		root, err := html.Parse(strings.NewReader(p.Body))
		p.n.must(err)
		p.root = root
	}
	return p.root
}

// All are the elements of a name that have an attribute; without a value any will do, without a name (attribute "")
// all elements of that name.
func (p *Page) All(element, attribute, value string) (found []*html.Node) {
	p.n.Helper()
	walk(p.Root(), func(node *html.Node) {
		if node.Type != html.ElementNode || node.Data != element {
			return
		}
		if got, ok := Attr(node, attribute); attribute == "" || ok && (value == "" || got == value) {
			found = append(found, node)
		}
	})
	return found
}

// Field is the value of a form's field: an input, a text area or a select. It fails where there is none.
func (p *Page) Field(name string) string {
	p.n.Helper()
	if all := p.All("textarea", "name", name); len(all) > 0 {
		return strings.TrimPrefix(TextOf(all[0]), "\n")
	}
	if all := p.All("input", "name", name); len(all) > 0 {
		value, _ := Attr(all[0], "value")
		return value
	}
	if all := p.All("select", "name", name); len(all) > 0 {
		chosen := ""
		walk(all[0], func(option *html.Node) {
			if _, selected := Attr(option, "selected"); selected && option.Data == "option" {
				chosen, _ = Attr(option, "value")
			}
		})
		return chosen
	}
	p.n.Errorf("%s: there is no field %q", p.what, name)
	return ""
}

// Links are the addresses that the page links to.
func (p *Page) Links() (hrefs []string) {
	p.n.Helper()
	for _, a := range p.All("a", "href", "") {
		href, _ := Attr(a, "href")
		hrefs = append(hrefs, href)
	}
	return hrefs
}

// Attr is an attribute of an element.
func Attr(node *html.Node, name string) (string, bool) {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// TextOf is the text inside an element.
func TextOf(node *html.Node) string {
	var b strings.Builder
	walk(node, func(child *html.Node) {
		if child.Type == html.TextNode {
			b.WriteString(child.Data)
		}
	})
	return b.String()
}

func walk(node *html.Node, visit func(*html.Node)) {
	visit(node)
	for child := range node.ChildNodes() {
		walk(child, visit)
	}
}
