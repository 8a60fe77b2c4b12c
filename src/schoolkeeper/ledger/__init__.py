r"""The tamper-evident ledger: a chain of digests under a signed head, and its offline verifier.

This package needs Python alone (signatures also need `cryptography`). It knows no database: the records
append what `entry.seal` makes, and `export.write` puts it into a file that `python -m schoolkeeper.ledger
verify` judges.

**The file** is UTF-8, one JSON object a line, each line ended by "\n" and written in one way only: keys
sorted by code point, no whitespace, nothing escaped but `"`, `\` and control characters, integers up to
2**53 - 1, no floats, times such as `2026-01-31T08:00:00.000000Z`.

    {"format":"schoolkeeper-ledger","instance":"north","public_key":"-----BEGIN …","version":1}
    {"digest":"<64 hex>","entry":{…},"previous":"<64 hex>"}
    …
    {"head":{"at":…,"digest":…,"instance":"north","key_id":…,"sequence":N},"signature":"<128 hex>"}

An `entry` has the fields `actor`, `at`, `data`, `kind`, `sequence`, `subject` and `system`.

**The chain.** `digest` is the SHA-256 of the text `schoolkeeper-ledger-v1`, a newline, `previous`, a
newline, and the bytes of `entry` exactly as they stand. `previous` is the digest of the line before; 64
zeros in the first. `sequence` counts 1, 2, 3, …

**The head.** `signature` is Ed25519 (RFC 8032) over the text `schoolkeeper-ledger-head-v1`, a newline, and
the bytes of `head`. It names the last entry, and repeats the header's instance and, as `key_id` (SHA-256 of
the DER form), its key.

All parts stand at fixed places in their lines, so that bash and `sha256sum` can verify the chain:

    previous=$(printf '0%.0s' {1..64})
    while IFS= read -r line; do
      case $line in '{"digest":'*) ;; *) continue ;; esac
      digest=$(printf 'schoolkeeper-ledger-v1\n%s\n%s' "${line: -66:64}" "${line:85:-79}" | sha256sum)
      [ "${line:11:64} ${line: -66:64}" = "${digest:0:64} $previous" ] || echo "wrong: $line"
      previous=${digest:0:64}
    done < export.jsonl

and OpenSSL 3 the head, where `key.pub` is the public key that *you* keep (the one in the file proves
nothing):

    line=$(tail -n 1 export.jsonl)
    printf 'schoolkeeper-ledger-head-v1\n%s' "${line:8:-144}" > message
    printf '%s' "${line: -130:128}" | xxd -r -p > signature
    openssl pkeyutl -verify -pubin -inkey key.pub -rawin -in message -sigfile signature

Then compare the head's `sequence` and `digest` with the last entry's, and with the heads that you kept from
earlier exports and reports: only those reveal a ledger that was exchanged for an older one. `verify` says
what each of these finds.
"""
