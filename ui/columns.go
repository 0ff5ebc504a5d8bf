package ui

// ColumnChoice lets a reader choose the columns of a table and their order. Its form sends the keys of those that are on, in
// order, and of a pressed button "<key" or ">key": that column goes up or down.
type ColumnChoice struct {
	ID, Action string
	Field      string   // default "columns"
	Hidden     []Option // fields that are kept: Value is the value, Label the field's name
	Items      []ColumnItem
	ResetHref  string
}

// ColumnItem is a column that can be chosen. Detail stands small below its label.
type ColumnItem struct {
	Key, Label, Detail string
	On                 bool
}

func (c ColumnChoice) field() string {
	if c.Field == "" {
		return "columns"
	}
	return c.Field
}

func (c ColumnChoice) button() Button {
	return Button{Label: "Columns", Icon: "table", IconAfter: "chevron-down", Menu: c.ID, ID: c.ID + "-button"}
}
