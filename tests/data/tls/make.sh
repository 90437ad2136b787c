#!/bin/sh
# Makes the certificates of cases.json with OpenSSL 3, each in a file with its key. The keys are for these tests only. The
# validity is fixed, so that sentences with times are the same for each run.
set -eu
cd "$(dirname "$0")"
key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key"; }

# issue NAME SUBJECT ISSUER EXTENSIONS DATES: a certificate NAME.pem signed by ISSUER (itself, if it is the same name). Without
# extensions it has version 1.
issue() {
    [ -e "$1.key" ] || key "$1"
    openssl req -new -key "$1.key" -subj "$2" -out request.csr
    if [ -n "$4" ]; then
        printf '%s\n' "$4" | tr ';' '\n' > extensions.cnf
        set -- "$1" "$2" "$3" "-extfile extensions.cnf" "$5"
    fi
    rm -rf ca && mkdir ca && : > ca/index.txt && echo 01 > ca/serial
    cat > ca/ca.cnf <<CNF
[ca]
default_ca = d
[d]
database = ca/index.txt
serial = ca/serial
new_certs_dir = ca
default_md = ${MD:-sha256}
policy = p
unique_subject = no
email_in_dn = no
[p]
countryName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
CNF
    if [ "$1" = "$3" ]; then signer="-selfsign -keyfile $1.key"; else signer="-cert $3.pem -keyfile $3.key"; fi
    # shellcheck disable=SC2086
    openssl ca -batch -notext -config ca/ca.cnf -in request.csr -out "$1.pem" $signer $(dates "$5") $4 2>/dev/null
    rm -rf ca request.csr extensions.cnf
}
dates() {
    case $1 in
        past) echo "-startdate 20200101000000Z -enddate 20210203040506Z" ;;
        future) echo "-startdate 20900102030405Z -enddate 20991231235959Z" ;;
        *) echo "-startdate 20200101000000Z -enddate 20991231235959Z" ;;
    esac
}

AUTHORITY="basicConstraints=critical,CA:TRUE;keyUsage=keyCertSign,cRLSign;subjectKeyIdentifier=hash"
LOCAL="subjectAltName=DNS:localhost;basicConstraints=CA:FALSE"
rm -f ./*.pem ./*.key

issue authority "/CN=Test Authority" authority "$AUTHORITY" long
issue authority-v1 "/O=Old Authority" authority-v1 "" long
issue intermediate "/CN=Test Intermediate" authority "$AUTHORITY" long
issue intermediate-expired "/CN=Old Intermediate" authority "$AUTHORITY" past
issue self-signed "/CN=localhost" self-signed "$LOCAL" long
issue self-signed-authority "/CN=localhost" self-signed-authority "subjectAltName=DNS:localhost;basicConstraints=critical,CA:TRUE" long
issue self-signed-v1 "/CN=localhost" self-signed-v1 "" long
issue self-signed-expired "/CN=localhost" self-signed-expired "subjectAltName=DNS:localhost;basicConstraints=critical,CA:TRUE" past
issue self-signed-future "/CN=localhost" self-signed-future "subjectAltName=DNS:localhost;basicConstraints=critical,CA:TRUE" future
issue self-signed-other "/CN=localhost" self-signed-other "subjectAltName=DNS:a.example,DNS:b.example,IP:192.0.2.1,DNS:c.example,DNS:d.example;basicConstraints=critical,CA:TRUE" long
issue self-signed-v1-other "/CN=a.example" self-signed-v1-other "" long
issue issued "/CN=localhost" authority "$LOCAL" long
issue issued-v1 "/CN=localhost" authority "" long
issue issued-by-v1 "/CN=localhost" authority-v1 "$LOCAL" long
issue issued-v1-by-v1 "/CN=localhost" authority-v1 "" long
issue issued-v1-other "/CN=a.example" authority "" long
issue issued-v1-expired "/CN=localhost" authority "" past
issue issued-authority "/CN=localhost" authority "subjectAltName=DNS:localhost;basicConstraints=critical,CA:TRUE" long
issue issued-other "/CN=localhost" authority "subjectAltName=DNS:a.example;basicConstraints=CA:FALSE" long
issue issued-expired "/CN=localhost" authority "$LOCAL" past
issue issued-client "/CN=localhost" authority "$LOCAL;extendedKeyUsage=clientAuth" long
issue issued-nameless "/CN=a.example" authority "subjectAltName=email:a@b.example;basicConstraints=CA:FALSE" long
issue issued-deep "/CN=localhost" intermediate "$LOCAL" long
issue issued-deep-expired "/CN=localhost" intermediate-expired "$LOCAL" long
issue issued-by-leaf "/CN=receiver" self-signed "$LOCAL" long

# The last byte of the signature is changed.
openssl x509 -in issued.pem -outform der -out forged.der
size=$(wc -c < forged.der)
last=$(tail -c 1 forged.der | od -An -tu1)
printf '%b' "\\0$(printf '%o' $(((last + 1) % 256)))" | dd of=forged.der bs=1 seek=$((size - 1)) conv=notrunc 2>/dev/null
openssl x509 -inform der -in forged.der -out issued-forged.pem
rm forged.der
cp issued.key issued-forged.key

# One file for each certificate, with its key.
for name in *.key; do
    cat "$name" >> "${name%.key}.pem"
    rm "$name"
done
