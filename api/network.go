package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/network"
)

const tagNetwork = "Network"

func (s *service) networkRoutes() {
	register(s, op{"get-network", http.MethodGet, "/network", "Read the settings of the network", tagNetwork, 0, nil}, s.getNetwork)
	register(s, op{"update-network", http.MethodPatch, "/network", "Change the settings of the network", tagNetwork, 0, nil}, s.updateNetwork)
}

// networkBody is the network's settings. Parties see its name.
type networkBody struct {
	Name              string     `json:"name" example:"Acme Network" doc:"What the network is called"`
	AdvertisersDecide *bool      `json:"advertisers_decide,omitempty" doc:"Advertisers approve and reject their own conversions"`
	UpdatedAt         *time.Time `json:"updated_at,omitempty" doc:"When the settings were changed last"`
}

func newNetworkBody(n network.Settings, v view) networkBody {
	operator := v == viewOperator
	return networkBody{Name: n.Name, AdvertisersDecide: shown(operator, n.AdvertisersDecide), UpdatedAt: shown(operator, moment(n.UpdatedAt))}
}

func (s *service) getNetwork(ctx context.Context, actor account.Actor, _ *struct{}) (*one[networkBody], error) {
	n, err := s.Network.Get(ctx, actor)
	if err != nil {
		return nil, err
	}
	return &one[networkBody]{newNetworkBody(n, viewOf(actor))}, nil
}

type networkUpdate struct {
	Body struct {
		Name              Optional[string] `json:"name,omitempty" maxLength:"400" example:"Acme Network" doc:"What the network is called"`
		AdvertisersDecide Optional[bool]   `json:"advertisers_decide,omitempty" doc:"Advertisers approve and reject their own conversions"`
	}
}

func (s *service) updateNetwork(ctx context.Context, actor account.Actor, in *networkUpdate) (*one[networkBody], error) {
	n, err := s.Network.Update(ctx, actor, func(n *network.Settings) {
		in.Body.Name.to(&n.Name)
		in.Body.AdvertisersDecide.to(&n.AdvertisersDecide)
	})
	if err != nil {
		return nil, err
	}
	return &one[networkBody]{newNetworkBody(n, viewOf(actor))}, nil
}
