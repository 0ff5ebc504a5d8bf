package api_test

import (
	"context"
	"slices"
	"testing"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/notice"
)

// tell posts a notice behind the API's back, where the parts of the system do.
func (n *network) tell(notices ...notice.Notice) {
	n.Helper()
	for _, x := range notices {
		x.Kind, x.ObjectType, x.ObjectID = "postback_paused", "postback", "7"
		if err := n.postNotice(context.Background(), x); err != nil {
			n.Fatal(err)
		}
	}
}

func TestNotices(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	for _, token := range n.affUser { // of the access that the fixture gave
		n.must(200, token, "POST", "/notices/read-all", nil)
	}
	n.tell(notice.Notice{Text: "for the network"},
		notice.Notice{AffiliateID: affiliate.ID(id(n.affiliates[0])), Text: "for affiliate 0"},
		notice.Notice{AffiliateID: affiliate.ID(id(n.affiliates[0])), Text: "for affiliate 0 too"},
		notice.Notice{AdvertiserID: advertiser.ID(id(n.advertisers[0])), Text: "for advertiser 0"})
	texts := func(token, query string) (all []string) {
		for _, item := range items(n.must(200, token, "GET", "/notices"+query, nil)) {
			all = append(all, item["text"].(string))
		}
		return all
	}
	for name, c := range map[string]struct {
		token string
		want  []string
	}{
		"operator": {n.admin, []string{"for the network"}}, "affiliate 0": {n.affUser[0], []string{"for affiliate 0 too", "for affiliate 0"}},
		"affiliate 1": {n.affUser[1], nil}, "advertiser 0": {n.advUser[0], []string{"for advertiser 0"}}, "advertiser 1": {n.advUser[1], nil},
	} {
		if got := texts(c.token, "?unread=true"); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	newest := items(n.must(200, n.affUser[0], "GET", "/notices?limit=1", nil))[0]
	if newest["read_at"] != nil || newest["kind"] != "postback_paused" || newest["object_id"] != "7" {
		t.Errorf("notice %v", newest)
	}
	read := path("/notices/%s/read", newest["id"])
	for _, token := range []string{n.admin, n.affUser[1], n.advUser[0]} {
		n.refused(404, "not_found", token, "POST", read, nil)
	}
	n.refused(404, "not_found", n.affUser[0], "POST", "/notices/none/read", nil)
	if marked := n.must(200, n.affUser[0], "POST", read, nil); marked["read_at"] == nil {
		t.Errorf("marked %v", marked)
	}
	if got := texts(n.affUser[0], "?unread=true"); !slices.Equal(got, []string{"for affiliate 0"}) {
		t.Errorf("unread %q", got)
	}
	if all := n.must(200, n.affUser[0], "POST", "/notices/read-all", nil); all["count"] != 1.0 {
		t.Errorf("read all: %v", all)
	}
	if got := texts(n.affUser[0], "?unread=true"); len(got) != 0 {
		t.Errorf("unread %q", got)
	}
	if got := texts(n.advUser[0], "?unread=true"); len(got) != 1 {
		t.Errorf("the advertiser's was marked too: %q", got)
	}
	n.refused(401, "missing_token", "", "GET", "/notices", nil)
}
