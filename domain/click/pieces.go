package click

// PieceKind tells what a piece of a template is.
type PieceKind string

// The kinds of pieces.
const (
	PieceLiteral PieceKind = "literal"
	PieceMacro   PieceKind = "macro"   // filled
	PieceUnknown PieceKind = "unknown" // looks like a macro, but stays as it is
)

// Piece is a part of a template that is shown filled.
type Piece struct {
	Kind  PieceKind
	Text  string // as it stands in the template
	Name  string // of a macro its canonical name, of an unknown one as it is written
	Value string // what stands there once it is filled: encoded; of what is not filled the text
}

// Pieces are the parts of t in its order, filled as Fill does: their values together are what Fill gives.
func (t Template) Pieces(value func(name string) string) []Piece {
	var pieces []Piece
	literal := func(s string) {
		if s != "" {
			pieces = append(pieces, Piece{Kind: PieceLiteral, Text: s, Value: s})
		}
	}
	unknown, offset := t.unknown(), 0
	for _, p := range t.parts {
		if p.name != "" {
			filled := Template{parts: []part{p}}.Fill(value)
			pieces = append(pieces, Piece{Kind: PieceMacro, Text: p.text, Name: p.name, Value: filled})
			offset += len(p.text)
			continue
		}
		at, end := offset, offset+len(p.text)
		for ; len(unknown) > 0 && unknown[0].start < end; unknown = unknown[1:] {
			u := unknown[0]
			literal(t.source[at:u.start])
			text := t.source[u.start:u.end]
			pieces = append(pieces, Piece{Kind: PieceUnknown, Text: text, Name: u.name, Value: text})
			at = u.end
		}
		literal(t.source[at:end])
		offset = end
	}
	return pieces
}
