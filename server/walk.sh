WAYPOST=@WAYPOST@
SINK=@SINK@
first() { grep -o "\"$1\":\"\{0,1\}[^,\"}]*" | head -n 1 | sed 's/^[^:]*:"\{0,1\}//'; }
api() { curl -sS -H "Authorization: Bearer $ACCESS" -H 'Content-Type: application/json' "$WAYPOST/api/v1/$@"; }

echo '1. Log in as the operator.'
ACCESS=$(curl -sS "$WAYPOST/api/v1/auth/login" -H 'Content-Type: application/json' -d @LOGIN@ | first access_token)

echo '2. An advertiser with an offer, an affiliate whose tracker wants a postback.'
ADVERTISER=$(api advertisers -d '{"name":"Acme Shop","currency":"USD","override_percent":"20"}')
TOKEN=$(echo "$ADVERTISER" | first postback_token)
OFFER=$(api offers -d "{\"advertiser_id\":$(echo "$ADVERTISER" | first id),\"name\":\"Acme spring sale\",\"destination_url\":\"https://shop.example/landing?cid={click_id}\",\"status\":\"active\"}" | first id)
AFFILIATE=$(api affiliates -d '{"name":"Media buyer"}' | first id)
api postbacks -d "{\"affiliate_id\":$AFFILIATE,\"url\":\"$SINK/postback?cid={aff_click_id}&payout={payout}&status={status}&txid={txid}\"}"
LINK=$(api tracking-links -d "{\"offer_id\":$OFFER,\"affiliate_id\":$AFFILIATE,\"sub1\":\"newsletter\"}" | grep -o 'http[^"]*' | head -n 1 | sed 's/\\u0026/\&/g')
echo "tracking link: $LINK"

echo '3. A visitor clicks: recorded durably, then redirected to the shop with a click id.'
LOCATION=$(curl -sS -o /dev/null -w '%{redirect_url}' "$LINK&aff_click_id=tracker-42")
CLICK=$(echo "$LOCATION" | sed 's/.*cid=//')
echo "redirected to: $LOCATION"

echo '4. The shop reports the sale: 7.5 % of 99.99 is 7.50.'
curl -sS "$WAYPOST/postback?clickid=$CLICK&token=$TOKEN&val=99.99&com=0&comperc=7.5&txid=order-1001"

echo '5. The tracker has heard of it (its own click id, payout=7.50). Balance, ledger and the whole trace agree.'
sleep 1
curl -sS "$SINK/received"
api "affiliates/$AFFILIATE/balance"
api "affiliates/$AFFILIATE/ledger"
api "clicks/$CLICK/trace"
