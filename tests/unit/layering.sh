#!/bin/sh
# Dependencies point one way: proto's codecs cannot tell a socket from an array, and the hub gets time
# and order from its entries. Fails when one of the archives or objects references a socket, an event
# loop, a clock, randomness, a thread, a process or TLS.
#
#   layering.sh FILE…
set -eu

sockets='socket|socketpair|accept4?|bind|listen|connect|shutdown|[gs]etsockopt|getaddrinfo'
transfer='(recv|send)(from|to|msg|mmsg|file)?|p?(read|write)v?2?|splice|open(at)?(64)?|close|fcntl(64)?|ioctl'
waiting='p?poll|p?select|epoll_.*|ev_.*|eventfd|timerfd_.*|signalfd|sleep|usleep|nanosleep|clock_nanosleep'
clocks='clock|clock_gettime|time|gettimeofday|timespec_get|times|gmtime|localtime(_r)?'
randomness='s?rand(om)?(_r)?|getrandom|getentropy|arc4random.*|RAND_.*'
others='fork|vfork|exec.*|posix_spawn.*|pipe2?|pthread_.*|thrd_.*|mtx_.*|SSL_.*|TLS_.*|DTLS_.*|BIO_.*'
forbidden="^($sockets|$transfer|$waiting|$clocks|$randomness|$others)\$"

# A file that nm cannot read, or that is empty, must not pass for a clean one.
# Fortified names, __read_chk, are taken for what they stand for.
symbols=$(nm -A -u -P "$@" | sed 's/@.*//; s/ __\([a-z]*\)_chk / \1 /')
[ -n "$symbols" ] || { echo "layering: $1 cannot be read, or references nothing" >&2; exit 1; }

# Lines read "archive[member]: symbol U".
found=$(echo "$symbols" | awk -v forbidden="$forbidden" '$2 ~ forbidden { print $1, $2 }')
if [ -n "$found" ]; then
    echo "layering: these may not reference:" >&2
    echo "$found" >&2
    exit 1
fi
