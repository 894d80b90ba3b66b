#!/usr/bin/env bash
# Makes into ./run: an authority, the certificates of two clients that it has
# signed, and one that a stranger has signed for himself.
set -euo pipefail
trap 'echo "make-certificates.sh: openssl has failed; 1.1.1 or newer is needed" >&2' ERR
umask 077
mkdir -p "$(dirname "$0")/run"
cd "$(dirname "$0")/run"

cat >openssl.cnf <<'END'
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
END
key=(-config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

openssl req -x509 "${key[@]}" -extensions authority -days 30 -subj "/O=Example/CN=Partner CA" -keyout ca.key -out ca.pem 2>/dev/null
for name in partner-1 somebody; do
	openssl req "${key[@]}" -subj "/CN=$name" -keyout "$name.key" -out "$name.csr" 2>/dev/null
	openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile openssl.cnf -extensions client -out "$name.pem" 2>/dev/null
done
openssl req -x509 "${key[@]}" -extensions client -days 30 -subj "/CN=partner-1" -keyout stranger.key -out stranger.pem 2>/dev/null

for name in ca partner-1 somebody stranger; do
	echo "run/$name.pem: $(openssl x509 -in "$name.pem" -noout -subject -issuer -nameopt RFC2253 | paste -sd' ' -)"
done
