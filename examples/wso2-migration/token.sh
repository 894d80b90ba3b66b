#!/usr/bin/env bash
# Prints an access token, as the identity provider would: token.sh SUBJECT SCOPES
# or an API key, as the gateway that leaves has issued them: token.sh SUBJECT
set -euo pipefail
cd "$(dirname "$0")"
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
now=$(date +%s)
claims='"sub":"'$1'","iat":'$now',"exp":'$((now + 300))
if [ $# -gt 1 ]; then
	key=apim type=JWT
	claims+=',"iss":"https://apim.example.com/oauth2/token","aud":"http://org.wso2.apimgt/gateway","azp":"till-app","scp":"'$2'","keytype":"SANDBOX"'
else
	key=gateway type=jwt
	claims+=',"iss":"https://localhost:9095/apikey","jti":"94ad5974","keytype":"PRODUCTION","allowedAPIs":[{"name":"Tea House","version":"1.0.0"}]'
fi
signed=$(printf '{"alg":"RS256","typ":"%s","kid":"%s"}' $type $key | base64url).$(printf '{%s}' "$claims" | base64url)
echo "$signed.$(printf %s "$signed" | openssl dgst -sha256 -sign run/$key.key | base64url)"
