#!/usr/bin/env bash
# Makes what nobody should copy: the key pair of a token issuer, in run/.
set -euo pipefail
cd "$(dirname "$0")"
umask 077
mkdir -p run
[ -s run/issuer.key ] || openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out run/issuer.key 2>/dev/null
openssl pkey -in run/issuer.key -pubout -out run/issuer.pem
