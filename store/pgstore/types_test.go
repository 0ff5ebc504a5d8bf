package pgstore

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain"
)

// How the columns travel through PostgreSQL is seen in the round trips of the stores; here, what they look like.
func TestTextArray(t *testing.T) {
	t.Parallel()
	for _, a := range []textArray{{}, {""}, {"a", "b"}, {`a "quoted", {braced} \slash`, "NULL", "ä\n"}} {
		v, err := a.Value()
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range []any{v, []byte(v.(string))} {
			var got textArray
			if err := got.Scan(src); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(a, got); diff != "" {
				t.Errorf("%q: %s", v, diff)
			}
		}
	}
	if v, err := textArray(nil).Value(); err != nil || v != "{}" {
		t.Errorf("nil: %v, %v", v, err)
	}
	got := textArray{"old"}
	if err := got.Scan(nil); err != nil || got != nil {
		t.Errorf("NULL: %v, %v", got, err)
	}
	if err := got.Scan("no array"); err == nil {
		t.Error("any text is taken for an array")
	}
}

func TestJSONB(t *testing.T) {
	t.Parallel()
	in := jsonb[map[string]string]{map[string]string{"a": `b"c`}}
	v, err := in.Value()
	if err != nil {
		t.Fatal(err)
	}
	out := jsonb[map[string]string]{map[string]string{"left": "over"}}
	if err := out.Scan(v); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Error(diff)
	}
	if err := out.Scan([]byte(`{"x":"y"}`)); err != nil || len(out.V) != 1 || out.V["x"] != "y" {
		t.Errorf("bytes: %v, %v", out, err)
	}
	if err := out.Scan(nil); err != nil || out.V != nil {
		t.Errorf("NULL: %v, %v", out, err)
	}
	for _, bad := range []any{"{", 12} {
		if err := out.Scan(bad); err == nil {
			t.Errorf("%v is taken for JSON", bad)
		}
	}
}

func TestUUID(t *testing.T) {
	t.Parallel()
	id, _ := domain.ParseUUID("0199f7a4-1111-7222-8333-444455556666")
	v, err := uuid(id).Value()
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range []any{v, []byte(v.(string))} {
		var got uuid
		if err := got.Scan(src); err != nil || domain.UUID(got) != id {
			t.Errorf("%v: %v, %v", src, got, err)
		}
	}
	var got uuid
	for _, bad := range []any{nil, "", 7, "0199f7a4"} {
		if err := got.Scan(bad); err == nil {
			t.Errorf("%v is taken for a uuid", bad)
		}
	}
}
