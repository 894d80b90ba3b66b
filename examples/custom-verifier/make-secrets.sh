#!/usr/bin/env bash
# Makes what nobody should copy: the secrets of those who sign links, in run/.
set -euo pipefail
cd "$(dirname "$0")"
umask 077
mkdir -p run
for name in web shop; do
	[ -s "run/$name.secret" ] || openssl rand -base64 32 >"run/$name.secret"
done
