package account

import "slices"

// Permission is a deed that a role may do. Its text completes "may not …" in an error.
type Permission string

// The permissions of contract section 5. Services ask for them; doors and templates only follow.
const (
	PermissionManageUsers       Permission = "manage users"
	PermissionManageCatalogue   Permission = "change offers, advertisers and affiliates"
	PermissionReadCatalogue     Permission = "read offers, advertisers and affiliates"
	PermissionWritePostbacks    Permission = "change affiliate postbacks"
	PermissionMakeLinks         Permission = "make tracking links"
	PermissionReadTraffic       Permission = "read clicks, conversions and deliveries"
	PermissionManageConversions Permission = "change conversions"
	PermissionResendDeliveries  Permission = "resend deliveries"
	PermissionReadMoney         Permission = "read balances and the ledger"
	PermissionManageMoney       Permission = "manage statements, payouts and exchange rates"
	PermissionManageNetwork     Permission = "change the settings of the network"
)

// grants is the whole matrix. What a party's user may do is narrowed further by its Scope.
var grants = map[Role][]Permission{
	RoleAdmin: {PermissionManageUsers, PermissionManageCatalogue, PermissionReadCatalogue, PermissionWritePostbacks,
		PermissionMakeLinks, PermissionReadTraffic, PermissionManageConversions, PermissionResendDeliveries,
		PermissionReadMoney, PermissionManageMoney, PermissionManageNetwork},
	RoleManager: {PermissionManageCatalogue, PermissionReadCatalogue, PermissionWritePostbacks, PermissionMakeLinks,
		PermissionReadTraffic, PermissionManageConversions, PermissionResendDeliveries, PermissionReadMoney},
	RoleFinance: {PermissionReadCatalogue, PermissionReadTraffic, PermissionReadMoney, PermissionManageMoney},
	RoleViewer:  {PermissionReadCatalogue, PermissionReadTraffic, PermissionReadMoney},
	RoleAffiliate: {PermissionReadCatalogue, PermissionWritePostbacks, PermissionMakeLinks, PermissionReadTraffic,
		PermissionResendDeliveries, PermissionReadMoney},
	RoleAdvertiser: {PermissionReadCatalogue, PermissionReadTraffic, PermissionManageConversions, PermissionReadMoney},
}

// permissionNames are the stable words by which machines know the permissions.
var permissionNames = map[Permission]string{
	PermissionManageUsers:       "manage_users",
	PermissionManageCatalogue:   "manage_catalogue",
	PermissionReadCatalogue:     "read_catalogue",
	PermissionWritePostbacks:    "write_postbacks",
	PermissionMakeLinks:         "make_links",
	PermissionReadTraffic:       "read_traffic",
	PermissionManageConversions: "manage_conversions",
	PermissionResendDeliveries:  "resend_deliveries",
	PermissionReadMoney:         "read_money",
	PermissionManageMoney:       "manage_money",
	PermissionManageNetwork:     "manage_network",
}

// Name is the permission's stable word, such as "manage_users".
func (p Permission) Name() string { return permissionNames[p] }

// Permissions are what a role may do.
func (r Role) Permissions() []Permission { return slices.Clone(grants[r]) }

// reading tells what changes nothing. A link is made of what is known and kept nowhere.
func (p Permission) reading() bool {
	return p == PermissionReadCatalogue || p == PermissionReadTraffic || p == PermissionReadMoney || p == PermissionMakeLinks
}

func permits(r Role, p Permission) bool { return slices.Contains(grants[r], p) }

// Within tells whether a role may do nothing that the other may not, and belongs to the same kind of party.
func (r Role) Within(other Role) bool {
	if r == other {
		return r.Valid()
	}
	if !r.Operator() || !other.Operator() {
		return false
	}
	for _, p := range grants[r] {
		if !permits(other, p) {
			return false
		}
	}
	return true
}
