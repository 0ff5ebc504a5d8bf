package conversion

import (
	"reflect"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
)

func sampleCall() Call {
	return Call{
		ID: LogID{UUID: domain.UUID{1, 2, 3, 15: 9}}, ReceivedAt: time.UnixMilli(1_790_000_000_123).UTC(),
		Method: "POST", Path: "/postback", RawQuery: "clickid=x&val=1%2C5", ContentType: "application/json",
		Body: []byte("{\"txid\":\"\x00\xff\"}"), IP: "192.0.2.1", Signature: "t=1,v1=ab", Cookie: "c",
	}
}

func sampleRehearsal() Call {
	c := sampleCall()
	c.Rehearsal, c.InPlaceOf = Rehearser{UserID: 300, Role: account.RoleManager}, 7
	return c
}

func TestCallRecord(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Call{"full": sampleCall(), "empty": {ReceivedAt: time.UnixMilli(0).UTC()}, "limited": {ReceivedAt: time.UnixMilli(0).UTC(), Limited: true}, "rehearsal": sampleRehearsal()} {
		record := c.AppendRecord([]byte("before"))
		got, err := ParseCall(record[len("before"):])
		if err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%s: read %+v, %v; want %+v", name, got, err, c)
		}
	}
	var record []byte
	for _, c := range []Call{sampleCall(), sampleRehearsal()} {
		record = c.AppendRecord(nil)
		for cut := range record {
			if _, err := ParseCall(record[:cut]); err == nil {
				t.Errorf("a record cut at byte %d of %d was read", cut, len(record))
			}
		}
		if _, err := ParseCall(append(record, 0)); err == nil {
			t.Error("a record with a byte too many was read")
		}
	}
	record[0] = rehearsalRecordVersion + 1
	if _, err := ParseCall(record); err == nil {
		t.Error("a record of another version was read")
	}
}

// Whatever is read can be written and read again, and nothing panics.
func FuzzCallRecord(f *testing.F) {
	f.Add(sampleCall().AppendRecord(nil))
	f.Add(Call{}.AppendRecord(nil))
	f.Add(Call{Limited: true}.AppendRecord(nil))
	f.Add(sampleRehearsal().AppendRecord(nil))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCall(b)
		if err != nil {
			return
		}
		again, err := ParseCall(c.AppendRecord(nil))
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("read %+v, then %+v, %v", c, again, err)
		}
	})
}
