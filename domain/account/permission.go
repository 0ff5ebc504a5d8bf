package account

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

func permits(r Role, p Permission) bool {
	for _, g := range grants[r] {
		if g == p {
			return true
		}
	}
	return false
}
