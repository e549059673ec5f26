#!/bin/sh
# What cmake/Hardening.cmake asks for is in the programs: fails for each that lacks something, and
# says what.
#
#   hardening.sh PROGRAM…
set -eu

failed=no

# expect WHAT TEXT PATTERN
expect() {
    echo "$2" | grep -qE "$3" || {
        echo "hardening: $program has no $1" >&2
        failed=yes
    }
}

for program in "$@"; do
    headers=$(LC_ALL=C readelf -hdlW "$program")
    symbols=$(nm -D -u -P "$program")
    code=$(LC_ALL=C objdump -d --no-show-raw-insn "$program")
    expect "position independence (PIE)" "$headers" 'FLAGS_1.* PIE'
    expect "read-only relocations (RELRO)" "$headers" GNU_RELRO
    expect "binding before it starts" "$headers" BIND_NOW
    expect "stack without execution" "$headers" 'GNU_STACK .* RW '
    expect "stack protector" "$symbols" '^__stack_chk_fail'
    expect "fortified functions" "$symbols" '^__(memcpy|snprintf)_chk'
    # The property note that turns CET on needs a C library with it in each object; the landing
    # places are ours.
    case $headers in
    *X86-64*) expect "landing places (CET)" \
        "$(echo "$code" | grep -A 1 "<main>:\$")" endbr64 ;;
    *AArch64*) expect "landing places (BTI)" "$code" 'bti|paciasp' ;;
    esac
done
[ $failed = no ]
