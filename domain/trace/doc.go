// Package trace tells the story of one click: what it brought, which postbacks came for it, what they made, which
// money moved and whom we told. It stores nothing: it reads what the other concepts keep and puts it in order.
//
// What a reader may see is decided in two places: the services below leave out rows of other tenants, and the view
// leaves out what this role may not see of the rest. An affiliate sees no revenue, an advertiser no commission.
package trace
