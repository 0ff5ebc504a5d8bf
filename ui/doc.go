// Package ui is the kit of the portals: typed components, style sheet, scripts, and the built files that serve them.
// It takes plain values and writes HTML; it knows nothing of the network's concepts, of money or of requests.
//
// # A page
//
//	templ Dashboard(s ui.Shell, v dashboardView) {
//		@ui.Page(s) {
//			@ui.PageHead(ui.Head{Title: "Dashboard", Lead: v.Lead, Actions: dashboardActions(v)})
//			@ui.Card(ui.Section{Title: "Conversions", Flush: true}) {
//				@ui.FilterBar(v.Filter)
//				@ui.DataTable(v.Table)
//				@ui.Pager(v.Pages)
//			}
//		}
//	}
//
// Plain (and PlainWide) is the frame of log-in, sign-up and errors; put one <div class="card"> in it. Everything between
// Page's braces is a column with gaps; <div class="grid grid-side"> has a side column (put the small cards into a
// <div class="stack">), grid-2 and grid-3 equal ones; <div class="row"> is a line of controls, "push" moves to its end.
//
// A handler makes the view: ready text in every field, the addresses included. Templates look nothing up and sum nothing.
// A component call starts its own line: after text on the same line, @ui.Icon("x") is printed as text, with no error.
// A templ.Component field (Badge, Actions, Foot, Body) takes any component: ui.Badge(ui.OK, "Active"), ui.Btn(…), or a
// templ of your own where it is several.
//
// # What there is
//
//   - frame: Page, Plain, PageHead, Breadcrumb, Person, Banner (Notice), SideSheet (stands on every Page)
//   - controls: Btn, IconBtn, Badge, StatusBadge (StatusOf is the one table of statuses), Avatar, Icon, Menu, Tabs,
//     Segments, Settings (section menu), Steps, CopyText, CopyLine
//   - figures: KPIs and ChartView (in one flush Card), Stats, Pairs, Bars, Split, Progress, Delta, SparkLine
//   - lists: FilterBar, DateRangePicker, DataTable, TableRows, Pager, Feed, FeedItems, Live
//   - forms: Input, Money, TextArea, Select, Checkbox, Checkboxes, Radios, File, Colour, Tokens with Preview,
//     ErrorSummary(Problems(…)), Editing with SaveBar, Fold, CSRF (in every form that posts)
//   - overlays: Dialog, Confirm, Menu, SheetLink and Cell.Sheet, Shell.Flash (toasts), PaletteResults
//   - logs: HTTP, Timings, Timeline, Diff, Snippet
//   - states: Empty (Nothing), NoResults, Failed, Skeleton, Checklist
//
// The gallery shows all of them; its source (gallery*.templ) is the example to copy from.
//
// # Updates in part, with htmx 4
//
// Every page works at its address with a full load; HX fields add the rest. With the header HX-Request the same handler
// may answer with the part only. Inheritance is explicit (hx-target:inherited). Answers of 4xx and 5xx are swapped: a
// form that failed answers 422 with itself. Swap: "outerMorph" keeps the focus; give what is interactive in a morphed part
// an id. GET sends no form fields unless HX.Include names the form. hx-on, js: and trigger filters do not work under
// the portals' policy. Every request of htmx carries the CSRF token in CSRFHeader.
//
// A live table: Table.Stream names a stream of server-sent events, each one row: render TableRows of a Table that has that
// one Row with Fresh set, as "data:" lines. Feed works the same with FeedItems. One stream per page.
//
// A confirm dialog serves all rows: Confirm once, and in each row Button{Dialog: id, Action: address, Fill: JSON} whose
// values go into the form's fields and into elements with data-slot of that name.
//
// The palette asks Shell.SearchURL?q=… and shows what PaletteResults wrote. An empty q asks for the pages and what was
// opened last.
//
// # Files
//
// css, js, icons.txt and vendor are the sources; make ui builds dist and the templates' Go files, which are committed. A
// new icon: its name into icons.txt, its file from the version in vendor/VERSIONS.md into vendor/tabler-icons, its line
// into SHA256SUMS. Static serves dist, Asset names a file of it.
package ui
