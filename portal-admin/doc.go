// Package portaladmin is the portal of the network's operators, under /admin: one <page>.go with the handlers and what a
// page shows beside one <page>.templ with how it looks. It decides nothing: whoever may do a thing is the domain
// services' affair.
package portaladmin
