#!/usr/bin/env bash
# Prints a link, as a shop in any language would make it: link.sh KEY PATH SECONDS
set -euo pipefail
cd "$(dirname "$0")"
unsigned="$2?ticket=$1.$(($(date +%s) + $3))"
mac=$(printf 'GET %s' "$unsigned" | openssl dgst -sha256 -hmac "$(cat "run/$1.secret")" -binary | openssl base64 -A | tr '+/' '-_' | tr -d '=')
echo "https://localhost:9095$unsigned.$mac"
