#!/usr/bin/env bash
# Makes two key pairs, in the places of an identity provider and of the gateway
# that leaves. Of real ones you take the certificates out of the trust store:
# keytool -exportcert -rfc -alias apim -keystore truststore.p12 > run/apim.pem
set -euo pipefail
cd "$(dirname "$0")"
umask 077
mkdir -p run
for name in apim gateway; do
	[ -s "run/$name.pem" ] || openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj "/CN=$name" -keyout "run/$name.key" -out "run/$name.pem" 2>/dev/null
done
