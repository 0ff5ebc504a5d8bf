package portaladmin_test

import (
	"net/http"
	"testing"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/portal/portaltest"
)

// The link of an invitation is as good as the partner's password: who may not manage users lets a partner in without
// seeing it, and the log says who did.
func TestInvitationsOfApplicants(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	_, err := n.Settings.Update(t.Context(), portaltest.System, func(s *network.Settings) {
		s.AffiliateSignUp, s.AffiliateQuestions = true, []network.Question{{ID: "site", Label: "Where?", Kind: network.QuestionURL}}
	})
	if err != nil {
		t.Fatal(err)
	}
	for role, shown := range map[account.Role]bool{account.RoleAdmin: true, account.RoleManager: false} {
		b, email := n.Operator(role), string(role)+"@applicant.example"
		at := "/admin/applications/" + fmtInt(apply(t, n, "Firm of "+string(role), email))
		page := b.Post(at+"/approve", nil)
		if shown {
			page.Is(http.StatusOK).Shows(portaltest.PublicURL + "/set-password?token=")
		} else {
			page.Lacks("set-password").To(at).Shows("is mailed a link").Lacks("set-password")
		}
		if n.Count(`SELECT count(*) FROM users WHERE email = $1 AND status = 'invited'`, email) != 1 {
			t.Errorf("%s: nobody was invited", role)
		}
		if n.Count(`SELECT count(*) FROM audit_log l JOIN users u ON l.object_id = u.id::text WHERE l.action = 'user.create' AND u.email = $1 AND l.user_id = $2`, email, b.User.ID) != 1 {
			t.Errorf("%s: the log does not say who made the user", role)
		}
	}
}
