#!/usr/bin/env bash
# Prints an access token, as the token issuer would:
# token.sh SUBJECT SCOPES [SECONDS]
set -euo pipefail
cd "$(dirname "$0")"
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
now=$(date +%s)
header='{"alg":"RS256","typ":"at+jwt"}'
claims='{"iss":"https://issuer.example.com","aud":"https://observatory.example.com","sub":"'$1'","scope":"'$2'","iat":'$now',"exp":'$((now + ${3:-300}))'}'
signed=$(printf %s "$header" | base64url).$(printf %s "$claims" | base64url)
echo "$signed.$(printf %s "$signed" | openssl dgst -sha256 -sign run/issuer.key | base64url)"
